"""The files in a tar archive."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from tarfile import TarError, TarFile, TarInfo
from typing import IO, cast

from ..blob_copy import BlobReader
from ..errors import Unsupported
from .archive_file import SeekableFile, Window, damaged

_MOST_FILES = 10_000
_MALFORMED = (TarError, ArithmeticError, LookupError, OSError, RecursionError, ValueError)
"""What `tarfile` raises; headers in headers end Python's stack before they end the archive."""


@dataclass(frozen=True, kw_only=True)
class TarredFile:
    """A file in a tar archive.

    Args:
        archive: the archive.
        offset: where it begins.
        size: its bytes.
        beginning: its first two bytes, which came with its header.
    """

    archive: Window
    offset: int
    size: int
    beginning: bytes

    def open(self) -> BlobReader:
        """Ask for all of it, and leave its first byte for later."""
        return self.archive.open(self.offset, self.size)


def tar_files(archive: Window) -> dict[str, TarredFile]:
    """Return the files of a tar archive by name; only what stands before each is read.

    Raises:
        Unsupported: it is no tar, or one that no builder writes.
    """
    files: dict[str, TarredFile] = {}
    links: dict[str, str] = {}
    try:
        tar = TarFile(fileobj=cast("IO[bytes]", SeekableFile(archive)))
        while (member := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            name = _normal(member.name)
            if member.size < 0 or member.issparse() or len(files) + len(links) == _MOST_FILES:
                raise damaged(archive)
            if member.isreg():
                # Nix writes a layer again that an image has twice.
                if files.get(name, member).size != member.size:
                    raise Unsupported(f"{archive} holds a file twice", fix="write it anew")
                offset = member.offset_data
                beginning = archive.read(offset, 2)
                files[name] = TarredFile(
                    archive=archive, offset=offset, size=member.size, beginning=beginning
                )
            elif member.islnk() or member.issym():
                links[name] = _target(member)
    except _MALFORMED as error:
        raise damaged(archive) from error
    # `docker save` has links for layers that are the same.
    linked = {name: files[target] for name, target in links.items() if target in files}
    return linked | files


def _target(link: TarInfo) -> str:
    folder = posixpath.dirname(link.name) if link.issym() else ""
    return _normal(posixpath.join(folder, link.linkname))


def _normal(path: str) -> str:
    return posixpath.normpath(path).lstrip("/")
