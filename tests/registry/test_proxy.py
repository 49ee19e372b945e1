"""The way to a registry through the proxy that the environment names."""

import base64
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

import certificates
from cdk_lightsail_containers_handler.registry.errors import (
    RegistryError,
    Rejected,
    TransportError,
)
from cdk_lightsail_containers_handler.registry.http.connection import Connections, Timeouts
from cdk_lightsail_containers_handler.registry.http.proxy import Proxy
from cdk_lightsail_containers_handler.registry.url import Origin
from fake_proxy import FakeProxy, fake_proxy
from fake_registry import FakeRegistry, fake_registry
from image_copying import Copying
from installed import needs
from lightsail_local.wire.http_server import Answer, Connection
from oci_images import image
from registry_faults import status

# Resolved by the proxy alone: https://www.rfc-editor.org/rfc/rfc6761.html#section-6.4
NAME = "registry.invalid"
MADE = image(b"layer" * 200_000)
HTTPS = Origin(scheme="https", host=NAME, port=443)

pytestmark = needs("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificate:
    return certificates.certificate(tmp_path_factory.mktemp("tls"), NAME)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProxy]:
    """A proxy that the environment names, which alone knows the registry's name."""
    for name in ("https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with fake_proxy(names={NAME: "127.0.0.1"}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield proxy


@pytest.fixture
def source(certificate: certificates.Certificate) -> Iterator[FakeRegistry]:
    with fake_registry(certificate, host=NAME) as registry:
        registry.add(MADE, "1")
        yield registry


@pytest.fixture
def copying(
    source: FakeRegistry, destination: FakeRegistry, certificate: certificates.Certificate
) -> Iterator[Copying]:
    context = ssl.create_default_context(cafile=certificate.certificate)
    with Connections(context, Timeouts(connect=60, read=60, take=60, explain=60)) as connections:
        yield Copying(source=source, destination=destination, connections=connections)


def failure(copying: Copying) -> RegistryError:
    with pytest.raises(RegistryError) as error:
        copying.find()
    return error.value


def test_leads_to_a_registry_over_tls_and_plain_http_goes_by_itself(
    copying: Copying, proxy: FakeProxy
) -> None:
    copying.copy()

    assert copying.destination.manifests["t"][1] == MADE.content
    assert set(proxy.asked) == {copying.source.host}
    assert len(proxy.asked) == copying.source.connections
    assert set(proxy.logins) == {None}


def test_leads_to_where_a_registry_leads(copying: Copying, proxy: FakeProxy) -> None:
    """Such as to what keeps its layers."""
    port = copying.source.host.rpartition(":")[2]
    location = f"https://layers.{NAME}:{port}/v2/web/manifests/1"
    copying.source.fail("GET", status(307, {"Location": location}))
    proxy.names[f"layers.{NAME}"] = "127.0.0.1"

    failed = failure(copying)

    assert proxy.asked[1] == f"layers.{NAME}:{port}"
    assert "certificate" in failed.problem  # there is none for that name


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("left_out", [NAME, ".invalid", "*", "other.test, registry.invalid"])
def test_is_left_out_for_what_no_proxy_names(
    copying: Copying,
    proxy: FakeProxy,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    left_out: str,
) -> None:
    monkeypatch.setenv(variable, left_out)

    failed = failure(copying)

    assert proxy.asked == []
    assert isinstance(failed, TransportError)
    assert failed.problem.startswith(f"{copying.source.host} did not ")


def test_none_is_used_where_the_variable_is_empty(
    copying: Copying, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "")

    failure(copying)

    assert proxy.asked == []


def test_gets_the_login_that_the_variable_has(
    copying: Copying, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss%3Aword@{proxy.host}/")

    copying.find()

    scheme, _, login = str(proxy.logins[0]).partition(" ")
    assert (scheme, base64.b64decode(login)) == ("Basic", b"user:p@ss:word")


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (400, f"allow it there, or add {NAME} to NO_PROXY"),
        (403, f"allow it there, or add {NAME} to NO_PROXY"),
        (401, "add its user and password to HTTPS_PROXY"),
        (407, "add its user and password to HTTPS_PROXY"),
    ],
)
def test_that_refuses_ends_it_at_once(
    copying: Copying,
    proxy: FakeProxy,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    fix: str,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass-7@{proxy.host}")
    proxy.answer = lambda connection: connection.send(Answer(status=code))

    failed = failure(copying)

    assert isinstance(failed, Rejected)
    assert failed.problem == (
        f"the proxy {proxy.host} does not lead to {copying.source.host}, it answers {code}"
    )
    assert failed.fix == fix
    assert len(proxy.asked) == 1


def reset(connection: Connection) -> None:
    connection.reset()


def babble(connection: Connection) -> None:
    connection.wfile.write(b"no HTTP\r\n\r\n")
    connection.close_connection = True


def never_end(connection: Connection) -> None:
    connection.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 300_000)
    connection.close_connection = True


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda connection: connection.send(Answer(status=502)), "it answers 502"),
        (reset, "Connection reset by peer"),
        (babble, "BadStatusLine"),
        (never_end, "LineTooLong"),
    ],
)
def test_that_fails_is_asked_again(
    copying: Copying, proxy: FakeProxy, answer: Callable[[Connection], None], reason: str
) -> None:
    proxy.answer = answer

    failed = failure(copying)

    assert isinstance(failed, TransportError)
    assert reason in failed.problem
    assert len(proxy.asked) == 5


