"""AWS Lambda's Runtime API, for the process of one function.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import functools
import http.server
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FUNCTION_NAME = "function"
REGION = "us-east-1"
_FUNCTION_ARN = f"arn:aws:lambda:{REGION}:000000000000:function:{FUNCTION_NAME}"
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Event:
    """What a function is invoked with, and until when it may take."""

    request_id: str
    body: bytes
    deadline: float


@dataclass(frozen=True)
class Message:
    """What the runtime client said: `next`, `response`, or `error`, also of the start."""

    kind: str
    body: bytes = b""


class RuntimeApi:
    """The Runtime API, for one process."""

    def __init__(
        self,
        events: "queue.SimpleQueue[Event | None]",
        messages: "queue.SimpleQueue[Message]",
    ) -> None:
        handler = functools.partial(_Handler, events, messages)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[_POLL_SECONDS])
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(
        self,
        events: "queue.SimpleQueue[Event | None]",
        messages: "queue.SimpleQueue[Message]",
        *arguments: Any,
    ) -> None:
        self._events = events
        self._messages = messages
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer `/runtime/invocation/next`: hold the request until there is an event."""
        self._messages.put(Message("next"))
        event = self._events.get()
        if event is None:
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(event.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION_ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        }
        self._send(http.HTTPStatus.OK, headers, event.body)

    def do_POST(self) -> None:
        """Take `/runtime/invocation/{id}/response`, `.../error` and `/runtime/init/error`."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._messages.put(Message(self.path.rsplit("/", 1)[1], body))
        self._send(http.HTTPStatus.ACCEPTED, {}, b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet: this is no part of the function's log."""

    def _send(self, status: http.HTTPStatus, headers: Mapping[str, str], body: bytes) -> None:
        # The process may have been killed meanwhile.
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
