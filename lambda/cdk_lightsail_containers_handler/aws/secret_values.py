"""Values of secrets, read when they are needed: AWS Secrets Manager and SSM's parameters.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import HandlerError
from ..properties.rules import any_text
from .calls import PlainCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..properties.secret_value import SecretValue
    from .calls import Calls

_ALLOW = "allow the function's role to read it and to use its key"
_KEY = "check that its key is enabled and that the function's role may use it"
_FIXES = {
    "ResourceNotFoundException": "check its name and Region, and that it has a value",
    "ParameterNotFound": "check its name",
    "ParameterVersionNotFound": "name a version that exists",
    "InvalidRequestException": "restore it if it is scheduled for deletion, or name another one",
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "DecryptionFailure": _KEY,
    "InvalidKeyId": _KEY,
}


class SecretValues:
    """Reads secrets; of a deployment each once.

    Args:
        make_client: boto3's `client`.
        calls: sends the calls.
    """

    def __init__(self, make_client: Callable[..., Any], calls: Calls) -> None:
        self._make_client = make_client
        self._calls = calls
        self._strings: dict[tuple[str | None, str | None], str] = {}

    def secret(self, arn: str) -> str:
        """Return the text of a secret of AWS Secrets Manager.

        Raises:
            HandlerError: it cannot be read.
        """
        # The secret may be in another Region than the function.
        region = arn.split(":")[3] if arn.startswith("arn:") and arn.count(":") > 3 else None  # noqa: PLR2004
        return self._calls.send(
            _reading("GetSecretValue", f"secret {arn}"),
            lambda: _text(
                self._make_client("secretsmanager", region_name=region).get_secret_value(
                    SecretId=arn
                )
            ),
        )

    def value(self, secret: SecretValue) -> str:
        """Return the value of an environment variable.

        Raises:
            HandlerError: the secret cannot be read, or has no such field.
        """
        key = secret.secret_arn, secret.parameter_name
        if key not in self._strings:
            self._strings[key] = (
                self._parameter(str(secret.parameter_name))
                if secret.secret_arn is None
                else self.secret(secret.secret_arn)
            )
        text = self._strings[key]
        if not text:
            raise HandlerError(f"the secret {secret.secret_arn} is binary", "store it as text")
        return text if secret.field is None else _field(text, secret)

    def _parameter(self, name: str) -> str:
        return self._calls.send(
            _reading("GetParameter", f"parameter {name}"),
            lambda: any_text(
                self._make_client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"][
                    "Value"
                ]
            ),
        )


def _text(answer: Mapping[str, Any]) -> str:
    """Return a secret's text, which a binary one does not have."""
    return "" if "SecretBinary" in answer else any_text(answer["SecretString"])


def _field(text: str, secret: SecretValue) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or secret.field not in document:
        raise HandlerError(
            f"the secret {secret.secret_arn} is no JSON with a field {secret.field!r}",
            "add the field to the secret, or name another one",
        )
    value = document[secret.field]
    return value if isinstance(value, str) else json.dumps(value)


def _reading(operation: str, secret: str) -> PlainCall:
    return PlainCall(
        operation,
        f"the {secret} could not be read",
        "check that it exists, and that the function's role may read it and use its key",
        fixes=_FIXES,
    )
