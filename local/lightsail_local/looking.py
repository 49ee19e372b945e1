"""What containers log, and where services answer, for a person without a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3

_POLL_SECONDS = 0.5


class RunningServices:
    """The container services of the cloud that this process's environment leads to."""

    def __init__(self) -> None:
        self._lightsail = boto3.client("lightsail")

    def close(self) -> None:
        """End the connections."""
        self._lightsail.close()

    def log(self, service: str, *, follow: bool) -> Iterator[str]:
        """Yield the lines of all containers of a service, by time; `follow` goes on for ever."""
        seen: dict[str, list[tuple[datetime, str]]] = {}
        while True:
            # As the API has them: whole ones of the newest deployments first.
            names = {name: 0 for one in self._deployments(service) for name in one["containers"]}
            new = []
            for name in names:
                old = seen.get(name, [])
                events = self._events(service, name, old)
                new += [(*event, name) for event in _newer(events, old)]
                seen[name] = events
            for at, message, name in sorted(new, key=lambda event: event[0]):
                yield f"{at.astimezone():%H:%M:%S}  {name}  {message}"
            if not follow:
                return
            time.sleep(_POLL_SECONDS)

    def url(self, service: str) -> str:
        """Return a service's URL."""
        answer = self._lightsail.get_container_services(serviceName=service)
        url: str = answer["containerServices"][0]["url"]
        return url

    def _deployments(self, service: str) -> list[dict[str, Any]]:
        answer = self._lightsail.get_container_service_deployments(serviceName=service)
        return sorted(answer["deployments"], key=lambda one: one["version"], reverse=True)

    def _events(
        self, service: str, container: str, old: list[tuple[datetime, str]]
    ) -> list[tuple[datetime, str]]:
        """Return a log's events, of one that was seen before from its last second on."""
        events: list[tuple[datetime, str]] = []
        page: dict[str, Any] = {"startTime": old[-1][0]} if old else {}
        while True:
            answer = self._lightsail.get_container_log(
                serviceName=service, containerName=container, **page
            )
            events += [(event["createdAt"], event["message"]) for event in answer["logEvents"]]
            if "nextPageToken" not in answer:
                return events
            page["pageToken"] = answer["nextPageToken"]


def _newer(
    events: list[tuple[datetime, str]], old: list[tuple[datetime, str]]
) -> list[tuple[datetime, str]]:
    """Return the events behind the last old one; the oldest of a long log go."""
    if not old:
        return events
    last = old[-1][0]
    shown = sum(at == last for at, _ in old)
    later = [event for event in events if event[0] >= last]
    return later[shown:]
