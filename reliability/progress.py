"""How far a command is, in one line of a terminal."""

from __future__ import annotations

import sys
import time


class Progress:
    """Shows how far many runs are, of a total if it is known; only on a terminal."""

    def __init__(self, total: int | None, doing: str = "") -> None:
        self._total = total
        self._done = self._broken = 0
        self._began = time.monotonic()
        self._is_shown = sys.stderr.isatty()
        self._show(doing)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    def add(self, name: str, *, is_broken: bool) -> None:
        """Count a run that has ended."""
        self._done += 1
        self._broken += is_broken
        self._show(name)

    def end(self) -> None:
        """Clear the line."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _show(self, name: str) -> None:
        if self._is_shown:
            seconds = int(self.seconds)
            total = f" of {self._total}" if self._total is not None else ""
            done = f"{self._done}{total}, {self._broken} broken"
            sys.stderr.write(f"\r\x1b[K{seconds // 60}:{seconds % 60:02}  {done}  {name}")
            sys.stderr.flush()
