"""Deployments of containers to a container service."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..behaviour.failure import Failure
from .container_output import Problem, container_output

DeploymentState = Literal["ACTIVATING", "ACTIVE", "INACTIVE", "FAILED"]
Stage = Literal["CREATING_DEPLOYMENT", "EVALUATING_HEALTH_CHECK", "ACTIVATING_DEPLOYMENT"]

# What Lightsail writes when a deployment fails; of a crash the container itself tells.
_REASONS: Mapping[Failure, str] = {
    "health_check": "Failed health check",
    "took_too_long": "Took too long",
}


def whole_seconds(time: float) -> int:
    """Return a time as container services, their images and deployments have it.

    It is without milliseconds in each example, while other resources of Lightsail have them:
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_UpdateContainerService.html
    """
    return math.floor(time)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One version of what runs on a container service.

    Args:
        version: its number, counted from 1 for each service.
        containers: the containers by name, in the API's shape.
        public_endpoint: the public endpoint in the API's shape, None without one.
        images: the names of the service's own images that it runs.
        created_at: when it was made, in seconds since the epoch.
        starts_at: when the service is ready for it.
        settles_at: when it becomes ACTIVE or FAILED.
        problems: why containers of it fail, by the container's name; it does not without any.
    """

    version: int
    containers: Mapping[str, Mapping[str, Any]]
    public_endpoint: Mapping[str, Any] | None
    images: frozenset[str]
    created_at: float
    starts_at: float
    settles_at: float
    problems: Mapping[str, Problem]

    def serves(self, at: float) -> bool:
        """Return whether it has become ACTIVE, even if it has ended since."""
        return self.settles_at <= at and not self.problems

    def describe(self, state: DeploymentState) -> dict[str, Any]:
        """Return it in the API's shape."""
        described: dict[str, Any] = {
            "version": self.version,
            "state": state,
            "containers": self.containers,
            "createdAt": whole_seconds(self.created_at),
        }
        if self.public_endpoint:
            described["publicEndpoint"] = self.public_endpoint
        return described

    def stage(self, at: float) -> Stage:
        """Return how far it is while it is made: a third of the time for each stage."""
        _, second, third = self._stage_times
        failure = self._failure
        if at < second or failure == "crash":
            return "CREATING_DEPLOYMENT"
        if at < third or failure:
            return "EVALUATING_HEALTH_CHECK"
        return "ACTIVATING_DEPLOYMENT"

    def log(self, container: str) -> list[tuple[float, str]]:
        """Return what is in a container's log, oldest first: when, and what."""
        endpoint = self.public_endpoint or {}
        is_public = endpoint.get("containerName") == container
        printed = container_output(
            self.containers[container],
            self.problems.get(container),
            path=endpoint["healthCheck"]["path"] if is_public else "/",
            times=self._stage_times,
        )
        creating, *ends = self._own_log()
        # What has the same time stays in this order.
        return sorted((creating, *printed, *ends), key=lambda event: event[0])

    def _own_log(self) -> Iterator[tuple[float, str]]:
        """Yield what Lightsail writes into each container's log."""
        prefix = f"[deployment:{self.version}]"
        yield self.starts_at, f"{prefix} Creating your deployment"
        if failure := self._failure:
            if reason := _REASONS.get(failure):
                yield self.settles_at, f"{prefix} {reason}"
            yield self.settles_at, f"{prefix} Canceled"
        else:
            yield self._stage_times[-1], f"{prefix} Started 1 new node"
            yield self.settles_at, f"{prefix} Reached a steady state"

    @property
    def _failure(self) -> Failure | None:
        """How it fails: of several ways the one that shows first."""
        failures = {problem.failure for problem in self.problems.values()}
        return next((failure for failure in get_args(Failure) if failure in failures), None)

    @property
    def _stage_times(self) -> tuple[float, float, float]:
        """When each stage begins."""
        third = (self.settles_at - self.starts_at) / 3
        return self.starts_at, self.starts_at + third, self.starts_at + 2 * third
