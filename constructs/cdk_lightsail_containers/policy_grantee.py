"""Who is granted what an image or a deployment reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from .findings import acknowledge_role
from .stand_in import StandIn

if TYPE_CHECKING:
    from constructs import Construct

    from .handler import Handler

_EVERYTHING = "*"


@jsii.implements(iam.IPrincipal)
class PolicyGrantee(StandIn):
    """The function's role, as it is granted what one image or deployment reads.

    The role's own policy is in the stack of the function, where what several grant is written once.
    From another stack it would have that stack wait for this one, which waits for it already; so
    from there it goes into the policy that the image or deployment has itself.

    Args:
        scope: the image or deployment.
        handler: the function.

    Attributes:
        statements: what is to go into that policy.
    """

    def __init__(self, scope: Construct, handler: Handler) -> None:
        super().__init__(handler.role)
        self._role = handler.role
        self._is_at_home = Stack.of(scope).node.path == Stack.of(handler).node.path
        self.statements: list[iam.PolicyStatement] = []

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Add a statement to the role's policy, or keep it for the other one."""
        if self._is_at_home:
            if _EVERYTHING in statement.resources:
                acknowledge_role(self._role)
            return self._role.add_to_principal_policy(statement)
        self.statements.append(statement)
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self._role)
