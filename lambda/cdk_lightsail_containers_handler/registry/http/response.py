"""An answer as it comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse, IncompleteRead

from ..errors import RegistryError
from ..url import Origin
from .wire import Wire

BROKEN = (OSError, HTTPException)
"""What a connection raises when there is no sound answer to be had over it."""
_REFUSAL = 16 << 10


class Response:
    """An answer; its connection is used again only if its body was read to the end.

    Args:
        answer: the answer.
        origin: who answered.
        wire: what it comes over.
        done: told at the end whether the connection is good for another request.

    Attributes:
        origin: who answered.
        status: the HTTP status.
        length: the bytes of the body, None if that is not known.
    """

    def __init__(
        self, answer: HTTPResponse, origin: Origin, wire: Wire, done: Callable[[bool], None]
    ) -> None:
        self._answer = answer
        self._wire = wire
        self._done: Callable[[bool], None] | None = done
        self.origin = origin
        self.status = answer.status
        self.length = answer.length
        if not self.length and self.length is not None:
            answer.read()  # to http.client it is not read before
        self._finish_if_read()

    @property
    def coding(self) -> str:
        """How the body is coded, although identity was asked for; nothing for not at all."""
        transfer = self.header("Transfer-Encoding").lower()
        coding = self.header("Content-Encoding") or ("" if transfer == "chunked" else transfer)
        return "" if coding.lower() == "identity" else coding

    def header(self, name: str) -> str:
        """Return a header, or nothing."""
        return self._answer.getheader(name) or ""

    def headers(self, name: str) -> list[str]:
        """Return all headers of a name."""
        return self._answer.headers.get_all(name) or []

    def readinto(self, buffer: memoryview) -> int:
        """Read until a buffer is full or the body ends; return how much."""
        self._wire.expect_body(len(buffer))
        with sound():
            count = self._answer.readinto(buffer)
        self._finish_if_read()
        return count

    def read(self, limit: int) -> bytes:
        """Return the body, and close; of a longer one return a byte more than the limit.

        Raises:
            OSError, HTTPException: it ends too early.
        """
        try:
            self._wire.expect_body(limit)
            with sound():
                content = self._answer.read(limit + 1)
            if len(content) <= limit and self._answer.length:
                raise IncompleteRead(content, self._answer.length)
            return content
        finally:
            self.close()

    def refusal(self) -> bytes:
        """Return the beginning of a body that may say why, as far as it came, and close."""
        try:
            return self.read(_REFUSAL)
        except BROKEN:
            return b""

    def skip(self) -> None:
        """Close an answer whose body says nothing; a short one is read first."""
        self.refusal()

    def close(self) -> None:
        """Close the answer, read or not."""
        # It counts as closed too when the connection ended before the body did.
        is_read = self._answer.isclosed() and not self._answer.length
        self._answer.close()
        done, self._done = self._done, None
        if done is not None:
            done(is_read and not self._answer.will_close)

    def _finish_if_read(self) -> None:
        if self._answer.isclosed():
            self.close()


@contextmanager
def sound() -> Iterator[None]:
    """Turn what else `http.client` raises for an answer that is no HTTP into an OSError.

    Its parser of heads is the one for mails, its lengths are Python's numbers.
    """
    try:
        yield
    except (*BROKEN, RegistryError):
        raise
    except Exception as error:
        raise OSError("its answer is no HTTP") from error
