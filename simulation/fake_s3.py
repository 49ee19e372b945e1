"""Amazon S3 with objects of one bucket, that does wrong on the wire what a test orders."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import Message
from typing import Any

import boto3
from botocore.config import Config

from error_answers import s3_error
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")

Act = Callable[[Connection], bool]
"""Does something to a request; it is answered as usual unless this returns True."""


@dataclass(kw_only=True, eq=False)
class FakeS3(Fake):
    """A server of objects.

    Args:
        objects: contents by key, all in the bucket `assets`.
        ranges: the ranges that were asked for.
        faults: what happens to the next requests, one for each; None lets one pass.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    faults: list[Act | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def respond(self, connection: Connection) -> None:
        """Answer a request."""
        with self.lock:
            self.ranges.append(connection.headers["Range"])
            fault = self.faults.pop(0) if self.faults else None
        if fault is None or not fault(connection):
            key = connection.path.removeprefix("/assets/")
            connection.send(self.get(key, connection.headers))

    def get(self, key: str, headers: Message) -> Answer:
        """Return the answer to a request for a part of an object."""
        content = self.objects.get(key)
        if content is None:
            return s3_error(404, "NoSuchKey")
        etag = f'"{id(content):x}-{len(content)}"'  # another one is another content
        match = _RANGE.fullmatch(headers["Range"])
        assert match
        start, last = int(match[1]), min(int(match[2]), len(content) - 1)
        if headers.get("If-Match", etag) != etag:
            return s3_error(412, "PreconditionFailed")
        if start > last:
            return s3_error(416, "InvalidRange")
        told = {"ETag": etag, "Content-Range": f"bytes {start}-{last}/{len(content)}"}
        return Answer(status=206, body=content[start : last + 1], headers=told)

    def client(self, **options: Any) -> Any:
        """Return boto3's client of it, which makes one attempt."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, **options)
        return boto3.client("s3", endpoint_url=self.url, config=config)


def refused(status: int, code: str) -> Act:
    """Answer with an error."""

    def act(connection: Connection) -> bool:
        connection.send(s3_error(status, code))
        return True

    return act


def cut_after(size: int) -> Act:
    """End the connection after so many bytes of the part."""

    def cut(answer: Answer) -> Answer:
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        return replace(answer, headers=headers, body=answer.body[:size])

    return _changed(cut)


def shortened_to(size: int) -> Act:
    """Give less than was asked for, and say so."""
    return _changed(lambda answer: replace(answer, body=answer.body[:size]))


def _changed(change: Callable[[Answer], Answer]) -> Act:
    """Give another answer, and end the connection."""

    def act(connection: Connection) -> bool:
        connection.on_answer = change
        connection.close_connection = True
        return False

    return act


def whole(connection: Connection) -> bool:
    """Answer with the whole object, as if there were no ranges."""
    connection.send(Answer(status=200, body=b"1", headers={"ETag": '"1"'}))
    return True
