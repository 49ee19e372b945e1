"""Connections: who they lead to, over TLS, and how they end."""

import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import certificates
from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.errors import (
    DeadlineExceeded,
    RegistryError,
    Rejected,
    TransportError,
)
from cdk_lightsail_containers_handler.registry.http.connection import Connections, Timeouts
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository
from cdk_lightsail_containers_handler.registry.url import Origin
from fake_registry import BASIC, FakeRegistry, fake_registry
from fake_time import FakeTime
from image_copying import ROBOT, Copying
from installed import needs
from lightsail_local.wire.http_server import Connection
from oci_images import image, layers
from registry_faults import status

Resolve = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses that they lead to; all others are as ever."""
    found: dict[str, list[str]] = {}
    real: Resolve = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **more: Any) -> list[tuple[Any, ...]]:
        addresses = found.get(host, [host])
        return [one for address in addresses for one in real(address, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificate:
    return certificates.certificate(tmp_path_factory.mktemp("tls"), "registry.test")


@pytest.fixture
def tls_registry(
    certificate: certificates.Certificate, names: dict[str, list[str]]
) -> Iterator[FakeRegistry]:
    names["registry.test"] = names["other.test"] = ["127.0.0.1"]
    with fake_registry(certificate, host="registry.test") as registry:
        yield registry


def open_repository(registry: str, connections: Connections) -> Repository:
    deadline = FakeTime().deadline(60)
    return Repository(
        Reference.parse(f"{registry}/web:1"),
        connections=connections,
        deadline=deadline,
        credentials=lambda: ROBOT,
    )


@needs("openssl")
def test_speaks_verified_tls_with_the_certificates_of_the_environment(
    tls_registry: FakeRegistry,
    certificate: certificates.Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = image(b"layer")
    tls_registry.add(made, "1")
    tls_registry.login = "bearer"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))

    with Connections() as connections:
        manifest = open_repository(tls_registry.host, connections).manifest()

    assert manifest.content == made.content
    assert tls_registry.seen[-1].headers["Host"] == tls_registry.host


@needs("openssl")
def test_copies_over_tls(
    tls_registry: FakeRegistry, certificate: certificates.Certificate, destination: FakeRegistry
) -> None:
    made = image(b"layer" * 200_000)
    tls_registry.add(made, "1")
    context = ssl.create_default_context(cafile=certificate.certificate)

    with Connections(context) as connections:
        copying = Copying(source=tls_registry, destination=destination, connections=connections)
        copying.copy()
        copying.source, copying.destination = destination, tls_registry
        copying.copy("sr:t", "sr:back")

    assert tls_registry.manifests["back"][1] == made.content


@needs("openssl")
@pytest.mark.parametrize("name", ["registry.test", "other.test"])
def test_a_certificate_that_no_authority_vouches_for_ends_it_at_once(
    tls_registry: FakeRegistry, certificate: certificates.Certificate, name: str
) -> None:
    trusted = certificate.certificate if name == "other.test" else None
    context = ssl.create_default_context(cafile=trusted)
    host = tls_registry.host.replace("registry.test", name)

    with Connections(context) as connections:
        with pytest.raises(TransportError, match=r"web \(certificate: ") as error:
            open_repository(host, connections).manifest()

        assert connections.requests == 1
    assert not error.value.temporary
    assert not tls_registry.seen


class EndsAfter:
    """A deadline that comes after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def left(self) -> float:
        self.looks -= 1
        return 60.0 if self.looks >= 0 else 0.0

    def back_off(self, _: int) -> bool:
        return False


@needs("openssl")
@pytest.mark.parametrize("looks", range(6))
def test_a_deadline_that_comes_while_connecting_leaves_no_socket_open(
    tls_registry: FakeRegistry, looks: int
) -> None:
    reference = Reference.parse(f"{tls_registry.host}/web:1")

    with Connections() as connections, pytest.raises(RegistryError):
        Repository(reference, connections=connections, deadline=EndsAfter(looks)).manifest()

    gc.collect()  # warns of a socket that is open


def test_a_registry_without_tls_is_not_spoken_to(names: dict[str, list[str]]) -> None:
    with fake_registry() as registry, Connections() as connections:
        names["plain.test"] = ["127.0.0.1"]
        host = registry.host.replace("127.0.0.1", "plain.test")
        with pytest.raises(TransportError, match="did not give manifest 1 of web"):
            open_repository(host, connections).manifest()

        assert BASIC not in str(registry.seen)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254"])
