"""The contract of `Custom::LightsailContainerServiceDeployment`.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerServiceDeployment.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from cdk_lightsail_containers_handler.registry.reference import Reference

from .container_image import ImageName
from .rules import check_name, check_number, check_service_name, mapping, required, show, text

DEPLOYMENT_TYPE = "Custom::LightsailContainerServiceDeployment"

NOT_DEPLOYED = "LightsailContainerServiceDeployment::NOT_DEPLOYED"
"""The physical id of a deployment whose request does not even name a container service."""

MOST_CONTAINERS = 10
"""How many containers a deployment has at most."""

TIMEOUT_SECONDS = (2, 60)
INTERVAL_SECONDS = (5, 300)

_MOST_PORTS = 65535
_MOST_CHECKS = 1000
_LATEST = re.compile(r":(?P<service>[^.]+)\.(?P<label>[^.]+)\.latest")
_SUCCESS_CODES = re.compile(r"[0-9]{3}(?:-[0-9]{3})?(?:,[0-9]{3}(?:-[0-9]{3})?)*")
_LOWEST_CODE, _HIGHEST_CODE = 200, 499


class DeploymentProperty(StrEnum):
    """The resource properties of a deployment."""

    SERVICE_NAME = "ServiceName"
    CONTAINERS = "Containers"
    PUBLIC_ENDPOINT = "PublicEndpoint"
    REVISION = "Revision"
    """Read by nobody: another text makes CloudFormation send an Update, which reads secrets."""


class ContainerProperty(StrEnum):
    """The properties of a container."""

    IMAGE = "Image"
    COMMAND = "Command"
    ENVIRONMENT = "Environment"
    PORTS = "Ports"
    SECRETS = "Secrets"


class SecretProperty(StrEnum):
    """The properties of a secret: one of AWS Secrets Manager, or a parameter of SSM."""

    SECRET_ARN = "SecretArn"  # nosec B105  # noqa: S105 - a name
    FIELD = "Field"
    PARAMETER_NAME = "ParameterName"


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


class DeploymentAttribute(StrEnum):
    """The attributes of a deployment, for `Fn::GetAtt`."""

    DEPLOYMENT_VERSION = "DeploymentVersion"
    URL = "Url"


class PortProtocol(StrEnum):
    """What a container speaks on a port."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"
    UDP = "UDP"


def check_container_name(value: object, what: str = "container name") -> str:
    """Return the name of a container, or raise the `ValueError` that says its rule."""
    return check_name(value, what, 53)


def check_container_image(value: object, service: str | None, what: str = "image") -> str:
    """Return what a container runs, or raise the `ValueError` that says what it may be.

    Args:
        value: `:service.label.N` or `:service.label.latest`, or a reference to a registry.
        service: the container service that it is to run on; None if that is not known yet.
        what: what a message calls it.
    """
    if not isinstance(value, str) or not value:
        raise ValueError(
            f"{what} must be an image name such as ':shop.web.7' or registry/repository:tag, "
            f"got {show(value)}"
        )
    if not value.startswith(":"):
        Reference.parse(value)
        return value
    latest = _LATEST.fullmatch(value)
    name = ImageName.parse(value.removesuffix("latest") + "1" if latest else value)
    if name is None:
        rule = f"{what} must be an image name such as ':shop.web.7' when it begins with ':'"
        raise ValueError(f"{rule}, got {show(value)}")
    if service not in (None, name.service):
        rule = f"{what} must be one of the container service {service!r} itself"
        raise ValueError(f"{rule}, got {show(value)}")
    return value


def check_port(value: object, what: str = "port") -> int:
    """Return a port, or raise the `ValueError` that says its range."""
    return check_number(value, what, 1, _MOST_PORTS)


def check_protocol(value: object, what: str = "protocol") -> PortProtocol:
    """Return the protocol of a port, or raise the `ValueError` that says which there are."""
    try:
        return PortProtocol(value)  # type: ignore[arg-type]
    except ValueError:
        rule = f"{what} must be one of {', '.join(PortProtocol)}"
        raise ValueError(f"{rule}, got {show(value)}") from None


def check_threshold(value: object, what: str) -> int:
    """Return how many checks in a row count, or raise the `ValueError` that says its range."""
    return check_number(value, what, 1, _MOST_CHECKS)


def check_path(value: object, what: str = "path") -> str:
    """Return the path of a health check, or raise the `ValueError` that says its rule."""
    if isinstance(value, str) and value.startswith("/"):
        return value
    raise ValueError(f"{what} must begin with '/', got {show(value)}")


def check_success_codes(value: object, what: str = "success_codes") -> str:
    """Return the status codes of success, or raise the `ValueError` that says their rule."""
    if isinstance(value, str) and _SUCCESS_CODES.fullmatch(value):
        pairs = [[int(code) for code in part.split("-")] for part in value.split(",")]
        if all(_LOWEST_CODE <= pair[0] <= pair[-1] <= _HIGHEST_CODE for pair in pairs):
            return value
    rule = f"{what} must be codes or ranges from {_LOWEST_CODE} to {_HIGHEST_CODE}, such as "
    raise ValueError(f"{rule}'200-299' or '200,204', got {show(value)}")


def check_public_port(
    port: int, ports: Mapping[int, str], container: str, what: str = "port"
) -> None:
    """Raise the `ValueError` that says which port a public endpoint may have."""
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
class SecretValue:
    """Where the value of an environment variable is kept.

    Args:
        secret_arn: the secret of AWS Secrets Manager; None for a parameter of SSM.
        field: the field of the secret's JSON; None for the whole secret.
        parameter_name: the parameter of SSM; None for a secret.
    """

    secret_arn: str | None = None
    field: str | None = None
    parameter_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container, as it is deployed.

    Args:
        image: `:service.label.N`, or a reference to a registry.
        command: what it runs; nothing for the image's own.
        environment: its environment variables.
        ports: what it speaks on its open ports.
    """

    image: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    ports: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How Lightsail finds out whether the public endpoint serves; its own defaults."""

    healthy_threshold: int = 2
    unhealthy_threshold: int = 2
    timeout_seconds: int = 2
    interval_seconds: int = 5
    path: str = "/"
    success_codes: str = "200-499"


