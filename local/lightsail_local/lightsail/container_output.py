"""What containers print: the ones that serve, and the ones that fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..behaviour.failure import Failure


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a container does not come to serve.

    Args:
        failure: how it fails.
        reason: what is said of it.
        is_started: whether its program starts at all.
    """

    failure: Failure
    reason: str
    is_started: bool = True


def container_output(
    container: Mapping[str, Any],
    problem: Problem | None,
    *,
    path: str,
    times: tuple[float, float, float],
) -> Iterator[tuple[float, str]]:
    """Yield what a container prints: when, and the line.

    Args:
        container: the container, in the API's shape.
        problem: why it fails, None if it does not.
        path: the path that its health is checked at.
        times: when it starts, when it listens, and when it has been checked.
    """
    first, second, third = times
    if problem and problem.failure == "crash":
        yield from _crash(container, problem, times)
        return
    yield first, "starting"
    if problem and problem.failure == "took_too_long":
        return
    for port in container.get("ports", {}):
        yield second, f"listening on port {port}"
    if problem:
        yield third, f"GET {path} 503"


def _crash(
    container: Mapping[str, Any], problem: Problem, times: tuple[float, float, float]
) -> Iterator[tuple[float, str]]:
    if not problem.is_started:
        yield times[0], problem.reason
        return
    environment = [f"{name}={value}" for name, value in container.get("environment", {}).items()]
    # It is started again twice.
    for time in times:
        yield time, "starting"
        # Real programs do that, and a reader of logs has to be ready for it.
        yield time, " ".join(["environment:", *environment])
        yield time, f"Error: cannot start: {' '.join(problem.reason.split())}"
