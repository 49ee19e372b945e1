"""The rules that images and deployments share, checked before either has any child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Token
from aws_cdk.aws_lightsail import CfnContainer

from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .handler import Handler

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_lightsail import IContainerRef


def check_handler(handler: object) -> None:
    """Raise the `ValueError` that says what a handler must be."""
    if handler is not None and not isinstance(handler, Handler):
        raise ValueError(f"handler must be a Handler, got {handler!r}")


def check_service(service: IContainerRef) -> None:
    """Raise the `ValueError` that says what a container service must be, or its name."""
    if not hasattr(service, "container_ref"):
        rule = "service must be a CfnContainer or ContainerService.from_service_name(...)"
        raise ValueError(f"{rule}, got {service!r}")
    name = service_name_of(service)
    if not Token.is_unresolved(name):
        check_service_name(name)


def service_name_of(service: IContainerRef) -> str:
    """Return the name of a container service, as a plain text where it is one."""
    if isinstance(service, CfnContainer):
        # Its reference is a token always.
        return service.service_name
    return service.container_ref.service_name
