"""What the page shows of a local Lightsail: all that a deploy changes, and nothing secret.

It is asked from the operations that everybody calls, so it is what they would be answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from lightsail_local.behaviour.errors import LightsailError
from lightsail_local.lightsail.lightsail import Lightsail
from lightsail_local.server import LightsailServer, Request
from lightsail_local.wire.request_line import shown_parameters

_REQUESTS = 500
_LOG_EVENTS = 500

_Described = Mapping[str, Any]


def page_state(server: LightsailServer) -> dict[str, Any]:
    """Return what the page shows, for `state.json`.

    Args:
        server: the Lightsail to show.

    Returns:
        `services` as they were created, with their newest images and deployments first, and
        `requests`, the last 500, newest first. Times are seconds since the epoch.
    """
    lightsail = server.lightsail
    services = lightsail.call("GetContainerServices", {})["containerServices"]
    shown = (_service(lightsail, service) for service in services)
    return {"services": [service for service in shown if service], "requests": _requests(server)}


def _service(lightsail: Lightsail, service: _Described) -> dict[str, Any] | None:
    """Describe a service, None if it is gone by now."""
    name = {"serviceName": service["containerServiceName"]}
    try:
        images = lightsail.call("GetContainerImages", name)["containerImages"]
        deployments = lightsail.call("GetContainerServiceDeployments", name)["deployments"]
        deployments = sorted(deployments, key=lambda each: each["version"], reverse=True)
        containers = {name: None for each in deployments for name in each["containers"]}
        logs = [_log(lightsail, name["serviceName"], container) for container in containers]
    except LightsailError:
        return None
    return {
        "name": name["serviceName"],
        "state": service["state"],
        "detail": service.get("stateDetail"),
        "power": service["power"],
        "scale": service["scale"],
        "url": service["url"],
        "tags": service["tags"],
        "created": service["createdAt"],
        "images": [_image(image, service) for image in sorted(images, key=_age, reverse=True)],
        "deployments": [_deployment(each) for each in deployments],
        "logs": logs,
    }


def _age(image: _Described) -> tuple[float, int]:
    """Return what orders images by age, also those of one moment."""
    return image["createdAt"], int(image["image"].rpartition(".")[2])


def _image(image: _Described, service: _Described) -> dict[str, Any]:
    return {
        "name": image["image"],
        "digest": image["digest"],
        "created": image["createdAt"],
        "deployments": [
            service[role]["version"]
            for role in ("currentDeployment", "nextDeployment")
            if role in service and _uses(service[role], image["image"])
        ],
    }


def _uses(deployment: _Described, image: str) -> bool:
    """Return whether a deployment may run an image: `.latest` may be any one of its label."""
    label = image.rpartition(".")[0]
    named = {container.get("image") for container in deployment["containers"].values()}
    return not named.isdisjoint({image, f"{label}.latest"})


def _deployment(deployment: _Described) -> dict[str, Any]:
    endpoint = deployment.get("publicEndpoint")
    return {
        "version": deployment["version"],
        "state": deployment["state"],
        "created": deployment["createdAt"],
        "containers": [
            {
                "name": name,
                "image": container.get("image", ""),
                "ports": [f"{port}/{kind}" for port, kind in container.get("ports", {}).items()],
                # The names alone: the values are plain text in Lightsail, and often passwords.
                "environment": sorted(container.get("environment", {})),
            }
            for name, container in deployment["containers"].items()
        ],
        "endpoint": endpoint
        and {
            "container": endpoint["containerName"],
            "port": endpoint["containerPort"],
            "path": endpoint["healthCheck"]["path"],
        },
    }


def _log(lightsail: Lightsail, service: str, container: str) -> dict[str, Any]:
    """Describe a container's log: its end, if it is long."""
    events = deque(_log_events(lightsail, service, container), maxlen=_LOG_EVENTS)
    lines = [{"time": event["createdAt"], "message": event["message"]} for event in events]
    return {"container": container, "lines": lines}


def _log_events(lightsail: Lightsail, service: str, container: str) -> Iterator[_Described]:
    parameters = {"serviceName": service, "containerName": container}
    while True:
        answer = lightsail.call("GetContainerLog", parameters)
        yield from answer["logEvents"]
        # A log in pages of 0 events would have no last one.
        if "nextPageToken" not in answer or not answer["logEvents"]:
            return
        parameters["pageToken"] = answer["nextPageToken"]


def _requests(server: LightsailServer) -> list[dict[str, Any]]:
    sides = {"API": server.requests, "registry": server.registry_requests}
    shown = []
    for side, requests in sides.items():
        first = max(0, len(requests) - _REQUESTS)
        # The rest of the list, which grows meanwhile: so the numbers stay right.
        for number, request in enumerate(requests[first:], first):
            shown.append(_request(side, number, request))
    return sorted(shown, key=lambda each: each["time"])[: -_REQUESTS - 1 : -1]


def _request(side: str, number: int, request: Request) -> dict[str, Any]:
    return {
        "id": f"{side} {number}",
        "to": side,
        "time": request.time,
        "operation": request.operation,
        "parameters": shown_parameters(request),
        "status": request.status,
        "error": request.error,
        "milliseconds": round(request.seconds * 1000),
    }