def test_that_answers_nothing_is_not_waited_for_beyond_its_time(
    source: FakeRegistry, destination: FakeRegistry, proxy: FakeProxy
) -> None:
    proxy.answer = lambda connection: connection.hang(None)
    with Connections(timeouts=Timeouts(connect=0.05)) as connections:
        copying = Copying(source=source, destination=destination, connections=connections)

        failed = failure(copying)

    assert failed.problem == f"{source.host} did not give manifest 1 of web (timed out)"


def test_that_is_not_there_is_named(
    copying: Copying, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")

        failed = failure(copying)

    assert f"(the proxy 127.0.0.1:{port}: Connection refused)" in failed.problem


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("socks5://user:pass-7@proxy:1080", "proxy:1080"),
        ("https://user:pass-7@proxy", "proxy"),
        ("http://user:pass-7@", ""),
        ("http://user:pass-7@proxy:http", "proxy:http"),
        ("https://proxy", "https://proxy"),
        ("http://[proxy", "http://[proxy"),
    ],
)
def test_must_be_one(
    copying: Copying, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch, value: str, shown: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)

    failed = failure(copying)

    assert isinstance(failed, Rejected)
    assert failed.problem == (
        f"HTTPS_PROXY must be an address such as http://proxy:3128 to reach {copying.source.host}, "
        f"got '{shown}'"
    )
    assert failed.fix == f"correct it, or add {NAME} to NO_PROXY"


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("http://proxy", Origin(scheme="http", host="proxy", port=80)),
        ("proxy:3128", Origin(scheme="http", host="proxy", port=3128)),
        ("http://[::1]:3128/", Origin(scheme="http", host="::1", port=3128)),
    ],
)
def test_listens_where_the_variable_says(
    proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch, value: str, origin: Origin
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)

    assert Proxy.on_the_way_to(HTTPS) == Proxy(origin=origin, login=None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_is_not_on_the_way_to_this_machine(proxy: FakeProxy, host: str) -> None:
    assert Proxy.on_the_way_to(Origin(scheme="https", host=host, port=443)) is None


def test_does_not_show_its_login(proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass-7@proxy:3128")

    found = repr(Proxy.on_the_way_to(HTTPS))

    assert "proxy" in found
    assert "pass-7" not in found
    assert base64.b64encode(b"user:pass-7").decode() not in found
