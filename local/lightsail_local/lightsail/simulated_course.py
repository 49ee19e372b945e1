"""How a deployment goes that does not run: known from its images before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from ..behaviour.failure import Failure
from .container_output import Problem, container_output
from .runtime import NodeState, Order

# What Lightsail writes when a deployment fails; of a crash the container itself tells.
REASONS: Mapping[Failure, str] = {
    "health_check": "Failed health check",
    "took_too_long": "Took too long",
}


@dataclass(frozen=True, kw_only=True)
class SimulatedCourse:
    """The course of a deployment that takes its time, and does what its images say.

    Args:
        order: what is deployed.
        settles_at: when it becomes ACTIVE or FAILED.
        problems: why containers of it fail, by the container's name; it does not without any.
    """

    order: Order
    settles_at: float
    problems: Mapping[str, Problem]

    @property
    def failure(self) -> Failure | None:
        """How it fails: of several ways the one that shows first."""
        failures = {problem.failure for problem in self.problems.values()}
        return next((failure for failure in get_args(Failure) if failure in failures), None)

    @property
    def stage_times(self) -> tuple[float, float, float]:
        """When each stage begins, as far as it comes."""
        first, second, third = self._times
        if self.failure == "crash":
            return first, math.inf, math.inf
        return first, second, math.inf if self.failure else third

    def log(self, container: str) -> list[tuple[float, str]]:
        """Return what is in a container's log, oldest first: when, and what."""
        endpoint = self.order.public_endpoint or {}
        is_public = endpoint.get("containerName") == container
        printed = container_output(
            self.order.containers[container],
            self.problems.get(container),
            path=endpoint["healthCheck"]["path"] if is_public else "/",
            times=self._times,
        )
        creating, *ends = self._own_log()
        # What has the same time stays in this order.
        return sorted((creating, *printed, *ends), key=lambda event: event[0])

    def nodes(self) -> Sequence[NodeState]:
        """Return none: nothing runs."""
        return ()

    def _own_log(self) -> Iterator[tuple[float, str]]:
        """Yield what Lightsail writes into each container's log."""
        prefix = f"[deployment:{self.order.version}]"
        yield self.order.starts_at, f"{prefix} Creating your deployment"
        if failure := self.failure:
            if reason := REASONS.get(failure):
                yield self.settles_at, f"{prefix} {reason}"
            yield self.settles_at, f"{prefix} Canceled"
        else:
            yield self._times[-1], f"{prefix} Started 1 new node"
            yield self.settles_at, f"{prefix} Reached a steady state"

    @property
    def _times(self) -> tuple[float, float, float]:
        """A third of the time for each stage."""
        starts_at = self.order.starts_at
        third = (self.settles_at - starts_at) / 3
        return starts_at, starts_at + third, starts_at + 2 * third
