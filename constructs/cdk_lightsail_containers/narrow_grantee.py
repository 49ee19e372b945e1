"""Who is granted something, and takes no more of it than what the function calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import aws_iam as iam

from .stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Mapping


@jsii.implements(iam.IPrincipal)
class NarrowGrantee(StandIn):
    """The function's role, for grants of the CDK that allow more actions than are needed.

    Args:
        grantee: the function.
        conditions: the actions that are needed, each with a condition that it is narrowed by.
    """

    def __init__(
        self, grantee: iam.IGrantable, conditions: Mapping[str, Mapping[str, object]]
    ) -> None:
        super().__init__(grantee.grant_principal)
        self._conditions = conditions

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Add what is needed of a statement, and let the rest be."""
        # Of what is not needed, too, or the CDK would add it to the policy of what is granted.
        added = iam.AddToPrincipalPolicyResult(
            statement_added=True, policy_dependable=self._principal
        )
        for action in statement.actions:
            if action in self._conditions:
                conditions = {**statement.conditions, **self._conditions[action]}
                needed = statement.copy(actions=[action], conditions=conditions)
                added = self._principal.add_to_principal_policy(needed)
        return added
