"""The files in a zip archive, as which the CDK uploads a folder.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ..blob_copy import BlobReader
from ..errors import Unsupported
from .archive_file import SeekableFile, Window, damaged

_PIECE = 64 << 10
_BEGINNING = 8 << 10
"""Of what is packed: a header with the longest path, and enough for two bytes."""
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1
_MALFORMED = (BadZipFile, NotImplementedError, OSError, ValueError, struct.error)


@dataclass(frozen=True, kw_only=True)
class ZippedFile:
    """A file in a zip archive.

    Args:
        archive: the archive.
        offset: where its header begins.
        end: where the next one's begins.
        info: what the archive's directory says of it.
    """

    archive: Window
    offset: int
    end: int
    info: ZipInfo

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.info.file_size

    @property
    def beginning(self) -> bytes:
        """Its first two bytes."""
        found = bytearray(2)
        self._open(_BEGINNING).readinto(memoryview(found))
        return bytes(found)

    def open(self) -> BlobReader:
        """Ask for all of it, and leave its first byte for later.

        Raises:
            Unsupported: it is packed in a way that is not read.
        """
        return self._open(self.end)

    def _open(self, most: int) -> BlobReader:
        method = self.info.compress_type
        if method not in {ZIP_STORED, ZIP_DEFLATED} or self.info.flag_bits & _ENCRYPTED:
            raise Unsupported(
                f"{self.archive} is encrypted or packed by an unknown method",
                fix="zip it with the method deflate",
            )
        stream = self.archive.open(self.offset, min(self.end - self.offset, most))
        return _Unpacked(self.archive, stream, self.size, is_deflated=method == ZIP_DEFLATED)


def zip_files(archive: Window) -> dict[str, ZippedFile]:
    """Return the files of a zip archive by name; only its directory is read.

    Raises:
        Unsupported: it is no zip, or one that no builder writes.
    """
    try:
        with ZipFile(cast("IO[bytes]", SeekableFile(archive))) as directory:
            end = directory.start_dir or 0
            infos = sorted(directory.infolist(), key=lambda info: info.header_offset)
    except _MALFORMED as error:
        raise damaged(archive) from error
    # A file ends where the next one begins, not where its header says, so that none overlap.
    ends = [*(info.header_offset for info in infos[1:]), end]
    files = {
        info.filename: ZippedFile(archive=archive, offset=info.header_offset, end=end, info=info)
        for info, end in zip(infos, ends, strict=False)
    }
    if len(files) < len(infos):
        raise Unsupported(f"{archive} holds a file twice", fix="zip it anew")
    return files


class _Unpacked:
    """Reads a file of a zip archive from its header on."""

    def __init__(
        self, archive: Window, stream: BlobReader, size: int, *, is_deflated: bool
    ) -> None:
        self._archive = archive
        self._stream = stream
        self._left = size
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if is_deflated else None
        self._is_begun = False

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, or as much of it as there is, and return how much.

        Raises:
            Unsupported: it is not packed as the archive says.
        """
        if not self._is_begun:
            self._skip_header()
        wanted = buffer[: self._left]
        filled = 0
        while filled < len(wanted):
            count = self._read_some(wanted[filled:])
            if not count:
                break
            filled += count
        self._left -= filled
        return filled

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _skip_header(self) -> None:
        header = self._next(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
            raise damaged(self._archive)
        _, name, extra = _LOCAL_HEADER.unpack(header)
        self._next(name + extra)
        self._is_begun = True

    def _read_some(self, buffer: memoryview) -> int:
        if self._inflater is None:
            return self._stream.readinto(buffer)
        content = b""
        while not content and not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._next(_PIECE)
            try:
                content = self._inflater.decompress(packed, len(buffer))
            except zlib.error as error:
                raise damaged(self._archive) from error
            if not packed:
                break
        buffer[: len(content)] = content
        return len(content)

    def _next(self, size: int) -> bytes:
        content = bytearray(size)
        count = self._stream.readinto(memoryview(content))
        return bytes(content[:count])
