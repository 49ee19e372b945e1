"""What container services have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import jsii
from aws_cdk import IResource, Resource
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_lightsail import IContainerRef

from ._checks import errors_in
from .container_service_deployment import ContainerServiceDeployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .container import Container
    from .handler import Handler
    from .public_endpoint import PublicEndpoint


class IContainerService(IResource, IContainerRef, Protocol):
    """A container service: one of the stack, or an existing one."""

    @property
    def service_name(self) -> str:
        """The service's name."""

    @property
    def service_arn(self) -> str:
        """The service's ARN, or a pattern for all services if only the name is known."""

    @property
    def url(self) -> str:
        """The service's default URL, `https://.../`."""

    @property
    def principal_arn(self) -> str:
        """The ARN by which other accounts can trust the service."""

    def add_deployment(
        self,
        id: str,
        *,
        containers: Mapping[str, Container],
        handler: Handler | None = None,
        public_endpoint: PublicEndpoint | None = None,
        revision: str | None = None,
    ) -> ContainerServiceDeployment:
        """Deploy containers to the service."""

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow a principal actions on the service."""


@jsii.implements(IContainerRef)
class ServiceBase(Resource):
    """What container services have in common."""

    def add_deployment(
        self,
        id: str,
        *,
        containers: Mapping[str, Container],
        handler: Handler | None = None,
        public_endpoint: PublicEndpoint | None = None,
        revision: str | None = None,
    ) -> ContainerServiceDeployment:
        """Deploy containers to the service: a `ContainerServiceDeployment` within it.

        Args:
            id: the id within the service.
            containers: a mapping of name to `Container`.
            handler: the function to use. Default: the one that the stack shares.
            public_endpoint: the container and port that the internet reaches. Default: none.
            revision: any string; change it to have the secrets read again. Default: none.

        Raises:
            ValueError: a value breaks its rule, or the service has another deployment.
        """
        return ContainerServiceDeployment(
            self,
            id,
            service=cast("IContainerRef", self),
            containers=containers,
            handler=handler,
            public_endpoint=public_endpoint,
            revision=revision,
        )

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow a principal actions on the service.

        Lightsail's `Get` operations accept no resource: allow those on `*`.

        Args:
            grantee: the principal, such as a role.
            *actions: such as `lightsail:UpdateContainerService`.

        Raises:
            ValueError: there is no action.
        """
        with errors_in(self.node.path):
            if not actions:
                raise ValueError("actions must be names such as 'lightsail:...', got none")
            return iam.Grant.add_to_principal(
                grantee=grantee,
                actions=list(actions),
                resource_arns=[cast("IContainerService", self).service_arn],
            )
