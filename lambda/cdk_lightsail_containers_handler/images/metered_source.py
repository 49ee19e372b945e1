"""How fast the blobs of a source come, which tells whether one can pass in an invocation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry.blob_copy import BlobReader, BlobSource
    from ..registry.descriptor import Descriptor
    from ..registry.manifest import Image, Index


@dataclass(frozen=True, kw_only=True)
class Passage:
    """How far a blob has come.

    Args:
        blob: the blob.
        read: its bytes that have come.
    """

    blob: Descriptor
    read: int

    @property
    def share(self) -> float:
        """How much of it has come, 1 for all."""
        return self.read / self.blob.size


class MeteredSource:
    """A source that counts what comes of each blob.

    Args:
        source: the source.
    """

    def __init__(self, source: BlobSource) -> None:
        self._source = source
        self._read: dict[Descriptor, int] = {}

    def __str__(self) -> str:
        """Return the source's name."""
        return str(self._source)

    @property
    def is_archive(self) -> bool:
        """Whether the source is an archive."""
        return self._source.is_archive

    def connect(self) -> None:
        """Open a connection ahead, if the source is reached over any."""
        self._source.connect()

    def manifest(self, descriptor: Descriptor | None = None) -> Image | Index:
        """Return a manifest, as the source has it."""
        return self._source.manifest(descriptor)

    def open_blob(self, blob: Descriptor) -> BlobReader:
        """Ask for a blob; what came of it before does not count any more."""
        self._read[blob] = 0
        return _MeteredReader(self._source.open_blob(blob), blob, self._read)

    def farthest(self) -> Passage | None:
        """Return the blob with the largest share read, None before anything is."""
        passages = [Passage(blob=blob, read=read) for blob, read in self._read.items() if read]
        return max(passages, key=lambda passage: passage.share, default=None)


class _MeteredReader:
    """A blob on its way out of a source."""

    def __init__(self, reader: BlobReader, blob: Descriptor, read: dict[Descriptor, int]) -> None:
        self._reader = reader
        self._blob = blob
        self._read = read

    def readinto(self, buffer: memoryview) -> int:
        count = self._reader.readinto(buffer)
        self._read[self._blob] += count
        return count

    def close(self) -> None:
        self._reader.close()
