"""The rules that images and deployments share, checked before either has any child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk.aws_lightsail import CfnContainer

from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .handler import Handler
from .template_secrets import secrets_among
from .tokens import check_known, is_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct, IConstruct


def check_handler(scope: Construct, handler: object) -> None:
    """Raise the `ValueError` that says what a handler must be."""
    if handler is None:
        return
    if not isinstance(handler, Handler):
        raise ValueError(f"handler must be a Handler, got {handler!r}")  # noqa: TRY004 - one kind of error for a user
    _check_place(scope, handler, "handler")


def check_service(scope: Construct, service: IContainerRef) -> None:
    """Raise the `ValueError` that says what a container service must be, or its name."""
    if isinstance(service, type) or not hasattr(service, "container_ref"):
        rule = "service must be a CfnContainer or ContainerService.from_service_name(...)"
        raise ValueError(f"{rule}, got {service!r}")
    _check_place(scope, service, "service")
    check_known(service_name_of(service), check_service_name, "service_name")


def check_no_secret(
    scope: Construct, service: IContainerRef, properties: Mapping[str, object]
) -> None:
    """Refuse a secret in the properties of a resource, since events and logs show them.

    Args:
        scope: the construct of the resource.
        service: its container service. The properties may have a reference in place of its name.
        properties: as they are given to the CDK, with tokens.
    """
    for name, secret in (
        *secrets_among(service, {"ServiceName": service_name_of(service)}),
        *secrets_among(scope, properties),
    ):
        rule = f"property {name} must not hold a secret, got {secret}"
        raise ValueError(f"{rule}: events and logs show it, use a value that is no secret")


def service_name_of(service: IContainerRef) -> str:
    """Return the name of a container service, as a plain text where it is one."""
    if isinstance(service, CfnContainer):
        # Its reference is a token always.
        return service.service_name
    return service.container_ref.service_name


def _check_place(scope: Construct, given: IConstruct, what: str) -> None:
    """Refuse what is known to be elsewhere: the function calls Lightsail where its stack is."""
    ours, theirs = Stack.of(scope), Stack.of(given)
    for place, other in ((ours.account, theirs.account), (ours.region, theirs.region)):
        if place != other and not is_token(place) and not is_token(other):
            rule = f"{what} must be of the account and Region of its stack"
            raise ValueError(f"{rule}, got {given.node.path!r} of {other}, not of {place}")
