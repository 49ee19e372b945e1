"""A registry out on the internet that would lead the function back to its own machine."""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import certificates
from cdk_lightsail_containers_handler.registry.errors import Rejected
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository
from fake_registry import FakeRegistry, fake_registry
from fake_time import FakeTime
from image_copying import ROBOT
from registry_faults import status

NAME = "registry.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificate:
    return certificates.certificate(tmp_path_factory.mktemp("tls"), NAME)


@pytest.fixture
def public(
    certificate: certificates.Certificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeRegistry]:
    """A registry that is out there as far as its name tells."""
    real: Callable[..., Any] = socket.getaddrinfo

    def resolve(host: str, *args: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with fake_registry(certificate, host=NAME) as registry:
        yield registry


@pytest.fixture
def repository(public: FakeRegistry, certificate: certificates.Certificate) -> Iterator[Repository]:
    context = ssl.create_default_context(cafile=Path(certificate.certificate))
    with Connections(context) as connections:
        yield Repository(
            Reference.parse(f"{public.host}/web:1"),
            connections=connections,
            deadline=FakeTime().deadline(60),
            credentials=lambda: ROBOT,
        )


OWN_MACHINE = [
    "http://127.0.0.1",
    "http://localhost",
    "https://127.0.0.1",
    "https://127.9.9.9",
    "https://localhost",
    "https://LOCALHOST.",
    "https://[::1]",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:7f00:1]",
    "https://0.0.0.0",
    "https://[::]",
    "https://0",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://017700000001",
    "https://0177.0.0.1",
    "https://127.0.0.1.",
]


@pytest.mark.parametrize("own", OWN_MACHINE)
def test_does_not_lead_to_the_own_machine(
    public: FakeRegistry, repository: Repository, elsewhere: FakeRegistry, own: str
) -> None:
    """In AWS Lambda that is where the runtime's API gives out events."""
    port = elsewhere.host.rpartition(":")[2]
    public.fail("GET", status(307, {"Location": f"{own}:{port}/2018-06-01/runtime"}))

    with pytest.raises(Rejected, match=r"^registry\.test:\d+ leads (back to this machine|to)"):
        repository.manifest()

    assert elsewhere.connections == 0


@pytest.mark.parametrize("own", OWN_MACHINE)
def test_gets_no_token_from_the_own_machine(
    public: FakeRegistry, repository: Repository, elsewhere: FakeRegistry, own: str
) -> None:
    port = elsewhere.host.rpartition(":")[2]
    challenge = f'Bearer realm="{own}:{port}/token"'
    public.fail("GET", status(401, {"WWW-Authenticate": challenge}))

    with pytest.raises(Rejected, match="to log in: check that it is the registry that you mean"):
        repository.manifest()

    assert elsewhere.connections == 0


def test_is_not_followed_to_its_own_name_without_tls(
    public: FakeRegistry, repository: Repository
) -> None:
    public.fail("GET", status(301, {"Location": f"http://{public.host}/v2/web/manifests/1"}))

    with pytest.raises(Rejected, match=r"leads to registry\.test:\d+ without TLS"):
        repository.manifest()

    assert len(public.seen) == 1
