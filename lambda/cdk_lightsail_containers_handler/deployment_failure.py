"""Why a deployment failed, from what its containers have logged."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from .errors import REASON_LIMIT, HandlerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .deployment import Deployment
    from .lightsail import Lightsail
    from .request_log import Log

# Lightsail's own lines among those of the containers.
_OWN_LINE = re.compile(r"\[deployment:(?P<version>[0-9]+)\] (?P<text>.*)")
_NO_REASONS = ("Creating your deployment", "Started ", "Reached a steady state", "Cancel")
_TELLING = re.compile(
    r"error|exception|fatal|panic|fail|cannot|can't|denied|refused|not found|no such|invalid"
    r"|missing|unable|killed|out of memory|exec format| 5[0-9]{2}\b",
    re.IGNORECASE,
)
_MOST_LINES_SHOWN = 5
_CLOCKS_APART = timedelta(seconds=5)


class DeploymentFailures:
    """Tells why deployments failed.

    Args:
        lightsail: gives the containers' logs.
        log: where they are told, whole.
        mask: takes what is secret out of them; programs print what they are configured with.
    """

    def __init__(self, lightsail: Lightsail, log: Log, mask: Callable[[str], str]) -> None:
        self._lightsail = lightsail
        self._log = log
        self._mask = mask

    def explain(self, deployment: Deployment, service: str, detail: str) -> HandlerError:
        """Return what to say of a deployment that failed.

        Args:
            deployment: the one that failed.
            service: its container service.
            detail: code and message of the state in which the service was last seen deploying.
        """
        logs = {name: self._lines(deployment, service, name) for name in deployment.containers}
        culprit = _culprit(logs, deployment)
        own = _reason(logs, deployment.version)
        matter = _last_that_matter(logs.get(culprit, []))
        code = detail.partition(":")[0]
        # The message only where there is room for it: the containers' lines say more.
        for state in (detail, code):
            why = "; ".join(filter(None, (state.rstrip("."), own)))
            problem = (
                f"deployment {deployment.version} of container service '{service}' failed"
                f"{f' ({why})' if why else ''}, container '{culprit}'"
            )
            room = REASON_LIMIT - len(f"{problem}: : {_cure()}")
            if not matter or _size(matter[-1]) <= room:
                break
        lines = _as_many_as_fit(matter, room)
        return HandlerError(f"{problem}: {lines}" if lines else problem, _cure(), REASON_LIMIT)

    def _lines(self, deployment: Deployment, service: str, container: str) -> list[str]:
        """Return what a container logged, and log it."""
        since = deployment.created_at - _CLOCKS_APART
        try:
            events = self._lightsail.container_log(service, container, since)
        except HandlerError as error:
            self._log("no container log", container=container, why=str(error))
            return []
        lines = [self._mask(event.message) for event in events]
        for event, line in zip(events, lines, strict=True):
            self._log("container log", container=container, at=event.at.isoformat(), line=line)
        return lines


def _cure() -> str:
    group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    return f"mend it, its log is in {f'log group {group}' if group else 'the log of the function'}"


def _reason(logs: dict[str, list[str]], version: int) -> str:
    """Return what Lightsail itself says, in a line of the containers' logs."""
    for lines in logs.values():
        for line in reversed(lines):
            own = _OWN_LINE.fullmatch(line.strip())
            if own and int(own["version"]) == version and not own["text"].startswith(_NO_REASONS):
                return own["text"]
    return ""


def _culprit(logs: dict[str, list[str]], deployment: Deployment) -> str:
    """Return the container that failed, as far as the logs tell: Lightsail does not."""
    endpoint = deployment.public_endpoint
    public = [endpoint.container_name] if endpoint else []
    # The one that the internet reaches is the likelier one when they all tell something.
    names = [*public, *(name for name in deployment.containers if name not in public)]
    for is_told in (_telling, _of_container):
        for name in names:
            if is_told(logs.get(name, [])):
                return name
    return names[0] if names else "?"


def _last_that_matter(lines: list[str]) -> list[str]:
    """Return the lines that matter, the last one last, and each once: programs are restarted."""
    chosen = reversed(_telling(lines) or _of_container(lines))
    return list(reversed(dict.fromkeys(chosen)))


def _as_many_as_fit(lines: list[str], room: int) -> str:
    """Return the last lines that there is room for, or the last one, which is shortened then."""
    joined = _shortened(lines[-1], room) if lines else ""
    for line in reversed(lines[-_MOST_LINES_SHOWN:-1]):
        longer = f"{line} | {joined}"
        if _size(longer) > room:
            break
        joined = longer
    return joined


def _shortened(line: str, room: int) -> str:
    if _size(line) <= room:
        return line
    start = line[: max(room, 0)]
    while start and _size(f"{start}...") > room:
        start = start[:-1]
    return f"{start}..."


def _size(text: str) -> int:
    """Return the bytes of a text in the answer, which counts them: beyond ASCII six and more."""
    return len(json.dumps(text)) - len('""')


def _telling(lines: list[str]) -> list[str]:
    return [line for line in _of_container(lines) if _TELLING.search(line)]


def _of_container(lines: list[str]) -> list[str]:
    return [
        line.strip() for line in lines if line.strip() and not _OWN_LINE.fullmatch(line.strip())
    ]
