"""What a registry is logged in to with: secrets, Amazon ECR's tokens, Lightsail's logins."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from ..aws.calls import PlainCall
from ..aws.secret_values import SecretValues
from ..errors import HandlerError
from ..registry.auth import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws.calls import Calls
    from ..lightsail.answers import RegistryLogin
    from ..lightsail.client import Lightsail
    from ..properties.image_source import RegistrySource

# https://docs.aws.amazon.com/general/latest/gr/ecr.html
ECR = re.compile(
    r"[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)"
)


def source_credentials(
    source: RegistrySource, make_client: Callable[..., Any], calls: Calls
) -> Callable[[], Credentials | None]:
    """Return what gives the credentials for a source, whenever its registry asks for some.

    Args:
        source: the image.
        make_client: boto3's `client`; called only when a client is needed.
        calls: sends the calls.
    """
    arn = source.credentials_secret_arn
    if arn is not None:
        return lambda: _of_secret(arn, SecretValues(make_client, calls))
    ecr = ECR.fullmatch(source.reference.registry)
    if ecr is not None:
        return lambda: _of_ecr(source, make_client, ecr["region"], calls)
    return lambda: None


class LightsailLogin:
    """Gives the credentials for the Lightsail registry, a new login whenever one is over.

    Args:
        lightsail: where logins come from.
        service: the container service that the image is for.

    Attributes:
        registry: the registry that they are for.
    """

    def __init__(self, lightsail: Lightsail, service: str) -> None:
        self._lightsail = lightsail
        self._service = service
        self._unused: RegistryLogin | None = lightsail.registry_login(service)
        self.registry = self._unused.registry

    def __call__(self) -> Credentials:
        """Return credentials that were not returned before."""
        login = self._unused or self._lightsail.registry_login(self._service)
        self._unused = None
        return Credentials(username=login.username, password=login.password)


def parse_secret(text: str) -> Credentials | None:
    """Return the credentials in a secret's text, or None if it holds none.

    Either JSON with `username` and `password`, or `user:password`.
    """
    username: object
    password: object
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        username, _, password = text.strip().partition(":")
    else:
        given = document if isinstance(document, dict) else {}
        username, password = given.get("username"), given.get("password")
    if isinstance(username, str) and isinstance(password, str) and username and password:
        return Credentials(username=username, password=password)
    return None


def _of_secret(arn: str, secrets: SecretValues) -> Credentials:
    credentials = parse_secret(secrets.secret(arn))
    if credentials is None:
        raise HandlerError(
            f"the secret {arn} holds no credentials",
            'make it JSON with "username" and "password"',
        )
    return credentials


def _of_ecr(
    source: RegistrySource, make_client: Callable[..., Any], region: str, calls: Calls
) -> Credentials:
    reading = PlainCall(
        "GetAuthorizationToken",
        f"Amazon ECR gave no login for {source.reference.registry}",
        "check that the function's role may call ecr:GetAuthorizationToken",
    )

    def read() -> Credentials:
        answer = make_client("ecr", region_name=region).get_authorization_token()
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"])
        username, colon, password = token.decode().partition(":")
        if not colon:
            raise ValueError("the token holds no user name and password")
        return Credentials(username=username, password=password)

    return calls.send(reading, read)
