"""Copies a blob: read, hashed and sent a piece at a time, through one buffer."""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import Literal, Protocol

from .descriptor import Descriptor
from .errors import DeadlineExceeded, DigestMismatch, RegistryError, Unsupported, UploadInterrupted
from .http.wire import TimeLimit, check_time
from .manifest import LARGEST_MANIFEST, Image, Index, check
from .repository import Repository
from .upload import Upload
from .url import Url

PIECE = 256 << 10
"""How much to read at once: less costs the interpreter up to twice the time."""
_TRIES = 3
_MOST_RESTARTS = 5

Outcome = Literal["copied", "skipped"]


class BlobReader(Protocol):
    """A blob on its way out of a source."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, or as much of it as there is, and return how much."""

    def close(self) -> None:
        """Close the blob."""


class BlobSource(Protocol):
    """Where an image comes from: `Repository` and `Archive`."""

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive, about which other things are to be done."""

    def connect(self) -> None:
        """Open a connection ahead, if it is reached over any."""

    def manifest(self, descriptor: Descriptor | None = None) -> Image | Index:
        """Return a manifest of an index, or the one that is to be copied."""

    def open_blob(self, blob: Descriptor) -> BlobReader:
        """Ask for a blob, and leave its first byte for later."""


class BlobCopy:
    """Copies blobs from a source to a destination.

    Args:
        source: where they are.
        destination: where they go.
        deadline: how long it may go on.

    Attributes:
        contents: blobs that are in memory already.
    """

    def __init__(
        self,
        source: BlobSource,
        destination: Repository,
        deadline: TimeLimit,
    ) -> None:
        self.contents: dict[Descriptor, bytes] = {}
        self._source = source
        self._destination = destination
        self._deadline = deadline
        self._unfinished: list[Upload] = []

    def copy(self, blob: Descriptor, buffer: memoryview, *, is_new: bool) -> Outcome:
        """Bring a blob to the destination, from its beginning again where that can help.

        Args:
            blob: the blob.
            buffer: what it passes through, `PIECE` bytes if it may be large.
            is_new: whether to send it without a look for it first.

        Raises:
            DeadlineExceeded: the deadline came first.
            DigestMismatch: its bytes are not what its digest and size say.
            RegistryError: it did not work.
        """
        failures = restarts = 0
        location: Url | None = None
        while True:
            is_first = not failures and not restarts
            is_sent = is_new if is_first else location is not None
            if not is_sent and self._destination.has_blob(blob):
                # After a failure it is ours, kept although the answer was lost.
                return "skipped" if is_first else "copied"
            try:
                return self._send(blob, location, buffer)
            except UploadInterrupted as error:
                restarts, location = restarts + 1, error.location
                if restarts == _MOST_RESTARTS:
                    raise
            except RegistryError as error:
                failures, location = failures + 1, None
                if not error.temporary or failures == _TRIES:
                    raise
                if not self._deadline.back_off(failures - 1):
                    raise DeadlineExceeded(error.problem) from error

    def cancel_unfinished(self) -> None:
        """Cancel the uploads that were begun and not ended."""
        for upload in self._unfinished:
            upload.cancel()

    def _send(self, blob: Descriptor, location: Url | None, buffer: memoryview) -> Outcome:
        upload = Upload(self._destination, blob, location)
        self._unfinished.append(upload)
        try:
            # The source looks for the blob while the destination makes room for it.
            upload.ask()
            with closing(self._open(blob)) as reader:
                upload.start()
                last = self._send_all_but_last(blob, reader, upload, buffer)
                upload.finish(last)
        except BaseException:
            upload.abandon()
            raise
        self._unfinished.remove(upload)
        return "copied"

    def _send_all_but_last(
        self, blob: Descriptor, reader: BlobReader, upload: Upload, buffer: memoryview
    ) -> memoryview:
        """Return the last piece, which is held back until all of the blob is known to be right.

        Without its last piece an upload never becomes a blob, even if the function is killed.
        """
        digest = hashlib.sha256()
        left = blob.size
        while True:
            check_time(self._deadline)
            piece = buffer[: reader.readinto(buffer)]
            digest.update(piece)
            left -= len(piece)
            if not left or not piece:
                break
            upload.send(piece)
        found = f"sha256:{digest.hexdigest()}"
        if left or found != blob.digest:
            error = DigestMismatch(
                f"blob {blob.digest} of {self._source} does not match its digest, it came as "
                f"{found}, {blob.size - left} of {blob.size} bytes"
            )
            raise error.in_archive() if self._source.is_archive else error
        return piece

    def _open(self, blob: Descriptor) -> BlobReader:
        content = self.contents.get(blob)
        return self._source.open_blob(blob) if content is None else _Content(content)


def read_blob(source: BlobSource, blob: Descriptor, what: str) -> bytes:
    """Return a small blob, checked.

    Args:
        source: where it is.
        blob: the blob.
        what: what messages call it.

    Raises:
        Unsupported: it is too large to be what it should be.
        DigestMismatch: its bytes are not what its digest and size say.
        RegistryError: the source did not give it.
    """
    if blob.size > LARGEST_MANIFEST:
        raise Unsupported(f"{what} is larger than {LARGEST_MANIFEST >> 20} MiB")
    for _ in range(_TRIES - 1):
        try:
            return _read_blob(source, blob, what)
        except DigestMismatch:  # what stands in between may have answered instead
            continue
    return _read_blob(source, blob, what)


def _read_blob(source: BlobSource, blob: Descriptor, what: str) -> bytes:
    content = bytearray(blob.size)
    with closing(source.open_blob(blob)) as reader:
        count = reader.readinto(memoryview(content))
    check(bytes(content[:count]), blob.digest, what)
    return bytes(content)


class _Content:
    """A blob that is in memory."""

    def __init__(self, content: bytes) -> None:
        self._left = memoryview(content)

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self) -> None:
        """Do nothing: there is nothing open."""
