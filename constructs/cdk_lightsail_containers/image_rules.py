"""The rules for what an image is registered with, checked before it has any child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Token
from aws_cdk.aws_lightsail import CfnContainer

from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .handler import Handler
from .image_source import ImageSource

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_lightsail import IContainerRef


def check_handler(handler: object) -> None:
    """Raise the `ValueError` that says what a handler must be."""
    if handler is not None and not isinstance(handler, Handler):
        raise ValueError(f"handler must be a Handler, got {handler!r}")


def check_removal_policy(policy: object) -> None:
    """Raise the `ValueError` that says which removal policies there are."""
    if policy not in (RemovalPolicy.DESTROY, RemovalPolicy.RETAIN):
        shown = policy.name if isinstance(policy, RemovalPolicy) else repr(policy)
        rule = "removal_policy must be RemovalPolicy.DESTROY or RemovalPolicy.RETAIN"
        raise ValueError(f"{rule}, got {shown}")


def check_service(service: IContainerRef) -> None:
    """Raise the `ValueError` that says what a container service must be, or its name."""
    if not hasattr(service, "container_ref"):
        rule = "service must be a CfnContainer or ContainerService.from_service_name(...)"
        raise ValueError(f"{rule}, got {service!r}")
    name = service_name_of(service)
    if not Token.is_unresolved(name):
        check_service_name(name)


def check_source(source: object) -> None:
    """Raise the `ValueError` that says what a source must be."""
    if not isinstance(source, ImageSource):
        raise ValueError(f"source must be one of ImageSource.from_...(...), got {source!r}")  # noqa: TRY004 - one kind of error for a user


def service_name_of(service: IContainerRef) -> str:
    """Return the name of a container service, as a plain text where it is one."""
    if isinstance(service, CfnContainer):
        # Its reference is a token always.
        return service.service_name
    return service.container_ref.service_name
