"""A blob on its way into a registry: one PUT, or where that is not taken one PATCH and a PUT.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs

Never many chunks: ECR wants 5 MB in each, and answers them in ways of its own.
"""

from __future__ import annotations

from contextlib import suppress

from .descriptor import Descriptor
from .errors import RegistryError, UploadInterrupted
from .http.request import Request, led_on
from .http.response import Response
from .http.transport import Exchange, Stream
from .repository import Repository
from .url import Url

_ACCEPTED = 202
_NO_CONTENT = 204
_PUT_DONE = frozenset({200, 201, 204})
_PATCH_DONE = frozenset({201, 202, 204})
"""The first is ECR's."""
_REDIRECTS = frozenset({307, 308})
_GONE = frozenset({404, 416})
_NOT_THIS_WAY = frozenset({400, 405, 411, 415, 501})


class Upload:
    """An upload, in the order of its methods; `abandon` and `cancel` end it at any point.

    Args:
        repository: where the blob goes.
        blob: what will be sent, neither more nor less.
        location: where to send it, if the registry has said so already.
    """

    def __init__(
        self, repository: Repository, blob: Descriptor, location: Url | None = None
    ) -> None:
        self._repository = repository
        self._transport = repository.transport
        self._blob = blob
        self._location = location or repository.url("blobs/uploads/")
        self._is_begun = location is not None
        self._is_chunked = repository.is_chunked
        self._exchange: Exchange | None = None
        self._stream: Stream | None = None

    def ask(self) -> None:
        """Ask the registry where to send the blob, and leave its answer for `start`."""
        if not self._is_begun:
            purpose = f"take blob {self._blob.short_digest} into {self._repository.name}"
            request = Request(method="POST", url=self._location, purpose=purpose, body=b"")
            self._exchange = self._transport.begin(request)

    def start(self) -> None:
        """Read where to send the blob.

        Raises:
            RegistryError: the registry does not take uploads.
        """
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            answer = exchange.answer(_ACCEPTED)
            answer.skip()
            self._location = led_on(exchange.request, answer).url
            self._is_begun = True
        self._is_chunked = self._repository.is_chunked

    def send(self, piece: memoryview) -> None:
        """Send a piece of the blob.

        Raises:
            UploadInterrupted: the upload is lost; another may do.
            RegistryError: the registry did not take it.
        """
        stream = self._stream = self._stream or self._open()
        answer = stream.send(piece)
        if answer is not None:
            self._stream = None  # from here on the connection is the answer's to give back
            raise self._error(stream, answer)

    def finish(self, last: memoryview) -> None:
        """Send the last piece, and let the registry keep the blob.

        Raises:
            UploadInterrupted: the upload is lost; another may do.
            RegistryError: the registry did not take it.
        """
        stream = self._stream = self._stream or self._open()
        answer = stream.send(last) or stream.answer()
        self._stream = None
        if answer.status not in (_PATCH_DONE if self._is_chunked else _PUT_DONE):
            raise self._error(stream, answer)
        answer.skip()
        if self._is_chunked:
            location = answer.header("Location")
            if location:
                self._location = led_on(self._patch(), answer).url
            self._close()

    def abandon(self) -> None:
        """End what is being sent, so that it never becomes a blob."""
        if self._stream is not None:
            self._stream.abandon()
        # What the registry has begun can only be cancelled when it is known where it is.
        with suppress(RegistryError):
            self.start()

    def cancel(self) -> None:
        """Cancel the upload; the registry forgets it by itself if this fails."""
        if not self._is_begun:
            return
        request = Request(method="DELETE", url=self._location, purpose="end an upload")
        with suppress(RegistryError):
            self._transport.begin(request, tries=1).answer(_ACCEPTED, _NO_CONTENT).skip()

    def _close(self) -> None:
        try:
            self._transport.send(self._put(b""), *_PUT_DONE).skip()
        except RegistryError as error:
            # Also when it was closed, and the answer got lost.
            if error.status in _GONE:
                raise UploadInterrupted(error.problem) from error
            raise

    def _open(self) -> Stream:
        request = self._patch() if self._is_chunked else self._put(None)
        return self._transport.stream(request, self._blob.size)

    def _patch(self) -> Request:
        return self._request("PATCH", self._location, None)

    def _put(self, body: bytes | None) -> Request:
        is_whole = "digest=" in self._location.target  # after a redirect
        url = self._location
        if not is_whole:
            url = url.with_query(("digest", self._blob.digest))
        return self._request("PUT", url, body)

    def _request(self, method: str, url: Url, body: bytes | None) -> Request:
        return Request(
            method=method,
            url=url,
            purpose=f"take blob {self._blob.short_digest}",
            headers={"Content-Type": "application/octet-stream"},
            body=body,
        )

    def _error(self, stream: Stream, answer: Response) -> RegistryError:
        """Return the error for an answer that is not the one hoped for."""
        request = self._patch() if self._is_chunked else self._put(None)
        body = answer.refusal()
        if answer.status in _REDIRECTS:
            return UploadInterrupted(
                f"{request.url.origin} wants the blob elsewhere",
                location=led_on(request, answer).url,
            )
        error = self._transport.refusal(request, answer, body, stream.sent)
        is_renewed = self._transport.authorization.renew(answer, body, stream.sent)
        is_other_way = answer.status in _NOT_THIS_WAY
        if is_other_way:
            self._repository.is_chunked = not self._is_chunked
        if is_renewed or is_other_way or answer.status in _GONE:
            return UploadInterrupted(error.problem)
        return error
