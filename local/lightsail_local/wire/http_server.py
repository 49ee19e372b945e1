"""An HTTP server on 127.0.0.1 that stops at once, regardless of its clients."""

from __future__ import annotations

import base64
import binascii
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# A page of another origin can have its own name resolved to 127.0.0.1, and then read and change
# what is here: its requests differ in the name that this computer was reached by.
_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 10
_NO_CONTENT = 204
# A client that went away; the last two say so over TLS.
_GONE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request is answered.

    Args:
        status: the HTTP status.
        body: the body.
        headers: the headers; Content-Length is the body's unless it is one of them.
        error: the error's code, for the records.
        pieces: more of the body, for what is too large for memory; needs a Content-Length.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    pieces: Iterable[bytes] = ()


Respond = Callable[["Connection"], None]
"""Is given each request, and answers it."""

Gate = Callable[[str, "Connection", Respond], None]
"""Is given each request before it is answered, with the server's name and what answers it."""


class LoopbackServer(ThreadingHTTPServer):
    """Serve HTTP on 127.0.0.1 in threads of its own until it is closed.

    Args:
        port: the port, 0 for a free one.
        respond: is given each request, and answers it.

    Attributes:
        names: what a Host header may name it; any other name is that of a page that leads to this
            computer (DNS rebinding).

    Raises:
        OSError: the port is taken.
    """

    names = frozenset({"127.0.0.1", "localhost"})
    # Threads that `server_close` waits for: nothing of a server outlives it.
    daemon_threads = False
    # As many at once as a client may open: the default of 5 makes the sixth wait for a second.
    request_queue_size = 128

    def __init__(self, port: int, respond: Respond) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.respond = respond
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """The address, `127.0.0.1:<port>`."""
        return f"127.0.0.1:{self.server_port}"

    def is_own(self, host: str) -> bool:
        """Return whether a Host header names this server; the port may be that of a tunnel."""
        try:
            return urlsplit(f"//{host}").hostname in self.names
        except ValueError:
            return False

    def close(self) -> None:
        """Stop listening, end every connection, and wait for the threads."""
        self.stopping.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port)):
            self._thread.join()
        for connection in tuple(self._connections):
            # Its client or its thread may be faster.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def verify_request(self, *_: object) -> bool:
        """Refuse what comes once it stops, as the connection that wakes it for that."""
        return not self.stopping.is_set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection until it ends."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; anything else is a mistake of ours."""
        if not isinstance(sys.exception(), _GONE):
            super().handle_error(request, client_address)

    def _accept(self) -> None:
        # `serve_forever` looks many times a second whether it has to stop.
        while not self.stopping.is_set():
            self.handle_request()


def gated(gate: Gate | None, name: str, respond: Respond) -> Respond:
    """Return what answers a server's requests, behind a gate if there is one."""
    return respond if gate is None else lambda connection: gate(name, connection, respond)


class Connection(BaseHTTPRequestHandler):
    """A client's connection: the request it holds now, and ways to answer it.

    Attributes:
        body: the request's body in pieces, as they come.
        on_answer: is given what the request is to be answered, and returns what is sent instead,
            or None when it has dealt with the request itself.
    """

    protocol_version = "HTTP/1.1"
    # Headers and body are two writes, and a delayed acknowledgement between them costs 40 ms.
    disable_nagle_algorithm = True
    server: LoopbackServer
    body: Iterator[bytes]
    on_answer: Callable[[Answer], Answer | None] | None

    def respond(self) -> None:
        """Answer the request, unless it was meant for another computer."""
        self.body = self._body()
        self.on_answer = None
        if self.server.is_own(self.headers.get("Host", "localhost")):
            self.server.respond(self)
        else:
            self.send(Answer(status=421, body=b"this is for 127.0.0.1 and localhost only\n"))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

    def send(self, answer: Answer) -> None:
        """Answer the request."""
        if self.on_answer:
            changed = self.on_answer(answer)
            if changed is None:
                return
            answer = changed
        self._send_head(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.body)
            for piece in answer.pieces:
                self.wfile.write(piece)

    def send_cut(self, answer: Answer) -> None:
        """Promise the whole answer, send half of its body, and end the connection."""
        self._send_head(answer)
        self.wfile.write(answer.body[: len(answer.body) // 2])
        self.close_connection = True

    def reset(self) -> None:
        """End the connection with a reset instead of an answer."""
        # To linger for no time makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def hang(self, seconds: float | None) -> None:
        """Hold the connection for some seconds, or until the server stops, then end it."""
        self.server.stopping.wait(seconds)
        self.close_connection = True

    def basic_login(self) -> tuple[str, str]:
        """Return the user name and password of the request, empty ones if it has none."""
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return "", ""
        try:
            username, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return username, password

    def log_message(self, *_: object) -> None:
        """Print nothing: what was asked stands in the server's records."""

    def _send_head(self, answer: Answer) -> None:
        # What is left of the request would be read as the next one.
        for _ in self.body:
            pass
        self.send_response(answer.status)
        headers = dict(answer.headers)
        if answer.status != _NO_CONTENT:
            headers.setdefault("Content-Length", str(len(answer.body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield from self._read(_number(self.headers.get("Content-Length", "0"), 10))
            return
        while size := _number(self._line().partition(b";")[0].decode("latin-1"), 16):
            yield from self._read(size)
            self._line()
        while self._line():
            pass  # trailers

    def _read(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self.rfile.read(min(size, _CHUNK))
            if not piece:
                raise ConnectionAbortedError("the request ended before its body did")
            size -= len(piece)
            yield piece

    def _line(self) -> bytes:
        line = self.rfile.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError("the request ended inside a chunk's line")
        return line.rstrip(b"\r\n")


def _number(text: str, base: int) -> int:
    """Return the length of a body or chunk; a connection without a sound one is of no use."""
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise ConnectionAbortedError("the length of the body is no number")
    return number
