"""The nodes of a deployment: which of them get requests, and their renewal by others."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

from ..lightsail.runtime import HealthCheck
from .node import Node

_DRAIN_SECONDS = 30.0
_KEPT_HEALTH_CHECKS = 10


class ServingNodes:
    """The nodes of one deployment.

    Args:
        changed: guards them, and is notified when a request ends.
        is_cut_short: whether requests are waited for no longer.

    Attributes:
        all: every node, also those that get no requests yet.
    """

    def __init__(self, changed: threading.Condition, is_cut_short: Callable[[], bool]) -> None:
        self.all: list[Node] = []
        self._changed = changed
        self._is_cut_short = is_cut_short
        self._serving: Sequence[Node] = ()
        self._turn = 0
        self._requests: Counter[Node] = Counter()
        self._health_checks: dict[Node, deque[HealthCheck]] = {}

    def add(self, node: Node) -> None:
        """Add a node, which gets no requests yet."""
        self.all.append(node)
        with self._changed:
            self._health_checks[node] = deque(maxlen=_KEPT_HEALTH_CHECKS)

    def note(self, node: Node, checked: HealthCheck) -> None:
        """Keep what a check of a node's health has shown."""
        with self._changed:
            self._health_checks[node].append(checked)

    def health_checks(self) -> Mapping[Node, Sequence[HealthCheck]]:
        """Return the last checks of each node."""
        with self._changed:
            return {node: list(kept) for node, kept in self._health_checks.items()}

    def take(self) -> Node:
        """Return the node for the next request.

        The request counts until `give_back`: the node stays as long as it takes.
        """
        with self._changed:
            self._turn += 1
            node = self._serving[self._turn % len(self._serving)]
            self._requests[node] += 1
            return node

    def give_back(self, node: Node) -> None:
        """End a request."""
        with self._changed:
            self._requests[node] -= 1
            self._changed.notify_all()

    def serve_from(self, nodes: Sequence[Node]) -> None:
        """Give requests to these nodes alone, and stop all others once theirs are answered."""
        with self._changed:
            self._serving = list(nodes)
        retired = [node for node in self.all if node not in nodes]
        self.drain(retired)
        for node in retired:
            node.stop()
            self.all.remove(node)
            with self._changed:
                del self._health_checks[node]

    def drain(self, nodes: Sequence[Node]) -> None:
        """Wait until nodes have answered their requests, but not for ever."""
        with self._changed:
            self._changed.wait_for(
                lambda: not any(self._requests[node] for node in nodes) or self._is_cut_short(),
                _DRAIN_SECONDS,
            )
