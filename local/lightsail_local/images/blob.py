"""Blobs, as far as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Real ones have some kilobytes.
LARGEST_CONFIG = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A blob whose digest was checked.

    Args:
        size: its size in bytes.
        content: its bytes if it can be a config, which is read for its platform; else none.
        file: all of it; None where nothing runs, for there it is never read.
    """

    size: int
    content: bytes
    file: Path | None = None

    def drop(self) -> None:
        """Remove what is kept of it on disk."""
        if self.file:
            self.file.unlink(missing_ok=True)
