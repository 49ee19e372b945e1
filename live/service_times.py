"""How long a container service was in each of its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any


class ServiceTimes:
    """Notes when a look shows another state or stage than the one before.

    Args:
        clock: tells the time, seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changes: list[tuple[str, float]] = []

    def note(self, service: Mapping[str, Any]) -> None:
        """Note what a service is, in the API's shape."""
        code = service.get("stateDetail", {}).get("code")
        state = f"{service['state']} ({code})" if code else service["state"]
        if not self._changes or self._changes[-1][0] != state:
            self._changes.append((state, self._clock()))

    @property
    def rows(self) -> list[tuple[str, float]]:
        """The states that have ended, in order, and the seconds in each."""
        ended = pairwise(self._changes)
        return [(state, end - began) for (state, began), (_, end) in ended]