@dataclass(frozen=True, kw_only=True)
class PublicEndpoint:
    """The container that the internet reaches, and how it is checked."""

    container_name: str
    container_port: int
    health_check: HealthCheck = field(default_factory=HealthCheck)


@dataclass(frozen=True, kw_only=True)
class DeploymentProperties:
    """The resource properties of a deployment.

    Args:
        service_name: the container service.
        containers: the containers by name, without their secrets.
        secrets: where the values of further environment variables are, by container and name.
        public_endpoint: None for none.
    """

    service_name: str
    containers: Mapping[str, Container]
    secrets: Mapping[str, Mapping[str, SecretValue]]
    public_endpoint: PublicEndpoint | None

    @classmethod
    def parse(cls, properties: object) -> Self:
        """Return the typed properties of a Create or Update request.

        Properties that are not known here are ignored.

        Raises:
            ValueError: a property is missing, empty, of the wrong type or impossible.
        """
        given = mapping(properties, "resource properties")
        service = check_service_name(
            required(given, DeploymentProperty.SERVICE_NAME), DeploymentProperty.SERVICE_NAME
        )
        defined = mapping(
            required(given, DeploymentProperty.CONTAINERS), DeploymentProperty.CONTAINERS
        )
        if not 1 <= len(defined) <= MOST_CONTAINERS:
            raise ValueError(f"Containers must be 1 to {MOST_CONTAINERS}, got {len(defined)}")
        containers, secrets = {}, {}
        for name, definition in defined.items():
            what = f"Containers.{check_container_name(name)}"
            parts = mapping(definition, what)
            containers[name] = _container(parts, service, what)
            secrets[name] = _secrets(parts, what)
        endpoint = given.get(DeploymentProperty.PUBLIC_ENDPOINT)
        return cls(
            service_name=service,
            containers=containers,
            secrets=secrets,
            public_endpoint=None if endpoint is None else _public_endpoint(endpoint, containers),
        )


def _container(given: Mapping[str, object], service: str, what: str) -> Container:
    image = check_container_image(given.get(ContainerProperty.IMAGE), service, f"{what}.Image")
    command = given.get(ContainerProperty.COMMAND, ())
    if not isinstance(command, list | tuple) or not all(isinstance(one, str) for one in command):
        raise ValueError(f"{what}.Command must be a list of texts, got {show(command)}")
    environment = {}
    for name, value in mapping(
        given.get(ContainerProperty.ENVIRONMENT, {}), f"{what}.Environment"
    ).items():
        if not isinstance(value, str):
            # Not the value: it is nobody's business what somebody keeps there.
            raise ValueError(f"{what}.Environment.{name} must be a text")  # noqa: TRY004 - one kind of error for a user
        environment[name] = value
    ports = mapping(given.get(ContainerProperty.PORTS, {}), f"{what}.Ports")
    return Container(
        image=image,
        command=tuple(command),
        environment=environment,
        ports={
            check_port(port, f"{what}.Ports"): check_protocol(protocol, f"{what}.Ports.{port}")
            for port, protocol in ports.items()
        },
    )


def _secrets(given: Mapping[str, object], what: str) -> Mapping[str, SecretValue]:
    secrets = mapping(given.get(ContainerProperty.SECRETS, {}), f"{what}.Secrets")
    return {name: _secret(value, f"{what}.Secrets.{name}") for name, value in secrets.items()}


def _secret(value: object, what: str) -> SecretValue:
    given = mapping(value, what)
    if SecretProperty.PARAMETER_NAME in given:
        return SecretValue(
            parameter_name=text(given[SecretProperty.PARAMETER_NAME], f"{what}.ParameterName")
        )
    if SecretProperty.SECRET_ARN not in given:
        raise ValueError(f"{what} must hold either SecretArn or ParameterName")
    return SecretValue(
        secret_arn=text(given[SecretProperty.SECRET_ARN], f"{what}.SecretArn"),
        field=(
            text(given[SecretProperty.FIELD], f"{what}.Field")
            if SecretProperty.FIELD in given
            else None
        ),
    )


def _public_endpoint(value: object, containers: Mapping[str, Container]) -> PublicEndpoint:
    what = DeploymentProperty.PUBLIC_ENDPOINT
    given = mapping(value, what)
    name = given.get(PublicEndpointProperty.CONTAINER_NAME)
    if not isinstance(name, str) or name not in containers:
        raise ValueError(f"{what}.ContainerName must be one of the containers, got {show(name)}")
    port = check_port(given.get(PublicEndpointProperty.CONTAINER_PORT), f"{what}.ContainerPort")
    check_public_port(port, containers[name].ports, name, f"{what}.ContainerPort")
    return PublicEndpoint(
        container_name=name,
        container_port=port,
        health_check=_health_check(
            mapping(given.get(PublicEndpointProperty.HEALTH_CHECK, {}), f"{what}.HealthCheck"),
            f"{what}.HealthCheck",
        ),
    )


def _health_check(given: Mapping[str, object], what: str) -> HealthCheck:
    default = HealthCheck()

    def number(name: HealthCheckProperty, otherwise: int, limits: tuple[int, int]) -> int:
        return check_number(given.get(name, otherwise), f"{what}.{name}", *limits)

    checks = (1, _MOST_CHECKS)
    return HealthCheck(
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
