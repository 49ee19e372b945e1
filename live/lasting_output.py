"""An output that may go away before what it tells of is over."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO


class LastingOutput:
    """A stream whose end, such as that of a terminal that was closed, is no failure."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a string at once, if the other end is still there."""
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Send what is written."""
        with suppress(OSError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream.isatty()
