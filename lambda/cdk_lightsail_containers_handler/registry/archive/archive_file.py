"""The file that an archive is, and the files in it, read a piece at a time wherever they are."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import closing
from typing import Protocol

from ..blob_copy import PIECE, BlobReader
from ..errors import Missing, Unsupported
from ..manifest import LARGEST_MANIFEST

_JUMP = 8 << 10
_LARGEST_READ = 1 << 20
_MOST_READ = 16 << 20
"""More than any table of contents needs; what claims to be larger would only fill the memory."""


class RandomAccess(Protocol):
    """A remote file that is read in parts; `str()` gives its name for messages."""

    @property
    def size(self) -> int:
        """Its bytes."""

    def open(self, offset: int, length: int) -> BlobReader:
        """Ask for a part that is inside of the file, and not empty."""


class ArchivedFile(Protocol):
    """A file in an archive."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def beginning(self) -> bytes:
        """Its first two bytes."""

    def open(self) -> BlobReader:
        """Ask for all of it, and leave its first byte for later."""


class Window:
    """A file that keeps the piece that was read last: what lies together comes together.

    Args:
        file: the file. Threads may share it.
    """

    def __init__(self, file: RandomAccess) -> None:
        self._file = file
        self._kept = (0, b"")
        self.size = file.size

    def __str__(self) -> str:
        """Return the file's name."""
        return str(self._file)

    def open(self, offset: int, length: int) -> BlobReader:
        """Ask for a part; one that is no larger than the window is there at once.

        Raises:
            Unsupported: it is not inside of the file.
        """
        if not 0 <= offset <= offset + length <= self.size:
            raise damaged(self)
        if length > PIECE:
            return self._file.open(offset, length)
        return io.BytesIO(self.read(offset, length))

    def read(self, offset: int, length: int) -> bytes:
        """Return a part, less at the end of the file.

        Raises:
            Unsupported: it is too large to be kept in memory.
        """
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        if end - offset > _LARGEST_READ:
            raise damaged(self)
        start, content = self._kept
        if not start <= offset < end <= start + len(content):
            # The header after a large layer is read alone: the next one is far away again.
            is_jump = offset - start - len(content) > PIECE and self.size - offset > PIECE
            # What is looked for at the end of a file comes with what stands before it.
            start = min(offset, max(self.size - PIECE, 0))
            size = max(end, min(start + (_JUMP if is_jump else PIECE), self.size)) - start
            content = _read_all(self._file.open(start, size), size)
            self._kept = (start, content)
        return content[offset - start : end - start]


class SeekableFile:
    """A file as `tarfile` and `zipfile` read it."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._at = 0
        self._read = 0

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, counted from the beginning or the end."""
        at = offset + (self._window.size if whence == os.SEEK_END else 0)
        if at < 0:
            raise OSError(f"there is no byte {at}")
        self._at = at
        return at

    def read(self, size: int = -1) -> bytes:
        """Read some bytes, or all that are left."""
        wanted = size if size >= 0 else self._window.size
        content = self._window.read(self._at, wanted)
        self._at += len(content)
        self._read += len(content)
        if self._read > _MOST_READ:
            raise damaged(self._window)
        return content


def read_file(files: Mapping[str, ArchivedFile], path: str, name: str) -> bytes:
    """Return a small file of an archive.

    Args:
        files: the archive's files by name.
        path: its name.
        name: what messages call the archive.

    Raises:
        Missing: it is missing.
        Unsupported: it is too large to be what it should be.
    """
    file = file_at(files, path, name)
    if file.size > LARGEST_MANIFEST:
        raise Unsupported(f"{path[:80]} of {name} is larger than {LARGEST_MANIFEST >> 20} MiB")
    return _read_all(file.open(), file.size)


def file_at(files: Mapping[str, ArchivedFile], path: str, name: str) -> ArchivedFile:
    """Return a file of an archive.

    Raises:
        Missing: it is missing.
    """
    if path not in files:
        raise Missing(f"{name} has no file {path[:80]!r}", fix="write the archive again")
    return files[path]


def damaged(archive: object) -> Unsupported:
    """Return the error for an archive that is not what a sound program writes."""
    return Unsupported(
        f"{archive} is damaged, or no tar or zip archive", fix="write the archive again"
    )


def _read_all(reader: BlobReader, size: int) -> bytes:
    content = bytearray(size)
    with closing(reader):
        count = reader.readinto(memoryview(content))
    return bytes(content[:count])
