"""A state over time, for reads that show what was before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Generic, TypeVar

_State = TypeVar("_State")


class History(Generic[_State]):
    """A state over time; every write makes a new state and leaves the ones before alone.

    Args:
        first: the state before the first write.
        clock: tells the time.
    """

    def __init__(self, first: _State, clock: Callable[[], float]) -> None:
        self._clock = clock
        # When each state was written, oldest first.
        self._states: list[tuple[float, _State]] = [(0, first)]

    def now(self) -> _State:
        """Return the state as it is."""
        return self._states[-1][1]

    def before(self, seconds: float) -> _State:
        """Return the state as it was some seconds ago."""
        if not seconds:
            return self.now()
        at = self._clock() - seconds
        written = (state for time, state in reversed(self._states) if time <= at)
        return next(written, self._states[0][1])

    def put(self, state: _State, seconds: float) -> None:
        """Write a state.

        Args:
            state: the state.
            seconds: how many seconds ago a read may look.
        """
        now = self._clock()
        # Of the states that a read can show by now, only the newest still will be.
        older = list(takewhile(lambda one: one[0] <= now - seconds, self._states))
        self._states = [*older[-1:], *self._states[len(older) :], (now, state)]
