"""A deployment as Lightsail's API writes it, and as the handler compares it.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceDeployment.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from ..properties.container import ContainerSpec, check_port
from ..properties.public_endpoint import EndpointSpec, HealthCheckSpec
from ..properties.rules import any_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..properties.container_service_deployment import DeploymentProperties

ACTIVATING = "ACTIVATING"
"""The state of a deployment that is being made."""

_HEALTH_CHECK = {
    "healthyThreshold": "healthy_threshold",
    "unhealthyThreshold": "unhealthy_threshold",
    "timeoutSeconds": "timeout_seconds",
    "intervalSeconds": "interval_seconds",
    "path": "path",
    "successCodes": "success_codes",
}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployment of a container service.

    Args:
        version: its number.
        state: Lightsail's word: ACTIVATING, ACTIVE, INACTIVE or FAILED.
        created_at: when it was made.
        containers: its containers by name; none for one that runs what cannot be asked for here.
        public_endpoint: None for none.
    """

    version: int
    state: str
    created_at: datetime
    containers: Mapping[str, ContainerSpec]
    public_endpoint: EndpointSpec | None

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self | None:
        """Return a deployment of an answer, or None for one without a version."""
        version, created_at = item.get("version"), item.get("createdAt")
        if not isinstance(version, int) or not isinstance(created_at, datetime):
            return None
        endpoint = item.get("publicEndpoint")
        try:
            containers = {
                name: _container(container)
                for name, container in item.get("containers", {}).items()
            }
            public_endpoint = _public_endpoint(endpoint) if endpoint else None
        except (AttributeError, LookupError, TypeError, ValueError):
            # Made by another tool or a later Lightsail; its version and its state still count.
            containers, public_endpoint = {}, None
        return cls(
            version=version,
            state=any_text(item.get("state", "")),
            created_at=created_at,
            containers=containers,
            public_endpoint=public_endpoint,
        )

    def runs(self, wanted: DeploymentProperties) -> bool:
        """Return whether it is what is wanted, with what is left out and written in another way.

        Which image `:service.label.latest` stands for is fixed when a container starts: Lightsail
        does not say whether a deployment of it is the one that is wanted now.
        """
        images = [container.image for container in wanted.containers.values()]
        if any(image.startswith(":") and image.endswith(".latest") for image in images):
            return False
        return (self.containers, self.public_endpoint) == (
            wanted.containers,
            wanted.public_endpoint,
        )


def describe(wanted: DeploymentProperties) -> dict[str, Any]:
    """Return a deployment that is wanted as the API takes it."""
    described: dict[str, Any] = {
        "containers": {
            name: {
                "image": container.image,
                "command": list(container.command),
                "environment": dict(container.environment),
                "ports": {str(port): str(protocol) for port, protocol in container.ports.items()},
            }
            for name, container in wanted.containers.items()
        }
    }
    if endpoint := wanted.public_endpoint:
        described["publicEndpoint"] = {
            "containerName": endpoint.container_name,
            "containerPort": endpoint.container_port,
            "healthCheck": {
                name: getattr(endpoint.health_check, field) for name, field in _HEALTH_CHECK.items()
            },
        }
    return described


def _container(item: Mapping[str, Any]) -> ContainerSpec:
    environment = item.get("environment", {}).items()
    return ContainerSpec(
        image=any_text(item.get("image", "")),
        command=tuple(map(any_text, item.get("command", ()))),
        environment={name: any_text(value) for name, value in environment},
        ports={int(port): any_text(protocol) for port, protocol in item.get("ports", {}).items()},
    )


def _public_endpoint(item: Mapping[str, Any]) -> EndpointSpec:
    told = item.get("healthCheck", {})
    return EndpointSpec(
        container_name=any_text(item.get("containerName", "")),
        container_port=check_port(item.get("containerPort")),
        health_check=HealthCheckSpec(
            **{field: told[name] for name, field in _HEALTH_CHECK.items() if name in told}
        ),
    )
