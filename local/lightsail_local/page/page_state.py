"""What the page shows of a local cloud: all that a deploy changes, and nothing secret."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby, islice
from typing import Any

from lightsail_local.behaviour.failure import Failure
from lightsail_local.lightsail.container_log import log_lines
from lightsail_local.lightsail.container_service import ContainerService
from lightsail_local.lightsail.deployment import Deployment
from lightsail_local.lightsail.runtime import NodeState
from lightsail_local.server import LightsailServer, Request
from lightsail_local.wire.request_line import shown_parameters

_CALLS = 200
_LOG_LINES = 200
_LONGEST_LINE = 1000
_QUOTED_LINES = 3
_PROBLEMS: Mapping[Failure, str] = {
    "crash": "a container ended, or did not start",
    "health_check": "its health check failed",
    "took_too_long": "it was not healthy in time",
}
# What only reads; a push begins with the question which layers are missing.
_READS = ("Get", "Head")

_FAILED = re.compile("FAILED|ROLLBACK")
# What a user's operation begins with; a rollback is part of it.
_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})

_Described = Mapping[str, Any]


def page_state(server: LightsailServer, stacks: Sequence[_Described] = ()) -> dict[str, Any]:
    """Return what the page shows, for `state.json`.

    Args:
        server: The Lightsail to show.
        stacks: CloudFormation's stacks in the API's shape, with their `Events`, newest first.

    Returns:
        `services`, those that were deleted last too, `stacks` and `calls`, each with the newest
        first. Times are seconds since the epoch.
    """
    view = server.lightsail.view()
    services = [_service(service, view.at) for service in view.services.values()]
    services += [_service(service, view.at) for service in view.deleted]
    return {
        "services": sorted(services, key=lambda each: each["created"], reverse=True),
        "stacks": [_stack(stack) for stack in stacks],
        "calls": list(islice(_calls(server), _CALLS)),
    }


def _service(service: ContainerService, at: float) -> dict[str, Any]:
    described = service.describe(at)
    is_deleted = service.is_gone(at)
    current = service.current_deployment(at)
    is_served = service.running_url and current and current.public_endpoint
    containers = {name: None for each in service.deployments[::-1] for name in each.containers}
    return {
        "id": service.id,
        "name": service.name,
        "state": "DELETED" if is_deleted else described["state"],
        "detail": described.get("stateDetail"),
        "power": described["power"],
        "scale": described["scale"],
        "url": described["url"],
        "isSimulated": service.running_url is None,
        "isServed": bool(is_served) and described["state"] not in ("DELETING", "DISABLED"),
        "tags": described["tags"],
        "created": service.created_at,
        "images": [_image(image.describe(), described) for image in service.images[::-1]],
        "deployments": [
            _deployment(deployment, state, at)
            for deployment, state in _with_states(service, at, is_deleted=is_deleted)
        ],
        "logs": [_log(service, container, at) for container in containers],
    }


def _with_states(
    service: ContainerService, at: float, *, is_deleted: bool
) -> Iterator[tuple[Deployment, str]]:
    """Yield the deployments, newest first; nothing of a deleted service goes on."""
    described = service.describe_deployments(at)
    for deployment, shown in zip(service.deployments[::-1], described[::-1], strict=True):
        state = shown["state"]
        yield deployment, "INACTIVE" if is_deleted and state != "FAILED" else state


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


def _deployment(deployment: Deployment, state: str, at: float) -> dict[str, Any]:
    endpoint = deployment.public_endpoint
    failure = deployment.course.failure if state == "FAILED" else None
    nodes = deployment.course.nodes() if state != "INACTIVE" else ()
    return {
        "version": deployment.version,
        "state": state,
        "created": deployment.created_at,
        "containers": [
            {
                "name": name,
                "image": container.get("image", ""),
                "ports": [f"{port}/{kind}" for port, kind in container.get("ports", {}).items()],
                # The names alone: the values are plain text in Lightsail, and often passwords.
                "environment": sorted(container.get("environment", {})),
            }
            for name, container in deployment.containers.items()
        ],
        "endpoint": endpoint
        and {
            "container": endpoint["containerName"],
            "port": endpoint["containerPort"],
            "path": endpoint["healthCheck"]["path"],
        },
        "nodes": [_node(node) for node in nodes],
        "problem": failure and {"reason": _PROBLEMS[failure], "lines": _quoted(deployment, at)},
    }


def _node(node: NodeState) -> dict[str, Any]:
    return {
        "containers": [
            {
                "name": name,
                "isRunning": container.is_running,
                "restarts": container.restarts,
                "exitCode": container.exit_code,
            }
            for name, container in node.containers.items()
        ],
        "healthChecks": [
            {"time": check.at, "health": check.health, "answer": check.answer}
            for check in node.health_checks
        ],
    }


def _quoted(deployment: Deployment, at: float) -> list[str]:
    """Return the last lines that the containers of a failed deployment printed themselves."""
    events = [
        (time, message)
        for container in deployment.containers
        for time, message in deployment.course.log(container)
        if time <= at and message.strip() and not message.startswith("[deployment:")
    ]
    events.sort(key=lambda event: event[0])
    return [_shortened(message) for _, message in events[-_QUOTED_LINES:]]


def _log(service: ContainerService, container: str, at: float) -> dict[str, Any]:
    """Describe a container's log: its end, if it is long."""
    events = [event for event in log_lines(service, container) if event[0] <= at]
    lines = [
        {"time": time, "message": _shortened(message)} for time, message in events[-_LOG_LINES:]
    ]
    return {"container": container, "lines": lines}


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def _stack(stack: _Described) -> dict[str, Any]:
    return {
        "id": stack["StackId"],
        "name": stack["StackName"],
        "state": stack["StackStatus"],
        "problem": _stack_problem(stack),
        "events": [
            {
                "id": event["EventId"],
                "time": event["Timestamp"].timestamp(),
                "resource": event["LogicalResourceId"],
                "type": event["ResourceType"],
                "state": event["ResourceStatus"],
                "reason": event.get("ResourceStatusReason", ""),
            }
            for event in stack["Events"]
        ],
    }


