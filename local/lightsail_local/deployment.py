"""Deployments of containers to a container service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

DeploymentState = Literal["ACTIVATING", "ACTIVE", "INACTIVE", "FAILED"]


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
        problem: why it fails, empty if it does not.
    """

    version: int
    containers: Mapping[str, Mapping[str, Any]]
    public_endpoint: Mapping[str, Any] | None
    images: frozenset[str]
    created_at: float
    starts_at: float
    settles_at: float
    problem: str

    def serves(self, at: float) -> bool:
        """Return whether it has become ACTIVE, whatever followed."""
        return self.settles_at <= at and not self.problem

    def describe(self, state: DeploymentState) -> dict[str, Any]:
        """Return it in the API's shape."""
        described: dict[str, Any] = {
            "version": self.version,
            "state": state,
            "containers": self.containers,
            "createdAt": round(self.created_at, 3),
        }
        if self.public_endpoint:
            described["publicEndpoint"] = self.public_endpoint
        return described

    def log(self) -> Iterator[tuple[float, str]]:
        """Yield what Lightsail writes into each container's log: when, and what."""
        prefix = f"[deployment:{self.version}]"
        yield self.starts_at, f"{prefix} Creating your deployment"
        if self.problem:
            yield self.settles_at, self.problem
            yield self.settles_at, f"{prefix} Canceled"
        else:
            yield self.settles_at, f"{prefix} Started 1 new node"
            yield self.settles_at, f"{prefix} Reached a steady state"
