"""A blob on its way out of a registry."""

from __future__ import annotations

import re
from dataclasses import replace
from http.client import IncompleteRead

from .descriptor import Descriptor
from .errors import DeadlineExceeded, DigestMismatch, RegistryError
from .http.request import Request, broken, coded
from .http.response import BROKEN, Response
from .http.transport import Transport
from .http.wire import check_time

_OK = 200
_PARTIAL = 206
_UNSATISFIABLE = 416
_FAILURES = 3
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-[0-9]+/(?:[0-9]+|\*)")


class RegistryBlob:
    """Reads a blob; when the connection breaks it goes on from there.

    Args:
        transport: what to ask the registry over.
        request: the request for the whole blob; sent at once.
        blob: what is to come; of any other size it is refused, its digest is the reader's affair.
    """

    def __init__(self, transport: Transport, request: Request, blob: Descriptor) -> None:
        self._transport = transport
        self._request = request
        self._blob = blob
        self._at = 0
        self._exchange = transport.begin(request)
        self._response: Response | None = None

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, or as much of it as there is, and return how much.

        Raises:
            DigestMismatch: the blob has another size.
            RegistryError: the registry did not give it, three times at the same byte.
        """
        wanted = min(len(buffer), self._blob.size - self._at)
        filled = 0
        while filled < wanted:
            count = self._read_some(buffer[filled:wanted])
            filled += count
            self._at += count
        if wanted and self._at == self._blob.size:
            self._check_end()
        return filled

    def close(self) -> None:
        """Close the blob."""
        if self._response is not None:
            self._response.close()
        else:
            self._exchange.abandon()

    def _read_some(self, buffer: memoryview) -> int:
        deadline = self._transport.deadline
        failures = 0
        while True:
            check_time(deadline)
            try:
                self._response = self._response or self._open(buffer)
                count = self._response.readinto(buffer)
                if count:
                    return count
                if self._response.coding:
                    raise coded(self._request, self._response)
                raise IncompleteRead(b"")
            except BROKEN as error:
                self.close()
                self._response = None
                failures += 1
                failure = broken(self._request, error)
                if failures == _FAILURES:
                    raise failure from error
                if not deadline.back_off(failures - 1):
                    raise DeadlineExceeded(failure.problem) from error
                self._exchange = self._transport.begin(self._rest())

    def _rest(self) -> Request:
        if not self._at:
            return self._request
        headers = {**self._request.headers, "Range": f"bytes={self._at}-"}
        return replace(self._request, headers=headers)

    def _open(self, scratch: memoryview) -> Response:
        """Return the answer, at the byte that is wanted next."""
        response = self._exchange.answer(_OK, _PARTIAL, _UNSATISFIABLE)
        start = 0
        if response.status == _PARTIAL:
            match = _CONTENT_RANGE.fullmatch(response.header("Content-Range"))
            start = int(match[1]) if match else -1
        left = self._blob.size - start
        is_other = response.status == _UNSATISFIABLE or not 0 <= start <= self._at
        if is_other or response.length not in (None, left):
            response.close()
            is_whole = response.status == _OK
            found = f"{response.length} bytes" if is_whole else "something else"
            raise self._mismatch(response, found)
        try:
            while start < self._at:  # a registry that knows no ranges
                check_time(self._transport.deadline)
                count = response.readinto(scratch[: self._at - start])
                if not count:
                    raise IncompleteRead(b"")
                start += count
        except BROKEN:
            response.close()
            raise
        return response

    def _check_end(self) -> None:
        """Check that nothing follows; only an answer without a length may go on."""
        response = self._response
        if response is None or response.length is not None:
            return
        try:
            if response.readinto(memoryview(bytearray(1))):
                response.close()
                raise self._mismatch(response, "more bytes")
        except BROKEN:
            response.close()

    def _mismatch(self, response: Response, found: str) -> RegistryError:
        if response.coding and response.status != _UNSATISFIABLE:
            return coded(self._request, response)
        return DigestMismatch(
            f"{self._request.url.origin} has {found} of {self._blob.short_digest}, "
            f"not {self._blob.size} as its manifest says"
        )
