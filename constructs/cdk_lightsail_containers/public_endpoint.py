"""How the internet reaches a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import Duration

from cdk_lightsail_containers_handler.properties.container import check_container_name, check_port
from cdk_lightsail_containers_handler.properties.public_endpoint import (
    INTERVAL_SECONDS,
    TIMEOUT_SECONDS,
    HealthCheckProperty,
    PublicEndpointProperty,
    check_path,
    check_success_codes,
    check_threshold,
)

from ._checks import check_known, check_seconds


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How Lightsail checks that the public endpoint is healthy. The defaults are Lightsail's.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceHealthCheckConfig.html

    Args:
        path: the path to request; begins with `/`. Default: `/`.
        success_codes: the healthy status codes, from 200 to 499: codes and ranges such as `200,204`
            or `200-299`. Default: `200-499`.
        interval: the time between two checks, 5 to 300 whole seconds. Default: 5 seconds.
        timeout: the time until a check without an answer fails, 2 to 60 whole seconds.
            Default: 2 seconds.
        healthy_threshold: how many successes in a row make a container healthy, 1 to 1000.
            Default: 2.
        unhealthy_threshold: how many failures in a row make a container unhealthy, 1 to 1000.
            Default: 2.

    Raises:
        ValueError: a value breaks its rule.
    """

    path: str = "/"
    success_codes: str = "200-499"
    interval: Duration = field(default_factory=lambda: Duration.seconds(5))
    timeout: Duration = field(default_factory=lambda: Duration.seconds(2))
    healthy_threshold: int = 2
    unhealthy_threshold: int = 2

    def __post_init__(self) -> None:
        check_known(self.path, check_path, "path")
        check_known(self.success_codes, check_success_codes, "success_codes")
        check_seconds(self.interval, "interval", *INTERVAL_SECONDS)
        check_seconds(self.timeout, "timeout", *TIMEOUT_SECONDS)
        check_known(self.healthy_threshold, check_threshold, "healthy_threshold")
        check_known(self.unhealthy_threshold, check_threshold, "unhealthy_threshold")

    def bind(self) -> Mapping[str, object]:
        """Return the resource properties."""
        return {
            HealthCheckProperty.PATH: self.path,
            HealthCheckProperty.SUCCESS_CODES: self.success_codes,
            HealthCheckProperty.INTERVAL_SECONDS: self.interval.to_seconds(),
            HealthCheckProperty.TIMEOUT_SECONDS: self.timeout.to_seconds(),
            HealthCheckProperty.HEALTHY_THRESHOLD: self.healthy_threshold,
            HealthCheckProperty.UNHEALTHY_THRESHOLD: self.unhealthy_threshold,
        }


@dataclass(frozen=True, kw_only=True)
class PublicEndpoint:
    """The container and port that serve the deployment's URL on the internet, over HTTPS.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_EndpointRequest.html

    Args:
        container: the name of one of the deployment's containers.
        port: one of its ports, with the protocol HTTP or HTTPS.
        health_check: how Lightsail checks that it is healthy. Default: Lightsail's own check.

    Raises:
        ValueError: a value breaks its rule.
    """

    container: str
    port: int
    health_check: HealthCheck | None = None

    def __post_init__(self) -> None:
        check_known(self.container, check_container_name, "container")
        check_known(self.port, check_port, "port")
        if self.health_check is not None and not isinstance(self.health_check, HealthCheck):
            raise ValueError(f"health_check must be a HealthCheck, got {self.health_check!r}")

    def bind(self) -> Mapping[str, object]:
        """Return the resource properties."""
        check = self.health_check
        return {
            PublicEndpointProperty.CONTAINER_NAME: self.container,
            PublicEndpointProperty.CONTAINER_PORT: self.port,
            **({} if check is None else {PublicEndpointProperty.HEALTH_CHECK: check.bind()}),
        }
