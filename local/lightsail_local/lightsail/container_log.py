"""The logs of containers: what Lightsail writes of deployments, and what they print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import invalid
from .container_service import ContainerService


def read_log(
    service: ContainerService, at: float, behaviour: Behaviour, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return GetContainerLog's answer.

    Args:
        service: the service.
        at: the time; nothing later is in the log.
        behaviour: how much of it is kept, and answered at once.
        parameters: GetContainerLog's.

    Raises:
        LightsailError: the page token is none of ours.
    """
    token = parameters.get("pageToken", "0")
    if not token.isdecimal():
        raise invalid(f'Invalid page token "{token}".')
    first = max(parameters.get("startTime", 0), at - behaviour.kept_log_seconds)
    last = min(parameters.get("endTime", at), at)
    events = [
        {"createdAt": round(time, 3), "message": message}
        for time, message in log_lines(service, parameters["containerName"])
        # The time that was answered may be the next start: it is rounded up, perhaps.
        if first <= round(time, 3)
        and time <= last
        and _matches(message, parameters.get("filterPattern", ""))
    ]
    start, end = int(token), int(token) + behaviour.log_page_size
    answer: dict[str, Any] = {"logEvents": events[start:end]}
    if end < len(events):
        answer["nextPageToken"] = str(end)
    return answer


def log_lines(service: ContainerService, container: str) -> list[tuple[float, str]]:
    """Return the log of a container over all deployments, also what a simulation says later.

    By time: the deployment that serves goes on beside one that comes.
    """
    lines = [
        line
        for deployment in service.deployments
        if container in deployment.containers
        for line in deployment.course.log(container)
    ]
    return sorted(lines, key=lambda line: line[0])


def _matches(message: str, pattern: str) -> bool:
    """Return whether a pattern lets a message through.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_GetContainerLog.html:
    `A B` means both, `?A ?B` either, `-A` not.
    """
    terms = pattern.split()
    either = [term[1:] for term in terms if term.startswith("?")]
    return (
        all(term[1:] not in message for term in terms if term.startswith("-"))
        and all(term in message for term in terms if not term.startswith(("?", "-")))
        and (not either or any(term in message for term in either))
    )
