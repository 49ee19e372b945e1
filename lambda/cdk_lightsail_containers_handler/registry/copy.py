"""Copies an image from one repository to another.

Some threads with a connection to each side copy the blobs, the largest first; where answers take a
while, more of them copy small blobs, which are a matter of waiting. The manifest goes last, so that
an image is there either whole or not at all.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from .blob_copy import PIECE, BlobCopy, BlobSource, Outcome
from .descriptor import Descriptor
from .docker_manifest import docker_manifest
from .errors import Rejected
from .found_image import FoundImage
from .http.wire import TimeLimit
from .manifest import Image
from .repository import Repository

_CLIENT_ERROR = 400
_SMALL = 1 << 20
"""A blob of this size is sent in about the time that it takes to look for it."""
_SMALL_PIECE = 64 << 10
_NEAR_SECONDS = 0.015
"""Where answers come sooner than that, more threads only get into each other's way."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a copy is, told after each blob.

    Args:
        digest: the blob's digest.
        size: its bytes.
        outcome: `copied`, or `skipped` because it was there.
        blobs_done: blobs done with so far.
        blobs: blobs of the image.
        bytes_done: their bytes.
        bytes: bytes of the image.
    """

    digest: str
    size: int
    outcome: Outcome
    blobs_done: int
    blobs: int
    bytes_done: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class CopyResult:
    """What a copy has done.

    Args:
        digest: the digest of the image's manifest; the source's, unless the destination takes
            Docker's manifests only.
        size: bytes of the image's blobs.
        copied: blobs that were sent.
        skipped: blobs that were there.
        bytes: bytes that were sent.
    """

    digest: str
    size: int
    copied: int = 0
    skipped: int = 0
    bytes: int = 0


def copy_image(
    source: BlobSource,
    destination: Repository,
    image: FoundImage,
    *,
    deadline: TimeLimit,
    workers: int = 4,
    progress: Callable[[Progress], None] = lambda _: None,
) -> CopyResult:
    """Copy an image for linux/amd64, byte for byte; only the manifest may have to be Docker's.

    What the destination has already is not sent again. Everything is checked against its digest
    and size before the destination keeps it.

    Args:
        source: where the image is.
        destination: where it goes, under the reference's tag or, without one, its digest.
        image: what `find_image` has found in the source.
        deadline: how long it may go on.
        workers: how many large blobs are copied at once, each through 256 KiB and over two
            connections; up to `4 * (workers - 1)` more copy small blobs, each through 64 KiB, where
            answers take a while.
        progress: called after each blob, by one thread at a time.

    Raises:
        DeadlineExceeded: the next copy goes on after the blobs that are there.
        RegistryError: it did not work; the destination has no such image.
    """
    copy = _Copy(source, destination, image, deadline, workers, progress=progress)
    try:
        copy.connect()
        if not copy.is_there():
            copy.run()
    finally:
        copy.end()
    return copy.result(_put_manifest(destination, image.manifest))


def _put_manifest(destination: Repository, image: Image) -> str:
    """Put an image's manifest, or Docker's if the destination takes no other; return its digest."""
    tag = destination.reference.tag
    try:
        destination.put_manifest(image, tag or image.digest)
    except Rejected as refusal:
        # The status and code of an unknown media type differ from registry to registry.
        docker = docker_manifest(image) if refusal.status >= _CLIENT_ERROR else None
        if docker is None:
            raise
        try:
            destination.put_manifest(docker, tag or docker.digest)
        except Rejected:
            raise refusal from None
        return docker.digest
    return image.digest


class _Copy:
    """A copy that is under way."""

    def __init__(
        self,
        source: BlobSource,
        destination: Repository,
        image: FoundImage,
        deadline: TimeLimit,
        workers: int,
        *,
        progress: Callable[[Progress], None],
    ) -> None:
        self._source = source
        self._destination = destination
        self._image = image
        self._all = image.manifest.blobs
        self._connections = destination.connections
        self._blobs = BlobCopy(source, destination, deadline)
        self._progress = progress
        self._workers = min(workers, len(self._all))
        self._threads: list[threading.Thread] = []
        self._is_known = threading.Event()
        self._small: deque[Descriptor] = deque()
        self._large: deque[Descriptor] = deque()
        self._missing: set[str] = set()
        self._done: list[tuple[Descriptor, Outcome]] = []
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def connect(self) -> None:
        """Start threads, which connect to both sides while it is found out what there is to do.

        The last one uses the connections over which that is found out.
        """
        for _ in range(self._workers - 1):
            self._start(PIECE, self._large, self._small, sides=(self._destination, self._source))

    def end(self) -> None:
        """Let the threads end; they copy nothing more."""
        self._large.clear()
        self._small.clear()
        self._join()

    def is_there(self) -> bool:
        """Return whether the destination has the image; if not, note what is known to be missing.

        Images share their lowest layers. Where the lowest small layer is missing, so are the other
        small ones, and the image: to send the few that may be there costs less than to look for
        each. Without a small layer the uppermost one tells whether the image is there.
        """
        manifest = self._image.manifest
        layers = [layer for layer in manifest.layers if not layer.is_elsewhere] or [manifest.config]
        small = [layer for layer in layers if layer.size <= _SMALL]
        first = (small or layers[::-1])[0]
        # It goes first: a copy that goes on concludes from a small one that others are there.
        for blob in sorted(self._all, key=lambda blob: blob.digest != first.digest):
            self._queue(blob).append(blob)
        if not self._destination.has_blob(first):
            self._missing = {blob.digest for blob in (self._small if small else [first])}
            return False
        if self._destination.has_manifest(manifest.digest):
            for blob in self._all:
                self._tell(blob, "skipped")
            return True
        self._tell(self._queue(first).popleft(), "skipped")
        return False

    def run(self) -> None:
        """Copy all blobs; stop at the first failure, and leave nothing half done."""
        self._blobs.contents[self._image.manifest.config] = self._image.config
        is_near = self._connections.waited < _NEAR_SECONDS * self._connections.requests
        more = 0 if is_near else min(4 * (self._workers - 1), len(self._small) // 3)
        try:
            self._start(PIECE, self._large, self._small)
            for _ in range(more):
                self._start(_SMALL_PIECE, self._small)
            self._join()
        except BaseException as error:
            self._fail(error)
            raise
        self._connections.resume()
        self._blobs.cancel_unfinished()
        if self._failure is not None:
            raise self._failure

    def result(self, digest: str) -> CopyResult:
        """Return what was done, and that the destination has the image under a digest."""
        outcomes = [outcome for _, outcome in self._done]
        return CopyResult(
            digest=digest,
            size=sum(blob.size for blob in self._all),
            copied=outcomes.count("copied"),
            skipped=outcomes.count("skipped"),
            bytes=sum(blob.size for blob, outcome in self._done if outcome == "copied"),
        )

    def _queue(self, blob: Descriptor) -> deque[Descriptor]:
        return self._small if blob.size <= _SMALL else self._large

    def _start(
        self, piece: int, *queues: deque[Descriptor], sides: Iterable[BlobSource | Repository] = ()
    ) -> None:
        name = f"copy-{len(self._threads)}"
        thread = threading.Thread(target=self._work, args=(piece, queues, sides), name=name)
        thread.start()
        self._threads.append(thread)

    def _join(self) -> None:
        self._is_known.set()
        for thread in self._threads:
            thread.join()

    def _work(
        self,
        piece: int,
        queues: Iterable[deque[Descriptor]],
        sides: Iterable[BlobSource | Repository],
    ) -> None:
        try:
            for side in sides:
                side.connect()
            self._is_known.wait()
            buffer = memoryview(bytearray(piece))
            # Until nothing waits, or no request begins because another has failed.
            for blob in _taken(queues):
                is_new = blob.digest in self._missing
                outcome = self._blobs.copy(blob, buffer, is_new=is_new)
                with self._lock:
                    self._tell(blob, outcome)
        # A thread has no caller to raise it to, so the copy does.
        except BaseException as error:  # noqa: BLE001
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self._failure is not None:
                return  # it failed because of the first failure
            self._failure = error
        self._connections.interrupt()

    def _tell(self, blob: Descriptor, outcome: Outcome) -> None:
        self._done.append((blob, outcome))
        done = Progress(
            digest=blob.digest,
            size=blob.size,
            outcome=outcome,
            blobs_done=len(self._done),
            blobs=len(self._all),
            bytes_done=sum(one.size for one, _ in self._done),
            bytes=sum(one.size for one in self._all),
        )
        self._progress(done)


def _taken(queues: Iterable[deque[Descriptor]]) -> Iterator[Descriptor]:
    """Take blob after blob out of queues that threads share."""
    for queue in queues:
        with suppress(IndexError):
            while True:
                yield queue.popleft()
