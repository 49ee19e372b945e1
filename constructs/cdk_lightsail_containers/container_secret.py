"""Secrets that a container finds among its environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from cdk_lightsail_containers_handler.properties.secret_value import SecretProperty

from .secret_grants import grant_parameter, grant_secret
from .secret_rules import (
    PARAMETER,
    SECRET,
    check_parameter,
    check_secret,
    is_parameter,
    is_secret,
)
from .tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm


class SecretOrigin(Protocol):
    """Where a secret is kept."""

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler to read it, and return the resource properties."""
        ...


@dataclass(frozen=True)
class ContainerSecret:
    """A secret whose value a container finds in an environment variable: one of the statics here.

    The function reads the value when it deploys. Templates, events and logs have the secret's ARN
    or the parameter's name alone. Lightsail has no references to secrets: who may call its
    GetContainerServiceDeployments in the account reads the value among the environment variables.
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_GetContainerServiceDeployments.html

    CloudFormation sends nothing when only the value of a secret changed: change the `revision` of
    the deployment to have it read again.
    """

    origin: SecretOrigin

    def __post_init__(self) -> None:
        if not callable(getattr(self.origin, "bind", None)):
            # Not the value: it may be the secret itself.
            shown = type(self.origin).__name__
            rule = "a secret must be one of ContainerSecret.from_...(...)"
            raise ValueError(f"{rule}, got a ContainerSecret of a value of type {shown!r}")  # noqa: TRY004 - one kind of error for a user

    @staticmethod
    def from_secrets_manager(
        secret: secretsmanager.ISecret, field: str | None = None
    ) -> ContainerSecret:
        """Take a secret of AWS Secrets Manager, as it is when the function deploys.

        Args:
            secret: made in the stack, or referred to with `secretsmanager.Secret.from_...`.
            field: the field of the secret's JSON object. Default: the whole secret.

        Raises:
            ValueError: it is no such secret, or the field is no text or an empty one.
        """
        check_secret(secret, "secret")
        is_text = isinstance(field, str) and field
        if field is not None and not is_token(field) and not is_text:
            raise ValueError(f"field must be a text that is not empty, got {field!r}")
        return ContainerSecret(_StoredSecret(secret=secret, field=field))

    @staticmethod
    def from_ssm_parameter(parameter: ssm.IParameter) -> ContainerSecret:
        """Take a parameter of the SSM Parameter Store, as it is when the function deploys.

        A `SecureString` is referred to with
        `ssm.StringParameter.from_secure_string_parameter_attributes`; one that is encrypted with a
        key of the account's own needs its `encryption_key` there. The function always reads the
        latest version.

        Args:
            parameter: of any type; made in the stack, or referred to.

        Raises:
            ValueError: it is no such parameter.
        """
        check_parameter(parameter, "parameter")
        return ContainerSecret(_StoredParameter(parameter=parameter))

    @staticmethod
    def of(value: object, what: str) -> ContainerSecret:
        """Return the secret that a value stands for: itself, or all of a secret or parameter.

        Args:
            value: a `ContainerSecret`, a secret of AWS Secrets Manager, or a parameter of SSM.
            what: what a message calls it.

        Raises:
            ValueError: it is none of them; the message does not show what it is.
        """
        if isinstance(value, ContainerSecret):
            return value
        if is_secret(value):
            return ContainerSecret.from_secrets_manager(cast("secretsmanager.ISecret", value))
        if is_parameter(value):
            return ContainerSecret.from_ssm_parameter(cast("ssm.IParameter", value))
        raise ValueError(
            f"{what} must be one of ContainerSecret.from_...(...), {SECRET} or {PARAMETER}, got a "
            f"value of type {type(value).__name__!r}"
        )

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler to read the secret, and return its resource properties.

        Args:
            handler: the function that deploys, or who it is to this deployment.
        """
        return self.origin.bind(handler)


@dataclass(frozen=True, kw_only=True)
class _StoredSecret:
    """A secret of AWS Secrets Manager, or a field of it."""

    secret: secretsmanager.ISecret
    field: str | None

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        grant_secret(self.secret, handler)
        return {
            SecretProperty.SECRET_ARN: self.secret.secret_arn,
            **({} if self.field is None else {SecretProperty.FIELD: self.field}),
        }


@dataclass(frozen=True, kw_only=True)
class _StoredParameter:
    """A parameter of SSM."""

    parameter: ssm.IParameter

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        grant_parameter(self.parameter, handler)
        # Where it was referred to by its ARN, the CDK takes the end of a path such as /shop/token
        # for the name. SSM takes either.
        arn, name = self.parameter.parameter_arn, self.parameter.parameter_name
        return {SecretProperty.PARAMETER_NAME: name if is_token(arn) else arn}
