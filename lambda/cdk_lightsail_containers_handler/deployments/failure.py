"""Why a deployment failed, from what its containers have logged."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from ..errors import REASON_LIMIT, HandlerError
from ..plain_text import shortened, size

if TYPE_CHECKING:
    from ..lightsail.client import Lightsail
    from ..lightsail.deployment import Deployment
    from ..request_log import Log

# Lightsail writes such lines into the logs of the containers, which can print the same.
_OF_LIGHTSAIL = re.compile(r"\[deployment:[0-9]+\] .*")
_NO_VERDICTS = ("Creating your deployment", "Started ", "Reached a steady state", "Cancel")
_UNHEALTHY = re.compile(r"health|too long|steady state|\bport\b", re.IGNORECASE)
# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceStateDetail.html
_CHECKING_HEALTH = "EVALUATING_HEALTH_CHECK"
_CAUSES = ("CERTIFICATE_LIMIT_EXCEEDED", "UNKNOWN_ERROR")
_TELLING = re.compile(
    r"error|exception|fatal|panic|fail|cannot|can't|denied|refused|not found|no such|invalid"
    r"|missing|unable|killed|out of memory|exec format| 5[0-9]{2}\b",
    re.IGNORECASE,
)
_MOST_LINES = 5
# Of a failed Create nothing else is left of the lines. Beside the longest ids that CloudFormation
# gives, about 2000 bytes, the answer's 4096 have room for this.
_MOST_LINES_OF_CREATE = 20
_LIMIT_OF_CREATE = 1500
_WORTH_CUTTING = 40
_ROOM_OF_VERDICT = 200
_ROOM_OF_VALUE = 80
_ALSO = ", it also logged: "
_CLOCKS_APART = timedelta(seconds=5)


class DeploymentFailures:
    """Tells why deployments failed.

    Args:
        lightsail: gives the containers' logs.
        log: gets all of them.
    """

    def __init__(self, lightsail: Lightsail, log: Log) -> None:
        self._lightsail = lightsail
        self._log = log

    def explain(self, deployment: Deployment, service: str, detail: str) -> HandlerError:
        """Return what to say of a deployment that failed: the cause, the lines, the fix.

        Args:
            deployment: the one that failed.
            service: its container service.
            detail: code and message of the state in which the service was last seen deploying, as
                it may be shown.
        """
        logs = {name: self._lines(deployment, service, name) for name in deployment.containers}
        culprit = _culprit(logs, deployment)
        lines = logs.get(culprit, [])
        verdict = _verdict(lines, deployment.version)
        state = detail.rstrip(".")
        problem = (
            f"deployment {deployment.version} of container service '{service}' failed"
            f"{_cause(deployment, state, verdict)}, container '{culprit}'"
        )
        fix = f"fix it, {self._log.where}"
        limit = REASON_LIMIT if self._log.is_kept else _LIMIT_OF_CREATE
        said = self._shown(lines, verdict, limit - size(f"{problem}: : {fix}"))
        if not said:
            said = f"there is no log of it{f', the last state was {state}' if state else ''}"
        return HandlerError(f"{problem}: {said}", fix, limit=limit)

    def _lines(self, deployment: Deployment, service: str, container: str) -> list[str]:
        """Return what a container said, each line once and the last one last, and log that.

        The deployment that serves has containers of the same names. What it said a moment before
        and goes on saying is left out, if that leaves a telling line or nothing tells.
        """
        since = deployment.created_at - _CLOCKS_APART
        try:
            events = self._lightsail.container_log(service, container, since - 2 * _CLOCKS_APART)
        except HandlerError as error:
            self._log("no container log", container=container, why=error)
            return []
        old: list[str] = []
        lines: dict[str, str] = {}
        for event in events:
            line = " ".join(self._log.mask(event.message).split())
            if event.at < since:
                old.append(line)
            elif line:
                # Programs are started again, and say the same again.
                lines.pop(line, None)
                lines[line] = event.at.isoformat()
        before = {*map(_without_digits, _of_container(old))}
        new = [line for line in lines if _without_digits(line) not in before]
        telling = _telling(_of_container([*lines]))
        if telling and not {*telling} & {*new}:
            new = [*lines]
        for line in new:
            self._log("container log", line=line, container=container, at=lines[line])
        return new

    def _shown(self, lines: list[str], verdict: str, room: int) -> str:
        """Return the lines that tell the most, as many as there is room for.

        What looks like Lightsail's comes behind those of the container: it may be made up.
        """
        own = _of_container(lines)
        telling = _telling(own) or own
        shown = _fitting(telling, room, _MOST_LINES if self._log.is_kept else _MOST_LINES_OF_CREATE)
        left = min(room - size(" | ".join([*shown, ""])), _ROOM_OF_VERDICT)
        shown += _fitting([verdict] if verdict else [], left, 1)
        said = " | ".join(shown)
        if self._log.is_kept:
            return said
        others = [line for line in own if line not in telling]
        also = _fitting(others, room - size(f"{said}{_ALSO}"), _MOST_LINES_OF_CREATE)
        return f"{said}{_ALSO}{' | '.join(also)}" if also else said


def _verdict(lines: list[str], version: int) -> str:
    """Return the last line in which Lightsail seems to say why the deployment failed."""
    prefix = f"[deployment:{version}] "
    for line in reversed(lines):
        if line.startswith(prefix) and not line.startswith(_NO_VERDICTS, len(prefix)):
            return line
    return ""


def _cause(deployment: Deployment, state: str, verdict: str) -> str:
    """Return what the deployment failed at, as far as that is known."""
    if state.startswith(_CAUSES):
        return f" ({shortened(state, _ROOM_OF_VERDICT)})"
    endpoint = deployment.public_endpoint
    if endpoint and (state.startswith(_CHECKING_HEALTH) or _UNHEALTHY.search(verdict)):
        check = endpoint.health_check
        return (
            f" (health check: GET {shortened(check.path, _ROOM_OF_VALUE)} on port "
            f"{endpoint.container_port} of container '{endpoint.container_name}', success codes "
            f"{shortened(check.success_codes, _ROOM_OF_VALUE)})"
        )
    return ""


def _culprit(logs: dict[str, list[str]], deployment: Deployment) -> str:
    """Return the container that failed, as far as the logs tell: Lightsail does not."""
    endpoint = deployment.public_endpoint
    public = endpoint.container_name if endpoint else ""
    # The one that the internet reaches is the likelier one when they all tell something.
    names = sorted(logs, key=lambda name: name != public)
    for is_told in (_telling, _of_container):
        for name in names:
            if is_told(_of_container(logs[name])):
                return name
    return names[0] if names else "?"


def _fitting(lines: list[str], room: int, most: int) -> list[str]:
    """Return the last lines that there is room for; the one before them is cut if it is worth it.

    Args:
        lines: the lines.
        room: for how many bytes of the answer, with what stands between two lines.
        most: how many lines at most.
    """
    shown: list[str] = []
    for line in reversed(lines[-most:]):
        if size(line) > room and room < _WORTH_CUTTING:
            break
        shown.insert(0, shortened(line, room))
        room -= size(f"{shown[0]} | ")
    return shown


def _telling(lines: list[str]) -> list[str]:
    return [line for line in lines if _TELLING.search(line)]


def _without_digits(line: str) -> str:
    return re.sub("[0-9]", "", line)


def _of_container(lines: list[str]) -> list[str]:
    return [line for line in lines if not _OF_LIGHTSAIL.fullmatch(line)]
