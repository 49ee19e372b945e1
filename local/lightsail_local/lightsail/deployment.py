"""Deployments of containers to a container service."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .runtime import Course

DeploymentState = Literal["ACTIVATING", "ACTIVE", "INACTIVE", "FAILED"]
Stage = Literal["CREATING_DEPLOYMENT", "EVALUATING_HEALTH_CHECK", "ACTIVATING_DEPLOYMENT"]


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
        course: how its making goes.
    """

    version: int
    containers: Mapping[str, Mapping[str, Any]]
    public_endpoint: Mapping[str, Any] | None
    images: frozenset[str]
    created_at: float
    course: Course

    def is_settled(self, at: float) -> bool:
        """Return whether it is no longer being made."""
        return self.course.settles_at <= at

    def serves(self, at: float) -> bool:
        """Return whether it has become ACTIVE, even if it has ended since."""
        return self.is_settled(at) and not self.course.failure

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
        """Return how far it is while it is made."""
        _, second, third = self.course.stage_times
        if at < second:
            return "CREATING_DEPLOYMENT"
        return "EVALUATING_HEALTH_CHECK" if at < third else "ACTIVATING_DEPLOYMENT"
