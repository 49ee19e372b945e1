"""What `lightsail-local status` shows: in short, what the page does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 60.0


def read_state(page: str) -> dict[str, Any]:
    """Return what the page at a URL shows.

    Raises:
        OSError: It does not answer.
        HTTPException: It ends while it answers.
    """
    # A connection of our own: urllib would go through a proxy that the environment names.
    with closing(http.client.HTTPConnection(urlsplit(page).netloc, timeout=_SECONDS)) as connection:
        connection.request("GET", "/state.json")
        state: dict[str, Any] = json.load(connection.getresponse())
    return state


def status_lines(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines that show every service, its deployments, and why those failed that did.

    A service that was deleted is shown if its last deployment failed: a stack whose first deploy
    fails is rolled back.

    Args:
        state: What the page shows.
    """
    services = [service for service in state["services"] if _is_shown(service)]
    if not services:
        yield "no container services"
    for service in services:
        detail = f" ({service['detail']['code']})" if service["detail"] else ""
        url = "" if service["state"] == "DELETED" else f"  {service['url']}"
        yield f"{service['name']}  {service['state']}{detail}{url}"
        for deployment in service["deployments"]:
            yield from _deployment(deployment)


def _is_shown(service: Mapping[str, Any]) -> bool:
    newest = [deployment["state"] for deployment in service["deployments"][:1]]
    return service["state"] != "DELETED" or newest == ["FAILED"]


def _deployment(deployment: Mapping[str, Any]) -> Iterator[str]:
    images = ", ".join(f"{each['name']} {each['image']}" for each in deployment["containers"])
    yield f"  {deployment['version']}  {deployment['state']}  {images}"
    if problem := deployment["problem"]:
        yield f"     {problem['reason']}{':' if problem['lines'] else ''}"
        for line in problem["lines"]:
            yield f"       {line}"
