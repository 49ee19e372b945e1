"""Container services: imported ones, and what their nodes can be."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import jsii
from aws_cdk import ArnFormat, Resource, Stack
from aws_cdk.aws_lightsail import CfnContainer
from aws_cdk.interfaces.aws_lightsail import ContainerReference, IContainerRef

from cdk_lightsail_containers_handler.properties.rules import check_service_name

from ._checks import check_known, is_token

if TYPE_CHECKING:
    from constructs import Construct, IConstruct


class Power(StrEnum):
    """The memory and processor of each node of a container service.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_GetContainerServicePowers.html
    """

    NANO = "nano"
    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"


class ContainerService:
    """Imports existing Lightsail container services.

    For a service that the stack creates, use `aws_cdk.aws_lightsail.CfnContainer`: every `service`
    parameter takes either.
    """

    @staticmethod
    def from_service_name(scope: Construct, id: str, service_name: str) -> IContainerRef:  # noqa: A002 - CDK's word
        """Import a container service of the stack's account and Region by its name.

        Permissions for it cover every container service of the account and Region, because
        Lightsail's ARNs do not contain the name. Pass a `CfnContainer` for permissions on one
        service only.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            service_name: 1-63 lowercase letters, digits and inner hyphens.

        Raises:
            ValueError: the name breaks its rule.
        """
        check_known(service_name, check_service_name, "service_name")
        return _ImportedContainerService(scope, id, service_name)


@jsii.implements(IContainerRef)
class _ImportedContainerService(Resource):
    """A container service in the account and Region of the stack, known only by its name."""

    def __init__(self, scope: Construct, construct_id: str, service_name: str) -> None:
        super().__init__(scope, construct_id)
        self._service_name = service_name

    @property
    def container_ref(self) -> ContainerReference:
        # The ARN ends in an id that Lightsail generates, so the name alone stands for every
        # container service of the account and Region.
        arn = Stack.of(self).format_arn(
            service="lightsail",
            resource="ContainerService",
            resource_name="*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        return ContainerReference(container_arn=arn, service_name=self._service_name)


def service_name_of(service: IContainerRef) -> str:
    """Return the name of a container service, as a plain string if it is known."""
    if isinstance(service, CfnContainer):
        # Its reference is always a token.
        return service.service_name
    return service.container_ref.service_name


def check_service(scope: Construct, service: IContainerRef) -> None:
    """Check that a service is a container service of the stack's account and Region."""
    if isinstance(service, type) or not hasattr(service, "container_ref"):
        rule = "service must be a CfnContainer or ContainerService.from_service_name(...)"
        raise ValueError(f"{rule}, got {service!r}")
    check_place(scope, service, "service")
    check_known(service_name_of(service), check_service_name, "service_name")


def check_place(scope: Construct, given: IConstruct, what: str) -> None:
    """Check that a construct is not known to be in another account or Region.

    The function calls Lightsail in the account and Region of its stack.
    """
    ours, theirs = Stack.of(scope), Stack.of(given)
    if ours is theirs:
        return
    for place, other in ((ours.account, theirs.account), (ours.region, theirs.region)):
        if place != other and not is_token(place) and not is_token(other):
            rule = f"{what} must be of the account and Region of its stack"
            raise ValueError(f"{rule}, got {given.node.path!r} of {other}, not of {place}")
