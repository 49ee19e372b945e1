"""Container services that are defined outside the stack."""

import jsii
from aws_cdk import ArnFormat, Resource, Stack
from aws_cdk.interfaces.aws_lightsail import ContainerReference, IContainerRef
from constructs import Construct

from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .tokens import check_known


@jsii.implements(IContainerRef)
class _ImportedContainerService(Resource):
    """A container service of the stack's account and Region, known by its name alone."""

    def __init__(self, scope: Construct, construct_id: str, service_name: str) -> None:
        super().__init__(scope, construct_id)
        self._service_name = service_name

    @property
    def container_ref(self) -> ContainerReference:
        # A container service's ARN ends in an id of Lightsail's own, never in the name, so the
        # name alone stands for every container service of the account and Region.
        arn = Stack.of(self).format_arn(
            service="lightsail",
            resource="ContainerService",
            resource_name="*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        return ContainerReference(container_arn=arn, service_name=self._service_name)


class ContainerService:
    """Refers to Lightsail container services that exist already.

    A service that the stack itself makes is an `aws_cdk.aws_lightsail.CfnContainer`, and goes
    wherever these go.
    """

    @staticmethod
    def from_service_name(scope: Construct, id: str, service_name: str) -> IContainerRef:  # noqa: A002 - CDK's word
        """Refer to a container service of the stack's account and Region by its name.

        Permissions granted on it hold for every container service of the account and Region:
        Lightsail's ARNs do not contain the name. Hand in a `CfnContainer` to narrow them to one.

        Args:
            scope: the construct that this belongs to.
            id: the id within the scope.
            service_name: 1-63 lowercase letters, digits and inner hyphens.

        Raises:
            ValueError: the name breaks that rule.
        """
        check_known(service_name, check_service_name, "service_name")
        return _ImportedContainerService(scope, id, service_name)
