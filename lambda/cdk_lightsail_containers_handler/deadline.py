"""How long a request may go on."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self, TypeVar

_T = TypeVar("_T")
_LONGER = 1.5

# A role's new permissions take so long to every service of AWS.
_PERMISSIONS_SECONDS = 12.0


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The moment at which a request must have begun its last call.

    Args:
        ends: seconds of `clock`.
        clock: a clock that never goes back.
        sleep: how to wait, seconds.
    """

    ends: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def left(self) -> float:
        """Return the seconds that are left, never below 0."""
        return max(0.0, self.ends - self.clock())

    def within(self, seconds: float) -> Self:
        """Return the deadline that comes first: this one, or one in so many seconds."""
        return replace(self, ends=min(self.ends, self.clock() + seconds))

    def pause(self, seconds: float) -> bool:
        """Wait, and return whether there is still time; do not wait when there would be none."""
        if seconds >= self.left():
            return False
        self.sleep(seconds)
        return True

    def back_off(self, attempt: int) -> bool:
        """Wait before the next attempt, the longer the more there were, and with jitter.

        The jitter keeps many stacks that were throttled together from coming back together, see
        https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

        Args:
            attempt: 0 after the first attempt.

        Returns:
            Whether there is time for another attempt.
        """
        longest = min(10.0, 0.5 * 2.0 ** min(attempt, 8))
        return self.pause(random.uniform(longest / 2, longest))  # nosec B311  # noqa: S311 - no secret

    def pauses(self, first: float, longest: float) -> "Pauses":
        """Return the turns of a loop that looks at something, with a pause before each new one.

        Args:
            first: the seconds of the first pause; each of the others is half as long again.
            longest: the most seconds of a pause.
        """
        return Pauses(self, first, longest)


class Pauses:
    """The turns of a loop, counted from 0; they end when there is no time for another pause.

    Attributes:
        shortest: the least seconds of a pause; may be changed in a turn.
        longest: the most seconds of a pause; may be changed in a turn.
    """

    def __init__(self, deadline: Deadline, first: float, longest: float) -> None:
        self.shortest = 0.0
        self.longest = longest
        self._deadline = deadline
        self._seconds = first
        self._turns = 0

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> int:
        """Wait, but not before the first turn."""
        turn, self._turns = self._turns, self._turns + 1
        if turn:
            seconds = min(self._seconds, self.longest)
            self._seconds = seconds * _LONGER
            if not self._deadline.pause(max(seconds, self.shortest)):
                raise StopIteration
        return turn


def permissions_on_their_way(deadline: Deadline) -> Callable[[], bool]:
    """Return what says whether the role may still be allowed what it is denied."""
    until = deadline.left() - _PERMISSIONS_SECONDS
    return lambda: deadline.left() > until


class TooLate(Exception):
    """A call has not ended in its time; it may still be carried out."""


def in_time(act: Callable[[], _T], seconds: float) -> _T:
    """Return what a call returns, and wait for it so long at most.

    A client's timeouts do not bound a call: each read has its own, each address of a name is tried,
    and to resolve the name has none. A thread cannot be ended, so the call goes on by itself.

    Args:
        act: the call.
        seconds: how long to wait, in real time.

    Raises:
        TooLate: it has not ended by then.
    """
    # Not a `Future`: to import `concurrent.futures` takes longer than all of this.
    results: list[_T] = []
    failures: list[BaseException] = []
    has_ended = threading.Event()

    def run() -> None:
        try:
            results.append(act())
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is waited for
            failures.append(error)
        has_ended.set()

    threading.Thread(target=run, daemon=True).start()
    if not has_ended.wait(seconds):
        raise TooLate(f"no answer in {seconds:g} s")
    if failures:
        raise failures.pop()
    return results[0]
