"""What the demo shows."""

import itertools
import os
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_WIDTH = 80
_INDENT = " " * 4
_NO_BREAK = "\N{NO-BREAK SPACE}"


class Screen:
    """Prints steps as they run, with their seconds; moves while they do, on a terminal."""

    def __init__(self) -> None:
        self._moves = sys.stdout.isatty()
        self._colours = self._moves and "NO_COLOR" not in os.environ
        self._doing = ""
        self.seconds: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it runs, and how long it took when it is done."""
        began, done = time.monotonic(), threading.Event()
        self._doing = ""
        moving = threading.Thread(target=self._move, args=(began, done), daemon=True)
        self._print(self._colour(title, "1"))
        if self._moves:
            moving.start()
        mark = "✗"
        try:
            yield
            mark = "✓"
        finally:
            took = time.monotonic() - began
            done.set()
            if self._moves:
                moving.join()
            self.seconds.append((title, took))
            self.line(f"{mark} {took:.1f} s", "32" if mark == "✓" else "31")

    def doing(self, what: str) -> None:
        """Show what the running step does at this moment."""
        self._doing = what

    def command(self, words: Sequence[str]) -> None:
        """Show a command that the user would type, not cut within one of its parts."""
        parts = (word.replace(" ", _NO_BREAK) for word in words)
        self.line(f"$ {' '.join(parts)}", "36")

    def line(self, text: str = "", colour: str = "") -> None:
        """Print a line below the running step's title, cut between words where it is too long."""
        first = len(text) - len(text.lstrip())
        wrapped = textwrap.wrap(
            text,
            _WIDTH - 1,
            initial_indent=_INDENT,
            subsequent_indent=f"{_INDENT}{' ' * first}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in wrapped or [""]:
            shown = part.replace(_NO_BREAK, " ")
            self._print(self._colour(shown, colour) if colour else shown)

    def code(self, text: str) -> None:
        """Print lines of a program as they are."""
        for line in text.splitlines():
            self._print(f"{_INDENT}{line}" if line else "")

    def title(self, text: str) -> None:
        """Print a headline."""
        self._print(f"\n{self._colour(text, '1;36')}\n")

    def table(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Print rows in columns, the last one to the right."""
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for number, (first, second, third) in enumerate(rows):
            text = f"  {first:<{widths[0]}}  {second:<{widths[1]}}  {third:>{widths[2]}}"
            self._print(self._colour(text, "1") if number == 0 else text)

    def _move(self, began: float, done: threading.Event) -> None:
        for frame in itertools.cycle(_FRAMES):
            start = f"{_INDENT}{frame} {time.monotonic() - began:.0f} s  "
            doing = textwrap.shorten(self._doing, _WIDTH - 1 - len(start), placeholder=" ...")
            sys.stdout.write(f"\r\x1b[K{start}{doing}")
            sys.stdout.flush()
            if done.wait(0.1):
                sys.stdout.write("\r\x1b[K")
                return

    def _print(self, text: str) -> None:
        start = "\r\x1b[K" if self._moves else ""
        sys.stdout.write(f"{start}{text}\n")
        sys.stdout.flush()

    def _colour(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours else text
