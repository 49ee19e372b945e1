"""The containers of a deployment, in the contract.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_Container.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from cdk_lightsail_containers_handler.registry.reference import Reference

from .container_image import ImageName
from .rules import check_name, check_number, mapping, sent_number, show

_MOST_PORTS = 65535
_LATEST = re.compile(r":(?P<service>[^.]+)\.(?P<label>[^.]+)\.latest")


class ContainerProperty(StrEnum):
    """The properties of a container."""

    IMAGE = "Image"
    COMMAND = "Command"
    ENVIRONMENT = "Environment"
    PORTS = "Ports"
    SECRETS = "Secrets"


class PortProtocol(StrEnum):
    """What a container speaks on a port."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"
    UDP = "UDP"


def check_container_name(value: object, what: str = "container name") -> str:
    """Validate the name of a container and return it."""
    return check_name(value, what, 53)


def check_container_image(value: object, service: str | None, what: str = "image") -> str:
    """Validate what a container runs and return it.

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
    """Validate a port and return it."""
    return check_number(value, what, 1, _MOST_PORTS)


def check_protocol(value: object, what: str = "protocol") -> PortProtocol:
    """Validate the protocol of a port and return it."""
    try:
        return PortProtocol(value)  # type: ignore[arg-type]
    except ValueError:
        rule = f"{what} must be one of {', '.join(PortProtocol)}"
        raise ValueError(f"{rule}, got {show(value)}") from None


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
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

    @classmethod
    def parse(cls, given: Mapping[str, object], service: str, what: str) -> Self:
        """Return the container of an object, without its secrets, or raise a `ValueError`."""
        image = check_container_image(given.get(ContainerProperty.IMAGE), service, f"{what}.Image")
        command = given.get(ContainerProperty.COMMAND, ())
        if not isinstance(command, list | tuple) or not all(
            isinstance(part, str) for part in command
        ):
            raise ValueError(f"{what}.Command must be a list of strings, got {show(command)}")
        environment = {}
        for name, value in mapping(
            given.get(ContainerProperty.ENVIRONMENT, {}), f"{what}.Environment"
        ).items():
            if not isinstance(value, str):
                # Without the value: it may be a secret.
                raise ValueError(f"{what}.Environment.{name} must be a string")
            environment[name] = value
        ports = mapping(given.get(ContainerProperty.PORTS, {}), f"{what}.Ports")
        return cls(
            image=image,
            command=tuple(command),
            environment=environment,
            ports={
                check_port(sent_number(port), f"{what}.Ports"): check_protocol(
                    protocol, f"{what}.Ports.{port}"
                )
                for port, protocol in ports.items()
            },
        )
