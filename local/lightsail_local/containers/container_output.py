"""What the containers of a deployment say."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

# Of a container that says too much, the newest lines are kept.
_MOST_LINES = 10_000
_LONGEST_LINE = 1 << 16


class ContainerOutput:
    """Lines with their times, by the container's name.

    Args:
        containers: the containers' names.
        clock: tells the time.
    """

    def __init__(self, containers: list[str], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[str, deque[tuple[float, str]]] = {
            name: deque(maxlen=_MOST_LINES) for name in containers
        }

    def add(self, container: str, text: str) -> None:
        """Take a line of a container."""
        with self._lock:
            self._lines[container].append((self._clock(), text[:_LONGEST_LINE]))

    def add_to_all(self, text: str) -> None:
        """Take a line that stands in each container's log."""
        for container in self._lines:
            self.add(container, text)

    def lines(self, container: str) -> list[tuple[float, str]]:
        """Return what a container has said, oldest first: when, and what."""
        with self._lock:
            return list(self._lines[container])
