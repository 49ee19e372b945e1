"""Answers of a registry that lies, as bytes on the wire."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from lightsail_local.wire.http_server import Connection

_MOST = 512 << 20
"""What is endless ends here all the same, so that a client that takes it all fails a test."""


@dataclass(kw_only=True, eq=False)
class Says:
    """Answers bytes as they stand, and then others without an end."""

    first: bytes = b""
    then: bytes = b""  # again and again, nothing for the end of the connection
    between: Callable[[], bool] = lambda: True
    """What happens before each of them, such as that time passes; returns whether it goes on."""
    keeps: bool = False  # the connection open after the first bytes
    sent: int = 0  # how many bytes the client has let come, at most in one answer

    def __call__(self, connection: Connection) -> bool:
        for _ in connection.body:
            pass
        connection.close_connection = not self.keeps
        # What the kernel holds for a client that does not read is not the client's.
        connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 << 10)
        sent = len(self.first)
        try:
            connection.wfile.write(self.first)
            while self.then and sent < _MOST and self.between():
                connection.wfile.write(self.then)
                sent += len(self.then)
                self.sent = max(self.sent, sent)
        except OSError:  # the client has had enough
            connection.close_connection = True
        return True


def head(status: str = "200 OK", *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")
