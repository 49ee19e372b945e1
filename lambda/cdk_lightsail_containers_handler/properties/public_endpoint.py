"""How the internet reaches a deployment, in the contract.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_EndpointRequest.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from .container import ContainerSpec, PortProtocol, check_port
from .rules import check_number, mapping, sent_number, show

TIMEOUT_SECONDS = (2, 60)
INTERVAL_SECONDS = (5, 300)

_MOST_CHECKS = 1000
_SUCCESS_CODES = re.compile(r"[0-9]{3}(?:-[0-9]{3})?(?:,[0-9]{3}(?:-[0-9]{3})?)*")
_LOWEST_CODE, _HIGHEST_CODE = 200, 499


class PublicEndpointProperty(StrEnum):
    """The properties of a public endpoint."""

    CONTAINER_NAME = "ContainerName"
    CONTAINER_PORT = "ContainerPort"
    HEALTH_CHECK = "HealthCheck"


class HealthCheckProperty(StrEnum):
    """The properties of a health check."""

    HEALTHY_THRESHOLD = "HealthyThreshold"
    UNHEALTHY_THRESHOLD = "UnhealthyThreshold"
    TIMEOUT_SECONDS = "TimeoutSeconds"
    INTERVAL_SECONDS = "IntervalSeconds"
    PATH = "Path"
    SUCCESS_CODES = "SuccessCodes"


def check_threshold(value: object, what: str) -> int:
    """Validate how many checks in a row count and return it."""
    return check_number(value, what, 1, _MOST_CHECKS)


def check_path(value: object, what: str = "path") -> str:
    """Validate the path of a health check and return it."""
    if isinstance(value, str) and value.startswith("/"):
        return value
    raise ValueError(f"{what} must begin with '/', got {show(value)}")


def check_success_codes(value: object, what: str = "success_codes") -> str:
    """Validate the status codes of success and return it."""
    if isinstance(value, str) and _SUCCESS_CODES.fullmatch(value):
        pairs = [[int(code) for code in part.split("-")] for part in value.split(",")]
        if all(_LOWEST_CODE <= pair[0] <= pair[-1] <= _HIGHEST_CODE for pair in pairs):
            return value
    rule = f"{what} must be codes or ranges from {_LOWEST_CODE} to {_HIGHEST_CODE}, such as "
    raise ValueError(f"{rule}'200-299' or '200,204', got {show(value)}")


def check_public_port(
    port: int, ports: Mapping[int, str], container: str, what: str = "port"
) -> None:
    """Validate the port of a public endpoint."""
    allowed = [
        number
        for number, protocol in ports.items()
        if protocol in (PortProtocol.HTTP, PortProtocol.HTTPS)
    ]
    if port not in allowed:
        found = ", ".join(map(str, allowed)) or "none"
        raise ValueError(
            f"{what} must be an HTTP or HTTPS port of container {container!r}, which has {found}, "
            f"got {port}"
        )


@dataclass(frozen=True, kw_only=True)
class HealthCheckSpec:
    """How Lightsail finds out whether the public endpoint serves; its own defaults."""

    healthy_threshold: int = 2
    unhealthy_threshold: int = 2
    timeout_seconds: int = 2
    interval_seconds: int = 5
    path: str = "/"
    success_codes: str = "200-499"

    @classmethod
    def parse(cls, given: Mapping[str, object], what: str) -> Self:
        """Validate the health check of an object and return it."""
        default = cls()

        def number(name: HealthCheckProperty, otherwise: int, limits: tuple[int, int]) -> int:
            return check_number(sent_number(given.get(name, otherwise)), f"{what}.{name}", *limits)

        checks = (1, _MOST_CHECKS)
        return cls(
            healthy_threshold=number(
                HealthCheckProperty.HEALTHY_THRESHOLD, default.healthy_threshold, checks
            ),
            unhealthy_threshold=number(
                HealthCheckProperty.UNHEALTHY_THRESHOLD, default.unhealthy_threshold, checks
            ),
            timeout_seconds=number(
                HealthCheckProperty.TIMEOUT_SECONDS, default.timeout_seconds, TIMEOUT_SECONDS
            ),
            interval_seconds=number(
                HealthCheckProperty.INTERVAL_SECONDS, default.interval_seconds, INTERVAL_SECONDS
            ),
            path=check_path(given.get(HealthCheckProperty.PATH, default.path), f"{what}.Path"),
            success_codes=check_success_codes(
                given.get(HealthCheckProperty.SUCCESS_CODES, default.success_codes),
                f"{what}.SuccessCodes",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class EndpointSpec:
    """The container that the internet reaches, and how it is checked."""

    container_name: str
    container_port: int
    health_check: HealthCheckSpec = field(default_factory=HealthCheckSpec)

    @classmethod
    def parse(cls, value: object, containers: Mapping[str, ContainerSpec], what: str) -> Self:
        """Validate the endpoint of an object and return it."""
        given = mapping(value, what)
        name = given.get(PublicEndpointProperty.CONTAINER_NAME)
        if not isinstance(name, str) or name not in containers:
            rule = f"{what}.ContainerName must be one of the containers"
            raise ValueError(f"{rule}, got {show(name)}")
        port = check_port(
            sent_number(given.get(PublicEndpointProperty.CONTAINER_PORT)), f"{what}.ContainerPort"
        )
        check_public_port(port, containers[name].ports, name, f"{what}.ContainerPort")
        check = given.get(PublicEndpointProperty.HEALTH_CHECK, {})
        return cls(
            container_name=name,
            container_port=port,
            health_check=HealthCheckSpec.parse(
                mapping(check, f"{what}.HealthCheck"), f"{what}.HealthCheck"
            ),
        )
