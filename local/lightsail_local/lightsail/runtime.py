"""What makes deployments: it simulates them, or runs their containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..behaviour.failure import Failure

Health = Literal["healthy", "unhealthy", "silent"]
"""`silent` is what does not listen yet."""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """One look at a node's health.

    Args:
        at: when it was.
        health: what it showed.
        answer: what the container answered, in a few words.
    """

    at: float
    health: Health
    answer: str


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """A container on a node.

    Args:
        is_running: whether it runs.
        restarts: how often it was started again.
        exit_code: what it ended with the last time, None if it never did.
    """

    is_running: bool
    restarts: int
    exit_code: int | None


@dataclass(frozen=True, kw_only=True)
class NodeState:
    """A node of a deployment.

    Args:
        containers: its containers by name.
        health_checks: the last ones, oldest first.
    """

    containers: Mapping[str, ContainerState]
    health_checks: Sequence[HealthCheck]


class Course(Protocol):
    """How the making of one deployment goes."""

    @property
    def settles_at(self) -> float:
        """When it becomes ACTIVE or FAILED; infinity for as long as that is not known."""

    @property
    def failure(self) -> Failure | None:
        """How it fails, None if it does not."""

    @property
    def stage_times(self) -> tuple[float, float, float]:
        """When each stage begins; infinity for one that does not begin."""

    def log(self, container: str) -> list[tuple[float, str]]:
        """Return what is in a container's log, oldest first: when, and what."""

    def nodes(self) -> Sequence[NodeState]:
        """Return the nodes that its containers were started on; none if they are simulated."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a deployment is to run.

    Args:
        service: the service's name.
        version: the deployment's number.
        containers: the containers by name, in the API's shape.
        digests: the digests of the service's own images, by the container's name.
        public_endpoint: the public endpoint in the API's shape, None without one.
        power: the name of the service's power.
        scale: on how many nodes.
        starts_at: when the service is ready for it.
    """

    service: str
    version: int
    containers: Mapping[str, Mapping[str, Any]]
    digests: Mapping[str, str]
    public_endpoint: Mapping[str, Any] | None
    power: str
    scale: int
    starts_at: float


class Runtime(Protocol):
    """Runs deployments."""

    def url(self, service: str) -> str:
        """Return the address that a service's public endpoint answers at."""

    def deploy(self, order: Order) -> Course:
        """Begin to run a deployment; the one that serves goes on until this one is ACTIVE."""

    def enable(self, service: str, is_enabled: bool) -> None:
        """Let the public endpoint of a service answer, or not."""

    def resize(self, service: str, power: str, scale: int) -> None:
        """Let what runs for a service have another power, on another number of nodes."""

    def end(self, service: str) -> None:
        """Stop all that runs for a service."""
