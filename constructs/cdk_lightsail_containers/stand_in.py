"""Who stands in for the function's role when something is granted."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_iam as iam


class StandIn:
    """What is granted to is told from this one, and all else is the role's.

    Args:
        principal: the role.
    """

    def __init__(self, principal: iam.IPrincipal) -> None:
        self._principal = principal

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Return what is granted to."""
        return cast("iam.IPrincipal", self)

    @property
    def assume_role_action(self) -> str:
        """Return that of the role."""
        return self._principal.assume_role_action

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """Return that of the role, for policies of what is granted."""
        return self._principal.policy_fragment

    @property
    def principal_account(self) -> str | None:
        """Return that of the role."""
        return self._principal.principal_account
