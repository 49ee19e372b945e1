"""Where the secrets of a container are kept, in the contract."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .rules import mapping, text


class SecretProperty(StrEnum):
    """The properties of a secret: one of AWS Secrets Manager, or a parameter of SSM."""

    SECRET_ARN = "SecretArn"  # nosec B105  # noqa: S105 - a name
    FIELD = "Field"
    PARAMETER_NAME = "ParameterName"


@dataclass(frozen=True, kw_only=True)
class SecretValue:
    """Where the value of an environment variable is kept.

    Args:
        secret_arn: the secret of AWS Secrets Manager; None for a parameter of SSM.
        field: the field of the secret's JSON; None for the whole secret.
        parameter_name: the parameter of SSM; None for a secret.
    """

    secret_arn: str | None = None
    field: str | None = None
    parameter_name: str | None = None

    @classmethod
    def parse(cls, value: object, what: str) -> Self:
        """Validate what an object says of a secret and return it."""
        given = mapping(value, what)
        if SecretProperty.PARAMETER_NAME in given:
            return cls(
                parameter_name=text(given[SecretProperty.PARAMETER_NAME], f"{what}.ParameterName")
            )
        if SecretProperty.SECRET_ARN not in given:
            raise ValueError(f"{what} must hold either SecretArn or ParameterName")
        return cls(
            secret_arn=text(given[SecretProperty.SECRET_ARN], f"{what}.SecretArn"),
            field=(
                text(given[SecretProperty.FIELD], f"{what}.Field")
                if SecretProperty.FIELD in given
                else None
            ),
        )
