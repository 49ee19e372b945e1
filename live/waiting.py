"""Waiting for what takes minutes on AWS and moments on a local cloud, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from . import interruption

_T = TypeVar("_T")

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_GROWTH = 1.5


class TookTooLong(Exception):
    """Something did not happen while it was waited for."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How to wait: a clock that never goes back, and a pause, both in seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = interruption.sleep

    def looks(self, seconds: float) -> Iterator[float]:
        """Yield when to look, as seconds from now, less and less often, once at the end too."""
        began, pause = self.clock(), _FIRST_PAUSE
        while True:
            passed = self.clock() - began
            yield passed
            if passed >= seconds:
                return
            self.sleep(min(pause, seconds - passed))
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)

    def until(
        self, look: Callable[[], _T | Literal[False] | None], seconds: float, what: str
    ) -> _T:
        """Return what a look finds, as soon as it is neither None nor False.

        Raises:
            TookTooLong: it came to nothing in that time; `what` begins the sentence.
        """
        for _ in self.looks(seconds):
            found = look()
            if found is not None and found is not False:
                return found
        raise TookTooLong(f"{what} in {seconds / 60:.0f} minutes")
