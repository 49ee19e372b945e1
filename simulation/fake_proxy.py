"""A proxy that leads connections on, as it is asked to with CONNECT."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection


@dataclass(kw_only=True)
class FakeProxy(Fake):
    """A proxy.

    Attributes:
        names: the address that a name stands for, with or without a port; only the proxy knows it.
        asked: what it was asked to lead to, in order.
        logins: the Proxy-Authorization of each.
        answer: answers instead of leading on.
    """

    names: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    answer: Callable[[Connection], None] | None = None

    @property
    def host(self) -> str:
        """Where it listens, `127.0.0.1:<port>`."""
        assert self.server
        return self.server.host

    def respond(self, connection: Connection) -> None:
        self.asked.append(connection.path)
        self.logins.append(connection.headers["Proxy-Authorization"])
        if self.answer:
            self.answer(connection)
            return
        name, _, port = connection.path.rpartition(":")
        host, _, other = self.names.get(name, name).partition(":")
        try:
            further = socket.create_connection((host, int(other or port)))
        except OSError:
            connection.send(Answer(status=502))
            return
        with further:
            connection.send_response_only(200)
            connection.end_headers()
            back = threading.Thread(target=_pass_on, args=[further, connection.connection])
            back.start()
            _pass_on(connection.connection, further)
            back.join()
        connection.close_connection = True


@contextmanager
def fake_proxy(**options: object) -> Iterator[FakeProxy]:
    """Run a proxy on a free port of loopback."""
    with FakeProxy(**options).served() as proxy:  # type: ignore[arg-type]
        yield proxy


def _pass_on(sender: socket.socket, receiver: socket.socket) -> None:
    with suppress(OSError):
        while piece := sender.recv(1 << 16):
            receiver.sendall(piece)
    with suppress(OSError):
        receiver.shutdown(socket.SHUT_WR)
