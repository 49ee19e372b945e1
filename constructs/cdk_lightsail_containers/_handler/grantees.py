"""Principals that stand for the function's role and decide where a grant is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from cdk_lightsail_containers._checks import differ, is_same_stack
from cdk_lightsail_containers._template_secrets import references_in

from .acknowledgements import acknowledge_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm
    from constructs import Construct

_EVERYTHING = "*"


class DelegatingPrincipal:
    """A principal that receives grants itself and takes everything else from another one.

    Args:
        principal: the other one.
    """

    def __init__(self, principal: iam.IPrincipal) -> None:
        self._principal = principal

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """This principal."""
        return cast("iam.IPrincipal", self)

    @property
    def assume_role_action(self) -> str:
        """The other principal's action."""
        return self._principal.assume_role_action

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """The other principal's fragment, for resource policies."""
        return self._principal.policy_fragment

    @property
    def principal_account(self) -> str | None:
        """The other principal's account."""
        return self._principal.principal_account


@jsii.implements(iam.IPrincipal)
class PolicyGrantee(DelegatingPrincipal):
    """The function's role, for the grants that one image or deployment needs.

    A grant in the function's own stack goes into the role's policy, where equal grants are written
    once. For another stack, or on a resource of the app, that may be a circular dependency: the
    function waits for its role's policy, and what the grant is on may wait for another image or
    deployment of the function. So such a grant goes into a policy of the image or deployment.

    Args:
        scope: the image or deployment.
        role: the function's role.
        is_function: whether the scope is the function, and not an image or deployment.

    Attributes:
        stack: the stack of the image or deployment.
        statements: what the policy of the image or deployment must contain.
    """

    def __init__(self, scope: Construct, role: iam.IRole, *, is_function: bool = False) -> None:
        super().__init__(cast("iam.IPrincipal", role))
        self._role = role
        self._is_function = is_function
        self._is_same_stack = is_same_stack(scope, role)
        self.stack = Stack.of(scope)
        self.statements: list[iam.PolicyStatement] = []

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Add a statement to the role's policy, or keep it for the other policy."""
        if self._is_same_stack and (self._is_function or not self._is_on_resource(statement)):
            if _EVERYTHING in statement.resources:
                acknowledge_role(self._role)
            return self._role.add_to_principal_policy(statement)
        self.statements.append(statement)
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self._role)

    def _is_on_resource(self, statement: iam.PolicyStatement) -> bool:
        """Return whether a statement names a resource or a parameter of a template."""
        return bool(references_in(Stack.of(self._role).resolve(statement.resources)))


@jsii.implements(iam.IPrincipal)
class LeastPrivilegeGrantee(DelegatingPrincipal):
    """A principal that takes from the CDK's grants only the actions that the function calls.

    Args:
        grantee: the principal that receives them.
        conditions: the actions, each with the conditions to add.
    """

    def __init__(
        self, grantee: iam.IGrantable, conditions: Mapping[str, Mapping[str, object]]
    ) -> None:
        super().__init__(grantee.grant_principal)
        self._conditions = conditions

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Add the needed actions of a statement, and drop the others."""
        # Dropped ones count as added, or the CDK would add them to the resource's own policy.
        added = iam.AddToPrincipalPolicyResult(
            statement_added=True, policy_dependable=self._principal
        )
        for action in statement.actions:
            if action in self._conditions:
                conditions = {**statement.conditions, **self._conditions[action]}
                needed = statement.copy(actions=[action], conditions=conditions)
                added = self._principal.add_to_principal_policy(needed)
        return added


@jsii.implements(iam.IPrincipal)
class AccountGrantee(LeastPrivilegeGrantee):
    """The same, in resource policies the whole account, which has to allow it to the principal."""

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """The account."""
        return iam.AccountRootPrincipal().policy_fragment


def stack_of(handler: iam.IGrantable) -> Stack | None:
    """Return the stack that a principal reads secrets for, None if that is not known."""
    principal = handler.grant_principal
    if isinstance(principal, PolicyGrantee):
        return principal.stack
    # A proxy of jsii, such as an imported role, is no instance of Construct.
    return Stack.of(cast("Construct", principal)) if hasattr(principal, "node") else None


def grant_secret(secret: secretsmanager.ISecret, handler: iam.IGrantable) -> None:
    """Allow a handler to read a secret of AWS Secrets Manager."""
    grantee = AccountGrantee if _is_key_apart(secret, handler) else LeastPrivilegeGrantee
    secret.grant_read(grantee(handler, {"secretsmanager:GetSecretValue": {}}))
    if secret.encryption_key is not None:
        # The CDK adds the function to the key's policy, which it cannot do for an imported key:
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        iam.Grant.add_to_principal(
            grantee=handler,
            actions=["kms:Decrypt"],
            resource_arns=[secret.encryption_key.key_arn],
            conditions=_only_through("secretsmanager", secret.env.region),
        )


def _is_key_apart(secret: secretsmanager.ISecret, handler: iam.IGrantable) -> bool:
    """Return whether a secret's key is in another stack than the function, and in its account.

    The CDK writes the role into the key's policy, and then each stack needs the other one:
    https://github.com/aws/aws-cdk/issues/14213
    """
    key, stack = secret.encryption_key, stack_of(handler)
    if key is None or stack is None or is_same_stack(key, stack):
        return False
    return not differ(stack.account, key.env.account)


def grant_parameter(parameter: ssm.IParameter, handler: iam.IGrantable) -> None:
    """Allow a handler to read a parameter of SSM and to decrypt it.

    Python code cannot read the key of an imported parameter, only the CDK's own grant knows it.
    See https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    """
    through_ssm = _only_through("ssm", parameter.env.region)
    parameter.grant_read(
        LeastPrivilegeGrantee(handler, {"ssm:GetParameter": {}, "kms:Decrypt": through_ssm})
    )


def _only_through(service: str, region: str) -> Mapping[str, Mapping[str, str]]:
    """Return the condition that only this service uses a key for the function."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com"}}
