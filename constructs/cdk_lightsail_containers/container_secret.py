"""Secrets that a container gets as environment variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from cdk_lightsail_containers_handler.properties.secret_value import SecretProperty

from ._checks import differ, is_token
from ._handler.grantees import grant_parameter, grant_secret, stack_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm


_SECRET = "an ISecret such as secretsmanager.Secret"  # nosec B105  # noqa: S105 - a name
_PARAMETER = "an IParameter such as ssm.StringParameter"
_LIKE_A_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


class SecretOrigin(Protocol):
    """The store of a secret."""

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler to read it, and return the resource properties."""
        ...


@dataclass(frozen=True)
class ContainerSecret:
    """A secret that a container gets as an environment variable. Create one with a `from_*` method.

    The function reads the value when it deploys. Templates, events and logs contain only the
    secret's ARN or the parameter's name. Lightsail itself cannot refer to secrets: everyone in the
    account who may call GetContainerServiceDeployments can read the value there.
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_GetContainerServiceDeployments.html

    A changed value alone does not change the template, so CloudFormation does not update the
    deployment: change its `revision` to have the secret read again.
    """

    origin: SecretOrigin

    def __post_init__(self) -> None:
        if not callable(getattr(self.origin, "bind", None)):
            # The message must not show the value, which may be the secret itself.
            shown = type(self.origin).__name__
            rule = "a secret must be one of ContainerSecret.from_...(...)"
            raise ValueError(f"{rule}, got a ContainerSecret of a value of type {shown!r}")

    @staticmethod
    def from_secrets_manager(
        secret: secretsmanager.ISecret, field: str | None = None
    ) -> ContainerSecret:
        """Use a secret of AWS Secrets Manager, with its value at the time of the deployment.

        Args:
            secret: a secret of the app, or one from `secretsmanager.Secret.from_...`. It may be in
                another Region.
            field: the field of the secret's JSON object. Default: the whole secret.

        Raises:
            ValueError: the value is not such a secret, or the field is not a non-empty string.
        """
        check_secret(secret, "secret")
        is_string = isinstance(field, str) and field
        if field is not None and not is_token(field) and not is_string:
            raise ValueError(f"field must be a non-empty string, got {field!r}")
        return ContainerSecret(_StoredSecret(secret=secret, field=field))

    @staticmethod
    def from_ssm_parameter(parameter: ssm.IParameter) -> ContainerSecret:
        """Use a parameter of the SSM Parameter Store, with its value at the time of the deployment.

        Import a `SecureString` with
        `ssm.StringParameter.from_secure_string_parameter_attributes`. If it is encrypted with a
        customer managed key, pass that as its `encryption_key`. The function always reads the
        latest version.

        Args:
            parameter: a parameter of any type in the Region of the stack, of the app or imported.

        Raises:
            ValueError: the value is not such a parameter.
        """
        if not _is_parameter(parameter):
            raise _not_the_store("parameter", _PARAMETER, parameter)
        return ContainerSecret(_StoredParameter(parameter=parameter))

    @staticmethod
    def of(value: object, what: str) -> ContainerSecret:
        """Return a value as a `ContainerSecret`.

        Args:
            value: a `ContainerSecret`, or a secret of AWS Secrets Manager or a parameter of SSM,
                used as a whole.
            what: the name of the value in messages.

        Raises:
            ValueError: the value is none of them. The message does not show it.
        """
        if isinstance(value, ContainerSecret):
            return value
        if _is_secret(value):
            return ContainerSecret.from_secrets_manager(cast("secretsmanager.ISecret", value))
        if _is_parameter(value):
            return ContainerSecret.from_ssm_parameter(cast("ssm.IParameter", value))
        raise ValueError(
            f"{what} must be one of ContainerSecret.from_...(...), {_SECRET} or {_PARAMETER}, got "
            f"a value of type {type(value).__name__!r}"
        )

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler to read the secret, and return its resource properties.

        Args:
            handler: the function that deploys, or a principal that stands for its role.

        Raises:
            ValueError: the function could not find the secret from its Region.
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
            SecretProperty.SECRET_ARN: secret_id(self.secret, handler),
            **({} if self.field is None else {SecretProperty.FIELD: self.field}),
        }


@dataclass(frozen=True, kw_only=True)
class _StoredParameter:
    """A parameter of SSM."""

    parameter: ssm.IParameter

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        grant_parameter(self.parameter, handler)
        arn, name = self.parameter.parameter_arn, self.parameter.parameter_name
        stack, place = stack_of(handler), self.parameter.env
        if stack is not None and differ(stack.region, place.region):
            raise ValueError(
                f"parameter must be in the Region of the stack, {stack.region}, got "
                f"{self.parameter.node.path!r} of {place.region}"
            )
        # One of another account is found by its ARN alone. If the parameter is imported by its
        # ARN, the CDK takes the end of a path such as /shop/token for its name.
        is_elsewhere = stack is not None and differ(stack.account, place.account)
        is_arn = is_elsewhere or not is_token(arn)
        return {SecretProperty.PARAMETER_NAME: arn if is_arn else name}


def secret_id(secret: secretsmanager.ISecret, handler: iam.IGrantable) -> str:
    """Return what AWS Secrets Manager finds a secret by.

    It takes a name such as `db-secret` at the end of an ARN for a name with a random suffix, so a
    secret that the app knows by name alone is looked for by that, in the function's Region:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen

    Raises:
        ValueError: the secret is elsewhere and known by such a name alone.
    """
    if secret.secret_full_arn is not None or not _LIKE_A_SUFFIX.search(secret.secret_name):
        return secret.secret_arn
    stack, place = stack_of(handler) or secret.stack, secret.env
    if (stack.account, stack.region) == (place.account, place.region):
        return secret.secret_name
    if differ(stack.account, place.account) or differ(stack.region, place.region):
        raise ValueError(
            f"secret {secret.node.path!r} of another account or Region must be known by its "
            "complete ARN, as its name ends like one: import it with from_secret_complete_arn"
        )
    return secret.secret_arn


def check_secret(secret: object, what: str) -> None:
    """Check that a value is a secret of AWS Secrets Manager."""
    if not _is_secret(secret):
        raise _not_the_store(what, _SECRET, secret)


def _is_secret(value: object) -> bool:
    return hasattr(value, "secret_arn")


def _is_parameter(value: object) -> bool:
    return hasattr(value, "parameter_arn")


def _not_the_store(what: str, kind: str, value: object) -> ValueError:
    # The message must not show the value, which may be the secret itself.
    return ValueError(
        f"{what} must be {kind}, not its value, got a value of type {type(value).__name__!r}"
    )
