"""Making a deployment of what a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import invalid
from ..images.image_store import ImageStore
from .container_output import Problem
from .container_problem import find_problems
from .container_service import ContainerService, RegisteredImage
from .deployment import Deployment
from .names import ImageName, check_name
from .runtime import Course, Order, Runtime
from .simulated_course import SimulatedCourse

# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceHealthCheckConfig.html
_HEALTH_CHECK = {
    "healthyThreshold": 2,
    "unhealthyThreshold": 2,
    "timeoutSeconds": 2,
    "intervalSeconds": 5,
    "path": "/",
    "successCodes": "200-499",
}
_TIMES = {"timeoutSeconds": range(2, 61), "intervalSeconds": range(5, 301)}
_PORTS = range(1, 65536)

_Containers = Mapping[str, Mapping[str, Any]]


def add_deployment(
    service: ContainerService,
    wanted: Mapping[str, Any],
    *,
    at: float,
    behaviour: Behaviour,
    images: ImageStore,
    runtime: Runtime | None,
) -> ContainerService:
    """Return a service with one deployment more.

    Args:
        service: the service.
        wanted: containers and publicEndpoint, in the API's shape.
        at: the time.
        behaviour: the switches, times and quotas.
        images: what the registry holds.
        runtime: runs it, None to simulate it.

    Raises:
        LightsailError: it is not as Lightsail wants it.
    """
    containers: _Containers = wanted.get("containers", {})
    endpoint = wanted.get("publicEndpoint")
    _check_containers(containers, behaviour.containers_per_deployment)
    own = _own_images(service, containers, behaviour.latest)
    containers = _resolved(containers, own) if behaviour.latest == "resolved" else containers
    order = Order(
        service=service.name,
        version=service.versions + 1,
        containers=containers,
        digests={name: image.digest for name, image in own.items()},
        public_endpoint=_complete_endpoint(endpoint, containers) if endpoint else None,
        power=service.settings["power"],
        scale=service.settings["scale"],
        starts_at=max(at, service.settles_at),
    )
    problems = find_problems(containers, own, behaviour, images, are_run=runtime is not None)
    deployment = Deployment(
        version=order.version,
        containers=order.containers,
        public_endpoint=order.public_endpoint,
        images=frozenset(image.name for image in own.values()),
        created_at=at,
        course=_course(order, problems, behaviour, runtime),
    )
    return replace(
        service,
        deployments=(*_kept(service, at, behaviour.kept_deployments - 1), deployment),
        versions=deployment.version,
    )


def _course(
    order: Order,
    problems: Mapping[str, Problem],
    behaviour: Behaviour,
    runtime: Runtime | None,
) -> Course:
    """Return how a deployment goes; what is known to fail is not run."""
    if runtime and not problems:
        return runtime.deploy(order)
    return SimulatedCourse(
        order=order,
        settles_at=order.starts_at + behaviour.deployment_seconds,
        problems=problems,
    )


def _check_containers(containers: _Containers, most: int) -> None:
    if not containers:
        raise invalid("A deployment must have at least one container.")
    if len(containers) > most:
        raise invalid(f"A deployment can have at most {most} containers.")
    for name, container in containers.items():
        check_name("Container", name)
        for port in container.get("ports", {}):
            if not port.isdecimal() or int(port) not in _PORTS:
                raise invalid(f'Container "{name}" has invalid port "{port}".')


def _own_images(
    service: ContainerService,
    containers: _Containers,
    latest: Literal["refused", "echoed", "resolved"],
) -> dict[str, RegisteredImage]:
    """Return the service's own images that containers run, by the container's name."""
    own = {}
    for container, definition in containers.items():
        image = definition.get("image", "")
        if image and not image.startswith(":"):
            continue  # a public registry's
        name = ImageName.parse(image)
        is_refused = name and name.version == "latest" and latest == "refused"
        if not name or name.service != service.name or is_refused:
            raise invalid(
                f'Container "{container}" has invalid image "{image}". Example of valid image: '
                f'":{service.name}.{container}.123".'
            )
        of_label = [each for each in service.images if each.label == name.label]
        if name.version != "latest":
            of_label = [each for each in of_label if each.name == image]
        if not of_label:
            raise invalid(f'Container "{container}" has image "{image}", which does not exist.')
        own[container] = max(of_label, key=lambda each: each.number)
    return own


def _resolved(containers: _Containers, own: Mapping[str, RegisteredImage]) -> _Containers:
    return {
        name: {**definition, "image": own[name].name} if name in own else definition
        for name, definition in containers.items()
    }


def _complete_endpoint(endpoint: Mapping[str, Any], containers: _Containers) -> dict[str, Any]:
    """Return a public endpoint with the defaults of its health check."""
    name, port = endpoint["containerName"], endpoint["containerPort"]
    if name not in containers:
        raise invalid(f'Invalid container specified. There is no container "{name}".')
    if str(port) not in containers[name].get("ports", {}):
        raise invalid(
            "Invalid port specified. You must specify a port that is in the list of ports of the "
            "specified container."
        )
    health_check = {**_HEALTH_CHECK, **endpoint.get("healthCheck", {})}
    for member, allowed in _TIMES.items():
        if health_check[member] not in allowed:
            raise invalid(f"{member} must be between {allowed[0]} and {allowed[-1]}.")
    return {"containerName": name, "containerPort": port, "healthCheck": health_check}


def _kept(service: ContainerService, at: float, most: int) -> tuple[Deployment, ...]:
    """Return the deployments to keep: the oldest go, but never the one that runs."""
    current = service.current_deployment(at)
    others = [each for each in service.deployments if each is not current]
    dropped = others[: max(0, len(service.deployments) - most)]
    return tuple(each for each in service.deployments if each not in dropped)
