"""A local Lightsail, and clients that speak to it over the wire."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import push_sample_image, sample_image
from lightsail_local.server import LightsailServer

_SESSION = boto3.Session()  # reads the API's model once


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class RawClient:
    """An HTTP client that shows answers as they are."""

    host: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc or self.host, timeout=10)
        try:
            path = parts._replace(scheme="", netloc="").geturl()
            chunked = body is not None and not isinstance(body, bytes | str)
            connection.request(
                method, path, body, {**self.headers, **(headers or {})}, encode_chunked=chunked
            )
            answer = connection.getresponse()
            answer.content = answer.read()
            return answer
        finally:
            connection.close()

    def upload(self, content: bytes) -> str:
        """Push a blob."""
        location = self("POST", "/v2/sr/blobs/uploads/").headers["Location"]
        digest = digest_of(content)
        answer = self("PUT", f"{location}&digest={digest}", content)
        assert answer.status == 201, answer.content
        return digest

    def put_manifest(self, reference: str, content: bytes, media_type: str | None = None) -> Any:
        """Push a manifest."""
        media_type = media_type or json.loads(content)["mediaType"]
        headers = {"Content-Type": media_type}
        return self("PUT", f"/v2/sr/manifests/{reference}", content, headers)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def api_client(server: LightsailServer) -> Any:
    return _SESSION.client(
        "lightsail",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(service_seconds=0, deployment_seconds=10)


@pytest.fixture
def server(behaviour: Behaviour, clock: Clock) -> Iterator[LightsailServer]:
    with LightsailServer(behaviour, clock=clock) as server:
        yield server


@pytest.fixture
def api(server: LightsailServer) -> Iterator[Any]:
    client = api_client(server)
    yield client
    client.close()


@pytest.fixture
def refused(api: Any) -> Callable[..., tuple[str, str]]:
    """Call an operation that is refused, and return the error's name and sentence."""

    def call(operation: str, **parameters: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(api, operation)(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return call


@pytest.fixture
def shop(api: Any) -> str:
    """The name of a container service."""
    api.create_container_service(serviceName="shop", power="nano", scale=1)
    return "shop"


@pytest.fixture
def push(server: LightsailServer, shop: str) -> Callable[..., str]:
    return lambda text="hello", **options: push_sample_image(server.url, text, **options)


@pytest.fixture
def register(api: Any, push: Callable[..., str]) -> Callable[..., str]:
    """Push and register an image, and return its name."""

    def call(text: str = "hello", label: str = "web", **options: Any) -> str:
        answer = api.register_container_image(
            serviceName="shop", label=label, digest=push(text, **options)
        )
        return answer["containerImage"]["image"]

    return call


@pytest.fixture
def deploy(api: Any, shop: str) -> Callable[..., Any]:
    """Deploy images, each in a container `c1`, `c2` ..., and return the service."""

    def call(*images: str, **options: Any) -> Any:
        containers = {
            f"c{number}": {"image": image, "ports": {"80": "HTTP"}}
            for number, image in enumerate(images, 1)
        }
        return api.create_container_service_deployment(
            serviceName=shop, containers=containers, **options
        )["containerService"]

    return call


@pytest.fixture
def registry(server: LightsailServer, api: Any, shop: str) -> RawClient:
    """A client of the registry that is logged in."""
    login = api.create_container_service_registry_login()["registryLogin"]
    credentials = f"{login['username']}:{login['password']}".encode()
    authorization = f"Basic {base64.b64encode(credentials).decode()}"
    return RawClient(server.registry, {"Authorization": authorization})


@pytest.fixture
def manifest(registry: RawClient) -> Callable[..., bytes]:
    """Push a config and a layer, and return a manifest of them, changed as asked."""

    def make(**changes: Any) -> bytes:
        image = sample_image("hello")
        registry.upload(image.config)
        registry.upload(image.layer)
        return json.dumps({**json.loads(image.manifest), **changes}).encode()

    return make


@pytest.fixture
def api_of() -> Iterator[Callable[[LightsailServer], Any]]:
    """Make clients of servers."""
    clients: list[Any] = []

    def make(server: LightsailServer) -> Any:
        clients.append(api_client(server))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def raw_client() -> type[RawClient]:
    return RawClient
