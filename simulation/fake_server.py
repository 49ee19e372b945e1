"""The server of every fake on loopback."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Self

from certificates import Certificate
from lightsail_local.wire.http_server import Connection, LoopbackServer
from lightsail_local.wire.tls_server import TlsServer


class _Connection(Connection):
    """Sends the headers of an answer, and none of its own, such as Date; takes CONNECT, too."""

    do_CONNECT = Connection.respond  # noqa: N815 - as http.server looks for it

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)


class FakeServer(LoopbackServer):
    """Answers by any name, and says nothing of clients that go away: they are what is tested.

    Attributes:
        accepted: how many connections there were.
    """

    accepted = 0

    def is_own(self, host: str) -> bool:
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        self.accepted += 1
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        _Connection(request, client_address, self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class FakeTlsServer(FakeServer, TlsServer):
    """The same over TLS."""


class Fake:
    """What answers requests, served by itself or behind another server.

    Attributes:
        url: where it answers, while it is served by itself.
        server: what serves it then.
    """

    url = ""
    server: FakeServer | None = None

    def respond(self, connection: Connection) -> None:
        """Answer a request."""
        raise NotImplementedError

    @property
    def connections(self) -> int:
        """How many there were."""
        return self.server.accepted if self.server else 0

    @contextmanager
    def served(self, certificate: Certificate | None = None) -> Iterator[Self]:
        """Answer requests on a free port of loopback, over TLS with a certificate."""
        if certificate is None:
            server, scheme = FakeServer(0, self.respond), "http"
        else:
            pem, key = certificate.certificate, certificate.key
            server = FakeTlsServer(self.respond, certificate=pem, key=key, names=".*")
            scheme = "https"
        with closing(server):
            self.server, self.url = server, f"{scheme}://{server.host}"
            yield self


def reset(connection: Connection) -> bool:
    """Reset the connection instead of an answer."""
    connection.reset()
    return True
