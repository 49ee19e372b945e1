"""What a registry is logged in to with."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cdk_lightsail_containers_handler.aws.calls import READING_SECONDS, Calls
from cdk_lightsail_containers_handler.errors import HandlerError
from cdk_lightsail_containers_handler.images.credentials import source_credentials
from cdk_lightsail_containers_handler.properties.image_source import RegistrySource
from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.reference import Reference
from fake_time import FakeTime
from silent_log import SilentLog

ECR = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"


class Clients:
    """Makes clients that answer what a test says, and remembers for which Region."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self._answer = answer
        self.made: list[tuple[str, str | None]] = []

    def __call__(self, service: str, *, region_name: str | None) -> "Clients":
        self.made.append((service, region_name))
        return self

    def get_authorization_token(self) -> dict[str, Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return self.get_authorization_token()


def source(image: str, secret: str | None = None) -> RegistrySource:
    return RegistrySource(reference=Reference.parse(image), credentials_secret_arn=secret)


def credentials_of(image: RegistrySource, clients: Clients) -> Callable[[], Credentials | None]:
    """Return what gives the credentials of a source, in a request with five minutes left."""
    calls = Calls(FakeTime().deadline(300), SilentLog(), READING_SECONDS)
    return source_credentials(image, clients, calls)


def token(text: str) -> dict[str, Any]:
    encoded = base64.b64encode(text.encode()).decode()
    return {"authorizationData": [{"authorizationToken": encoded}]}


@pytest.mark.parametrize(
    ("registry", "region"),
    [
        (ECR, "eu-central-1"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("111122223333.dkr-ecr.us-east-1.on.aws", "us-east-1"),
    ],
)
def test_amazon_ecr_gives_a_login_of_the_registrys_region(registry: str, region: str) -> None:
    clients = Clients(token("AWS:pass:word"))

    credentials = credentials_of(source(f"{registry}/web:1"), clients)()

    assert credentials is not None
    assert (credentials.username, credentials.password) == ("AWS", "pass:word")
    assert clients.made == [("ecr", region)]


@pytest.mark.parametrize(
    "image", ["nginx", "public.ecr.aws/nginx/nginx:1", f"{ECR}.example.com/web", "ghcr.io/a/b"]
)
def test_other_registries_are_asked_without_a_login(image: str) -> None:
    clients = Clients({})

    assert credentials_of(source(image), clients)() is None
    assert clients.made == []


def test_no_client_is_made_before_a_registry_wants_a_login() -> None:
    clients = Clients({})

    credentials_of(source("ghcr.io/a/b", "secret"), clients)

    assert clients.made == []


@pytest.mark.parametrize(
    "answer",
    [
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAuthorizationToken"),
        EndpointConnectionError(endpoint_url="https://api.ecr.eu-central-1.amazonaws.com"),
        {"authorizationData": []},
    ],
)
def test_amazon_ecr_that_gives_none_is_named(answer: dict[str, Any] | Exception) -> None:
    with pytest.raises(HandlerError, match=f"Amazon ECR gave no login for {ECR} "):
        credentials_of(source(f"{ECR}/web:1"), Clients(answer))()


@pytest.mark.parametrize(
    ("secret", "region"),
    [
        ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-a1b2c3", "eu-west-1"),
        ("registry", None),
    ],
)
def test_a_secret_is_read_in_its_region(secret: str, region: str | None) -> None:
    clients = Clients({"SecretString": "robot:word"})

    credentials_of(source("ghcr.io/a/b", secret), clients)()

    assert clients.made == [("secretsmanager", region)]


def test_a_secret_of_bytes_holds_no_credentials() -> None:
    with pytest.raises(HandlerError, match="holds no credentials"):
        credentials_of(source("ghcr.io/a/b", "secret"), Clients({"SecretBinary": b"x"}))()
