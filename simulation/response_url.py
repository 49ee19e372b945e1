"""Where a function's answers arrive: CloudFormation's side of ResponseURL, on loopback."""

import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

SIGNATURE = "X-Amz-Signature=5ec4e7"


@dataclass
class ResponseUrl:
    """Answers that arrived, and how the next ones are received.

    Args:
        url: a signed URL.
        faults: for each of the next attempts a status to answer with, "reset" to break the
            connection, or "hang" to say nothing.
        bodies: what was put, also by attempts that were answered with a fault.
        headers: of the same.
        on_answer: called when an answer was taken, before that is confirmed.
    """

    url: str = ""
    faults: list[int | str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    on_answer: Callable[[], None] = lambda: None
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answers that were taken."""
        return [json.loads(body) for body in self.taken]

    @property
    def answer(self) -> dict[str, Any]:
        """The one answer that was taken."""
        (answer,) = self.answers
        return answer


@contextmanager
def response_url() -> Iterator[ResponseUrl]:
    """Receive answers on a free port."""
    received = ResponseUrl()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.bodies.append(body)
            received.headers.append({key.lower(): value for key, value in self.headers.items()})
            fault = received.faults.pop(0) if received.faults else 200
            if fault == "hang":
                received.closing.wait()
            if isinstance(fault, str):
                linger = struct.pack("ii", 1, 0)  # closing resets the connection
                self.connection.setsockopt(SOL_SOCKET, SO_LINGER, linger)
                self.close_connection = True
                return
            if fault == 200:
                received.taken.append(body)
                received.on_answer()
            self.send_response(fault)
            if fault == 307:
                self.send_header("Location", received.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests look at what arrived."""

    class Server(ThreadingHTTPServer):
        # As many at once as a test's stacks: the default of 5 makes the sixth wait for a second.
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_port}/answer?{SIGNATURE}"
    try:
        yield received
    finally:
        received.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
