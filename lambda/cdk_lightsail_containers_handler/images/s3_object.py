"""An object in Amazon S3, read from anywhere in it.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import io
import re
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from ..aws.calls import CALL_SECONDS, UNSOUND, answered
from ..deadline import TooLate, in_time, permissions_on_their_way
from ..errors import HandlerError, Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..deadline import Deadline
    from ..registry.blob_copy import BlobReader

_T = TypeVar("_T")

_BEGINNING = 256 << 10
_WORTH_READING_AWAY = 64 << 10
"""What is left of a part: less costs less than another connection."""
_TRIES = 3
_BROKEN = (BotoCoreError, HTTPError, OSError, EOFError, TooLate, *UNSOUND)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-[0-9]{1,19}/([0-9]{1,19})")
_REFUSALS = {
    "NoSuchBucket": ("does not exist", "deploy again, which uploads it"),
    "NoSuchKey": ("does not exist", "deploy again, which uploads it"),
    "AccessDenied": (
        "may not be read by the function's role, or does not exist",
        "allow it s3:GetObject, and kms:Decrypt if the bucket has a key of its own",
    ),
    "PreconditionFailed": ("was replaced while it was read", "deploy again"),
    "InvalidRange": ("is empty", "write the archive again"),
}


class S3Object:
    """An object as it is when it is first read; once it is replaced it cannot be read on.

    Args:
        client: boto3's client of Amazon S3, which makes one attempt.
        bucket: the bucket.
        key: the key.
        deadline: how long it may go on.

    Raises:
        HandlerError: it cannot be read.
        Unfinished: there is no time left for it.
    """

    def __init__(self, client: Any, bucket: str, key: str, deadline: Deadline) -> None:
        self._client = client
        self._place = {"Bucket": bucket, "Key": key}
        self._deadline = deadline
        self.size = _BEGINNING  # until the first answer tells
        # Every reader looks here first, and a small archive is here as a whole.
        self._beginning = bytearray(_BEGINNING)
        with closing(_Part(self, 0, _BEGINNING)) as part:
            del self._beginning[part.readinto(memoryview(self._beginning)) :]

    def __str__(self) -> str:
        """Return the object's name."""
        return f"s3://{self._place['Bucket']}/{self._place['Key']}"

    def open(self, offset: int, length: int) -> BlobReader:
        """Ask for a part that is inside of the object, and not empty.

        Raises:
            HandlerError: it cannot be read.
            Unfinished: there is no time left for it.
        """
        end = offset + length
        if end <= len(self._beginning):
            return io.BytesIO(self._beginning[offset:end])
        return _Part(self, offset, end)

    def get(self, start: int, end: int) -> Any:
        """Return the body of a part, which may end with the object before its end.

        Raises:
            HandlerError: it is no such part.
        """
        given = {**self._place, "Range": f"bytes={start}-{end - 1}"}
        answer = in_time(lambda: self._client.get_object(**given), CALL_SECONDS)
        told = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
        size = int(told[2]) if told else 0
        is_another = "IfMatch" in self._place and size != self.size
        if not told or int(told[1]) != start or is_another or "ETag" not in answer:
            raise HandlerError(f"Amazon S3 did not give a part of {self}", "deploy again")
        # An object that is replaced in between must not end in an image of two halves.
        self._place.setdefault("IfMatch", answer["ETag"])
        self.size = size
        return answer["Body"]

    def attempt(self, act: Callable[[], _T]) -> _T:
        """Read, again while that can help and there is time.

        Raises:
            HandlerError: it did not work.
            Unfinished: the deadline came first.
        """
        may_be_allowed = permissions_on_their_way(self._deadline)
        attempt = failures = 0
        while self._deadline.left():
            try:
                return act()
            except ClientError as error:
                cause, _, is_of_server = answered(error)
                is_denied = cause == "AccessDenied" and may_be_allowed()
                if not is_of_server and not is_denied:
                    raise self._refused(cause) from error
                failures += not is_denied
            except _BROKEN as error:
                cause = type(error).__name__
                failures += 1
            if failures == _TRIES:
                raise HandlerError(
                    f"{self} could not be read ({cause})",
                    "deploy again, and in a VPC give the function a way to Amazon S3",
                )
            if not self._deadline.back_off(attempt):
                break
            attempt += 1
        raise Unfinished(
            f"there was no time left to read {self}",
            "deploy again, and in a VPC give the function a way to Amazon S3",
        )

    def _refused(self, code: str) -> HandlerError:
        """Return the error for what Amazon S3 answered."""
        problem, fix = _REFUSALS.get(code, ("was refused", "correct it and deploy again"))
        return HandlerError(f"{self} {problem} ({code})", fix)


class _Part:
    """A part of an object on its way; when the connection breaks it goes on from there."""

    def __init__(self, whole: S3Object, start: int, end: int) -> None:
        self._whole = whole
        self._at = start
        self._end = end
        self._body: Any = None
        whole.attempt(self._ask)

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, or as much of it as there is, and return how much."""
        wanted = min(len(buffer), self._end - self._at)
        filled = 0
        while filled < wanted:
            count = self._whole.attempt(partial(self._read, buffer[filled:wanted]))
            filled += count
            self._at += count
        return filled

    def close(self) -> None:
        """Close the part."""
        if self._body is None:
            return
        # Otherwise its connection could not be used again.
        if self._end - self._at <= _WORTH_READING_AWAY:
            with suppress(*_BROKEN):
                self._body.read(_WORTH_READING_AWAY)
        self._body.close()

    def _ask(self) -> None:
        self._body = self._whole.get(self._at, self._end)
        self._end = min(self._end, self._whole.size)

    def _read(self, buffer: memoryview) -> int:
        if self._body is None:
            self._ask()
        try:
            count: int = self._body.readinto(buffer)
            if not count:
                raise EOFError
        except _BROKEN:
            self._body.close()
            self._body = None
            raise
        return count
