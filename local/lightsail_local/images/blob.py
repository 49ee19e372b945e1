"""Blobs, as far as they are kept."""

from __future__ import annotations

from dataclasses import dataclass

# Real ones have some kilobytes.
LARGEST_CONFIG = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A blob whose digest was checked; it is never pulled, so its size is most of what is kept.

    Args:
        size: its size in bytes.
        content: its bytes if it can be a config, which is read for its platform; else none.
    """

    size: int
    content: bytes
