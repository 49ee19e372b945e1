"""Amazon S3 with objects of one bucket, that does wrong on the wire what a test orders."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from lightsail_local.wire.http_server import Answer

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass(kw_only=True, eq=False)
class FakeS3:
    """A server of objects.

    Args:
        url: where it is.
        objects: contents by key, all in the bucket `assets`.
        ranges: the ranges that were asked for.
        faults: what happens to the next requests, one for each; None lets one pass.
        connections: how many there were.
    """

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    faults: list[Callable[["Handler"], bool] | None] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def get(self, key: str, headers: Message) -> Answer:
        """Return the answer to a request for a part of an object."""
        content = self.objects.get(key)
        if content is None:
            return error(404, "NoSuchKey")
        etag = f'"{id(content):x}-{len(content)}"'  # another one is another content
        match = _RANGE.fullmatch(headers["Range"])
        assert match
        start, last = int(match[1]), min(int(match[2]), len(content) - 1)
        if headers.get("If-Match", etag) != etag:
            return error(412, "PreconditionFailed")
        if start > last:
            return error(416, "InvalidRange")
        told = {"ETag": etag, "Content-Range": f"bytes {start}-{last}/{len(content)}"}
        return Answer(status=206, body=content[start : last + 1], headers=told)

    def client(self, **options: Any) -> Any:
        """Return boto3's client of it, which makes one attempt."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, **options)
        return boto3.client("s3", endpoint_url=self.url, config=config)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    s3: FakeS3
    cut_at: int | None = None
    most: int | None = None

    def setup(self) -> None:
        super().setup()
        with self.s3.lock:
            self.s3.connections += 1

    def do_GET(self) -> None:
        with self.s3.lock:
            self.s3.ranges.append(self.headers["Range"])
            fault = self.s3.faults.pop(0) if self.s3.faults else None
        if fault and fault(self):
            return
        self.answer(self.s3.get(self.path.removeprefix("/assets/"), self.headers))

    def answer(self, answer: Answer) -> None:
        part = answer.body[: self.most]
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(part))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(part[: self.cut_at])
        if self.cut_at is not None:
            self.cut_at = None
            self.close_connection = True

    def refuse(self, status: int, code: str) -> None:
        self.answer(error(status, code))

    def log_message(self, *arguments: object) -> None:
        pass


def error(status: int, code: str) -> Answer:
    """Return an answer of Amazon S3 that says what is wrong."""
    body = f"<Error><Code>{code}</Code><Message>of S3</Message></Error>".encode()
    return Answer(status=status, body=body)


def refused(status: int, code: str) -> Callable[[Handler], bool]:
    """Answer with an error."""

    def act(handler: Handler) -> bool:
        handler.refuse(status, code)
        return True

    return act


def cut_after(size: int) -> Callable[[Handler], bool]:
    """End the connection after so many bytes of the part."""

    def act(handler: Handler) -> bool:
        handler.cut_at = size
        return False

    return act


def shortened_to(size: int) -> Callable[[Handler], bool]:
    """Give less than was asked for, and say so."""

    def act(handler: Handler) -> bool:
        handler.most = size
        handler.close_connection = True
        return False

    return act


def reset(handler: Handler) -> bool:
    """Reset the connection instead of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    handler.wfile = handler.rfile = open("/dev/null", "r+b")  # noqa: PTH123, SIM115
    return True


def whole(handler: Handler) -> bool:
    """Answer with the whole object, as if there were no ranges."""
    handler.send_response(200)
    handler.send_header("ETag", '"1"')
    handler.send_header("Content-Length", "1")
    handler.end_headers()
    handler.wfile.write(b"1")
    return True


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    """Run an Amazon S3."""
    s3 = FakeS3()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("OwnHandler", (Handler,), {"s3": s3}), bind_and_activate=True
    )
    server.daemon_threads = True
    s3.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield s3
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
