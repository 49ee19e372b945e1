"""Who is granted what belongs into one policy of a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from .handler import Handler


@jsii.implements(iam.IPrincipal)
class PolicyGrantee:
    """The function's role, for grants that go into the policy of one resource.

    The role's own policy is in the stack of the function. What an image or a deployment of another
    stack is granted there would have that stack wait for this one, which waits for it already.

    Args:
        handler: the function.

    Attributes:
        statements: what was granted.
    """

    def __init__(self, handler: Handler) -> None:
        self._role = handler.role
        self.statements: list[iam.PolicyStatement] = []

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Return what is granted to."""
        return cast("iam.IPrincipal", self)

    @property
    def assume_role_action(self) -> str:
        """Return that of the role."""
        return self._role.assume_role_action

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """Return that of the role, for policies of what is granted."""
        return self._role.policy_fragment

    @property
    def principal_account(self) -> str | None:
        """Return that of the role."""
        return self._role.principal_account

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Keep a statement for the policy."""
        self.statements.append(statement)
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self._role)