def test_a_name_that_leads_to_a_metadata_address_is_refused(
    names: dict[str, list[str]], address: str
) -> None:
    names["innocent.test"] = ["192.0.2.1", address]

    with Connections() as connections, pytest.raises(Rejected, match=r"the name innocent\.test"):
        open_repository("innocent.test", connections).manifest()


def test_tries_the_next_address_of_a_name(names: dict[str, list[str]]) -> None:
    with fake_registry() as registry, Connections() as connections:
        made = image(b"layer")
        registry.add(made, "1")
        names["localhost"] = ["127.0.0.9", "127.0.0.1"]
        host = registry.host.replace("127.0.0.1", "localhost")

        assert open_repository(host, connections).manifest().content == made.content


def test_looks_a_name_up_once_for_all_connections(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve: Resolve = socket.getaddrinfo
    looked_up: list[str] = []

    def note(host: str, *args: Any, **more: Any) -> list[tuple[Any, ...]]:
        looked_up.append(host)
        return resolve(host, *args, **more)

    with fake_registry() as registry, Connections() as connections:
        names["localhost"] = ["127.0.0.1"]
        monkeypatch.setattr(socket, "getaddrinfo", note)
        origin = Origin.of_registry(registry.host.replace("127.0.0.1", "localhost"))
        deadline = FakeTime().deadline(60)

        first = connections.take(origin, deadline)

        assert connections.take(origin, deadline) is not first
        assert looked_up.count("localhost") == 1


def test_looks_a_name_up_again_when_none_of_its_addresses_takes_a_connection(
    names: dict[str, list[str]],
) -> None:
    with fake_registry() as registry, Connections() as connections:
        names["localhost"] = ["127.0.0.9"]
        origin = Origin.of_registry(registry.host.replace("127.0.0.1", "localhost"))
        deadline = FakeTime().deadline(60)
        with pytest.raises(OSError, match="refused"):
            connections.take(origin, deadline)

        names["localhost"] = ["127.0.0.1"]

        assert connections.take(origin, deadline).origin == origin


def test_a_name_without_an_address_is_told(names: dict[str, list[str]]) -> None:
    names["nowhere.test"] = []

    with (
        Connections() as connections,
        pytest.raises(TransportError, match=r"nowhere\.test did not give .* \(no address\)"),
    ):
        open_repository("nowhere.test", connections).manifest()


@pytest.fixture
def stalling_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A resolver whose servers do not answer: it gives up long after anybody waits."""
    end = threading.Event()

    def resolve(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        end.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield
    end.set()


def test_a_name_that_is_not_resolved_in_time_is_told(stalling_resolver: None) -> None:
    began = time.monotonic()

    with (
        Connections(timeouts=Timeouts(connect=0.1)) as connections,
        pytest.raises(TransportError) as error,
    ):
        open_repository("stalling.test", connections).manifest()

    assert time.monotonic() - began < 5
    assert error.value.problem == (
        "stalling.test did not give manifest 1 of web (its name was not resolved in time)"
    )


def test_a_name_that_is_not_resolved_ends_with_the_deadline(stalling_resolver: None) -> None:
    began = time.monotonic()
    deadline = Deadline(ends=began + 0.5)

    with Connections() as connections, pytest.raises(DeadlineExceeded):
        Repository(
            Reference.parse("stalling.test/web:1"), connections=connections, deadline=deadline
        ).manifest()

    assert time.monotonic() - began < 5


def test_the_time_of_a_name_is_that_of_its_connection(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["slow.test"] = ["192.0.2.1", "192.0.2.2"]
    resolve: Resolve = socket.getaddrinfo
    allowed: list[float] = []

    def resolve_slowly(*args: Any, **more: Any) -> list[tuple[Any, ...]]:
        time.sleep(0.4)
        return resolve(*args, **more)

    def create_connection(address: tuple[str, int], seconds: float) -> socket.socket:
        allowed.append(seconds)
        raise OSError("unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", resolve_slowly)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    deadline = Deadline(ends=time.monotonic() + 60)

    with (
        Connections(timeouts=Timeouts(connect=10)) as connections,
        pytest.raises(OSError, match="un"),
    ):
        connections.take(Origin.of_registry("slow.test"), deadline)

    # What the name has left is shared by its addresses.
    assert 0 < allowed[0] <= 4.8
    assert allowed[0] < allowed[1] <= 9.6


def test_a_name_that_is_none_to_the_resolver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        raise UnicodeError("label empty or too long")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with Connections() as connections, pytest.raises(TransportError, match="its name is none"):
        open_repository("odd.test", connections).manifest()


def test_a_registry_that_takes_no_connections_is_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"

        with Connections() as connections, pytest.raises(TransportError, match="refused"):
            open_repository(host, connections).manifest()


@pytest.mark.parametrize(("workers", "size", "connections"), [(1, 300_000, 1), (3, 1_100_000, 3)])
def test_each_worker_has_one_connection_to_each_side(
    copying: Copying, workers: int, size: int, connections: int
) -> None:
    copying.source.add(image(*layers(8, size)), "1")

    copying.copy(workers=workers)

    assert copying.source.connections <= connections
    assert copying.destination.connections <= connections


def test_workers_for_small_blobs_have_connections_of_their_own(copying: Copying) -> None:
    copying.source.add(image(*layers(8, 300_000)), "1")

    def pass_time(_: Any) -> None:
        copying.time.now += 0.1

    copying.destination.fail("HEAD .*blobs", pass_time)
    copying.copy(workers=3)

    assert copying.source.connections <= 3 + 9 // 3
    assert copying.destination.connections <= 3 + 9 // 3


def test_does_not_wait_when_a_connection_that_was_kept_is_dead(copying: Copying) -> None:
    made = image(b"layer")
    copying.source.add(made, "1")

    def end(connection: Connection) -> None:
        connection.close_connection = True

    copying.source.fail("GET .*manifests", end)
    found = copying.find()

    assert found.digest == made.digest
    assert not copying.time.slept


def test_opens_no_connection_once_interrupted_until_resumed(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.connections.interrupt()

    with pytest.raises(DeadlineExceeded, match="interrupted"):
        copying.find()

    copying.connections.resume()
    assert copying.find()


def test_an_answer_without_a_length_ends_with_its_connection(copying: Copying) -> None:
    made = image(b"layer")
    copying.source.add(made, "1")

    def answer(connection: Connection) -> bool:
        connection.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: " + made.media_type.encode())
        connection.wfile.write(b"\r\n\r\n" + made.content)
        connection.close_connection = True
        return True

    copying.source.fail("GET .*manifests", answer)

    assert copying.find().digest == made.digest


@pytest.mark.parametrize("rest", [b"", b"{"])
@pytest.mark.parametrize("times", [1, 9])
def test_an_answer_that_ends_too_early_is_asked_for_again(
    copying: Copying, rest: bytes, times: int
) -> None:
    def answer(connection: Connection) -> bool:
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + rest)
        connection.close_connection = True
        return True

    made = image(b"layer")
    copying.source.add(made, "1")
    copying.source.fail("GET .*manifests", answer, times)

    if times == 1:
        assert copying.find().digest == made.digest
    else:
        with pytest.raises(TransportError, match=r"did not give manifest 1 .*IncompleteRead"):
            copying.find()


def test_an_answer_that_is_no_http_is_told_by_its_kind(copying: Copying) -> None:
    def answer(connection: Connection) -> bool:
        connection.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        connection.close_connection = True
        return True

    copying.source.fail("GET .*manifests", answer, times=99)

    with pytest.raises(TransportError, match=r"\(BadStatusLine\)"):
        copying.find()


def test_a_long_refusal_is_not_read_to_its_end(copying: Copying) -> None:
    copying.source.fail("GET .*manifests", status(400, {}, b"x" * 1_000_000))

    with pytest.raises(Rejected, match=r"\(400\)"):
        copying.find()


def test_a_refusal_that_breaks_off_is_one_all_the_same(copying: Copying) -> None:
    def answer(connection: Connection) -> bool:
        connection.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nhalf")
        connection.close_connection = True
        return True

    copying.source.fail("GET .*manifests", answer)

    with pytest.raises(Rejected, match=r"\(400\)"):
        copying.find()


def test_interrupts_a_connection_that_ended_before(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    origin = Origin.of_registry(copying.source.host)
    connection = copying.connections.take(origin, copying.deadline)
    connection._socket.shutdown(socket.SHUT_RDWR)
    connection._socket.close()
    copying.connections.timeouts = Timeouts(explain=0.01)  # no thread gives it back

    copying.connections.interrupt()

    copying.connections.resume()
    assert copying.find()


def test_interrupts_a_connection_that_was_made_meanwhile(
    copying: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Origin.of_registry(copying.source.host)
    real = socket.create_connection

    def create_connection(*args: Any) -> socket.socket:
        copying.connections.interrupt()
        return real(*args)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    connection = copying.connections.take(origin, copying.deadline)

    with pytest.raises(OSError, match="pipe"):
        connection.send(b"GET")


def test_an_answer_without_a_body_may_end_its_connection(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.destination.fail("HEAD", status(404, {"Connection": "close"}), times=3)

    assert copying.copy().copied == 2