def _stack_problem(stack: _Described) -> dict[str, Any] | None:
    """Return what failed first in the operation that failed, None if the last one did not."""
    if not _FAILED.search(stack["StackStatus"]):
        return None
    problem = None
    for event in stack["Events"]:
        is_of_stack = event["PhysicalResourceId"] == stack["StackId"]
        if is_of_stack and event["ResourceStatus"] in _STARTS:
            break
        if event["ResourceStatus"].endswith("_FAILED") and not is_of_stack:
            problem = event
    return problem and {
        "resource": problem["LogicalResourceId"],
        "reason": problem.get("ResourceStatusReason", ""),
    }


def _calls(server: LightsailServer) -> Iterator[dict[str, Any]]:
    """Yield the calls to API and registry, newest first; those that only read are counted."""
    for only_reads, calls in groupby(_all_calls(server), lambda call: _only_reads(call[1])):
        if only_reads:
            yield _read_calls(list(calls))
        else:
            yield from (_call(*call) for call in calls)


def _all_calls(server: LightsailServer) -> Iterator[tuple[str, Request]]:
    """Yield an id of each call, and the call, newest first."""
    api = _numbered("API", server.requests)
    registry = _numbered("registry", server.registry_requests)
    yield from heapq.merge(api, registry, key=lambda call: call[1].time, reverse=True)


def _numbered(side: str, requests: Sequence[Request]) -> Iterator[tuple[str, Request]]:
    # The list grows meanwhile.
    for number in reversed(range(len(requests))):
        yield f"{side} {number}", requests[number]


def _only_reads(request: Request) -> bool:
    """Return whether a call changed nothing and went well; a layer may well be missing."""
    if not request.operation.startswith(_READS) or request.status is None:
        return False
    is_missing = request.operation.startswith("Head") and request.status == HTTPStatus.NOT_FOUND
    return request.status < HTTPStatus.BAD_REQUEST or is_missing


def _read_calls(reads: Sequence[tuple[str, Request]]) -> dict[str, Any]:
    oldest_id, oldest = reads[-1]
    # As they came first, so that the page does not change their order.
    counts = Counter(request.operation for _, request in reversed(reads))
    return {
        "id": f"from {oldest_id}",
        "time": reads[0][1].time,
        "since": oldest.time,
        "reads": [{"operation": operation, "count": n} for operation, n in counts.items()],
    }


def _call(call: str, request: Request) -> dict[str, Any]:
    return {
        "id": call,
        "to": call.partition(" ")[0],
        "time": request.time,
        "operation": request.operation,
        "parameters": shown_parameters(request),
        "status": request.status,
        "error": request.error,
        "milliseconds": round(request.seconds * 1000),
    }
