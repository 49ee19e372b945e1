"""A deployment of containers to a Lightsail container service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Annotations, CustomResource, Stack
from constructs import Construct

from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
    DeploymentAttribute,
    DeploymentProperty,
)
from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .deployment_policy import deployment_policy
from .deployment_rules import (
    check_containers,
    check_deploys_nothing,
    check_images,
    check_no_secrets,
    check_public_endpoint,
    private_images,
)
from .handler import Handler
from .neighbours import check_alone
from .policy_grantee import PolicyGrantee
from .service_rules import check_handler, check_no_secret, check_service, service_name_of
from .source_rules import check_revision
from .synthesis_check import SynthesisCheck
from .tokens import check_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk.interfaces.aws_lightsail import IContainerRef

    from .container import Container
    from .public_endpoint import PublicEndpoint

_TWIN = "a stack must not have two deployments of the same service, got one"


class ContainerServiceDeployment(Construct):
    """Containers that a Lightsail container service runs, and the stack's proof that it does.

    The resource is complete when this very deployment is active, and fails with what its
    containers logged when Lightsail gives it up; the service then keeps what it ran before, and
    the stack rolls back to it. What is deployed already is not deployed again. Another deployment
    in progress is waited for. Removed from the stack, the deployment stays as it is: Lightsail
    has no way to remove one but to delete or disable its service. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerServiceDeployment.html

    A service has one deployment at a time. So a stack has one for a service, and the service's
    `CfnContainer` has no `container_service_deployment`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's word
        *,
        containers: Mapping[str, Container],
        service: IContainerRef,
        handler: Handler | None = None,
        public_endpoint: PublicEndpoint | None = None,
        revision: str | None = None,
    ) -> None:
        """Deploy containers.

        Args:
            scope: the construct that this belongs to.
            id: the id within the scope.
            containers: 1 to 10 containers by name: 1-53 lowercase letters, digits and inner
                hyphens, known when the app is synthesized. Their images are of this service, or
                of a registry.
            service: the container service, a `CfnContainer` or
                `ContainerService.from_service_name`.
            handler: the function that does it. Default: the one that the stack shares.
            public_endpoint: the container and port that the internet reaches. Default: none, the
                service is reached by other resources of the account in Lightsail alone.
            revision: any text; change it to have the containers' secrets read again and deployed.
                CloudFormation sends nothing when only the value of a secret changed, since nothing
                in the template did.

        Raises:
            ValueError: a value breaks its rule; the stack, with the nested ones in it, has another
                deployment of the service, or the service brings one of its own; or an image is one
                of another service.
        """
        check_service(scope, service)
        check_handler(scope, handler)
        check_revision(revision)
        check_deploys_nothing(service)
        check_containers(containers)
        check_public_endpoint(public_endpoint, containers)
        check_images(scope, service, containers)
        check_no_secrets(scope, containers)
        self._service_name = service_name_of(service)
        check_one_deployment(scope, self._service_name)
        super().__init__(scope, id)

        handler = handler or Handler.shared(self)
        grantee = PolicyGrantee(self, handler)
        bound = {name: container.bind(grantee) for name, container in containers.items()}
        policy = deployment_policy(self, handler, service, grants=grantee.statements)
        endpoint = {} if public_endpoint is None else public_endpoint.bind()
        self._properties: dict[str, object] = {
            DeploymentProperty.SERVICE_NAME: service.container_ref.service_name,
            DeploymentProperty.CONTAINERS: bound,
            **({DeploymentProperty.PUBLIC_ENDPOINT: endpoint} if endpoint else {}),
            **({} if revision is None else {DeploymentProperty.REVISION: revision}),
        }
        self._resource = CustomResource(
            self,
            "Resource",
            resource_type=DEPLOYMENT_TYPE,
            service_token=handler.function.function_arn,
            service_timeout=handler.hand_over_timeout,
            properties=self._properties,
        )
        handler.precede(self._resource)
        self._resource.node.add_dependency(policy)
        self._warn_of(private_images(self, service, containers))
        self.node.add_validation(
            SynthesisCheck(lambda: self._check_again(service, containers)),
        )

    @property
    def deployment_version(self) -> str:
        """The version that Lightsail gave the deployment that is active, such as `7`."""
        return self._resource.get_att_string(DeploymentAttribute.DEPLOYMENT_VERSION)

    @property
    def url(self) -> str:
        """The service's default address, `https://.../`; 404 without a public endpoint."""
        return self._resource.get_att_string(DeploymentAttribute.URL)

    def _warn_of(self, private: list[str]) -> None:
        if private:
            Annotations.of(self).add_warning_v2(
                "cdk-lightsail-containers:privateRegistryAccess",
                "Lightsail pulls from a private repository of Amazon ECR only as the service's "
                "role: set private_registry_access with an ecr_image_puller_role that is active, "
                "and let attr_private_registry_access_ecr_image_puller_role_principal_arn pull in "
                "the repository's policy; or carry the image over with "
                "ImageSource.from_ecr_repository(...). Concerned: container "
                f"{', '.join(private)}",
            )

    def _check_again(self, service: IContainerRef, containers: Mapping[str, Container]) -> None:
        """Hold what was a token, or was set since, to its rules, where it came to be known."""
        check_deploys_nothing(service)
        check_no_secrets(self, containers)
        check_no_secret(self, service, self._properties)
        known = self._known()
        if known != self._service_name and isinstance(known, str):
            check_known(known, check_service_name, "service_name")
            check_alone(self, ContainerServiceDeployment, lambda one: one._known() == known, _TWIN)  # noqa: SLF001 - our own class

    def _known(self) -> object:
        """Return the service's name as the template has it, which is all that is known of it."""
        return Stack.of(self).resolve(self._service_name)


def check_one_deployment(scope: Construct, service_name: str) -> None:
    """Refuse a second deployment of a service: each would take the other's place."""
    check_alone(
        scope,
        ContainerServiceDeployment,
        lambda deployment: deployment._service_name == service_name,  # noqa: SLF001 - our own class
        _TWIN,
    )
