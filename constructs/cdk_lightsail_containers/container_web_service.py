"""A web service: from an image's source to a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput
from aws_cdk.aws_lightsail import CfnContainer
from constructs import Construct

from cdk_lightsail_containers_handler.properties.container import PortProtocol
from cdk_lightsail_containers_handler.properties.rules import check_service_name

from .container import Container
from .container_image import ContainerImage
from .container_rules import check_command, check_environment, check_hides_no_secret, check_ports
from .container_service_deployment import ContainerServiceDeployment, check_one_deployment
from .image_rules import check_registration
from .power import Power
from .public_endpoint import HealthCheck, PublicEndpoint
from .service_rules import check_handler
from .source_rules import check_revision
from .tokens import check_known
from .web_service_rules import check_capacity, check_public_domain_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm

    from .container_secret import ContainerSecret
    from .handler import Handler
    from .image_source import ImageSource

_CONTAINER = "web"


class ContainerWebService(Construct):
    """A Lightsail container service that serves one image over HTTPS.

    It makes the service, registers the image, deploys it, and waits until it serves. The stack has
    outputs for the address, the name of the image and the version of the deployment. Whoever wants
    more changes the parts, or puts together a `CfnContainer`, a `ContainerImage` and a
    `ContainerServiceDeployment` instead. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerService.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's word
        *,
        port: int,
        service_name: str,
        source: ImageSource,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        handler: Handler | None = None,
        health_check: HealthCheck | None = None,
        label: str | None = None,
        max_versions: int | None = None,
        power: Power | str | None = None,
        public_domain_names: Mapping[str, Sequence[str]] | None = None,
        removal_policy: RemovalPolicy | None = None,
        revision: str | None = None,
        scale: int | None = None,
        secrets: (
            Mapping[str, ContainerSecret | secretsmanager.ISecret | ssm.IParameter] | None
        ) = None,
        signed_by: kms.IKey | None = None,
    ) -> None:
        """Make a service that serves an image.

        Args:
            scope: the construct that this belongs to.
            id: the id within the scope.
            port: on which the container speaks HTTP, 1 to 65535; known when the app is synthesized.
            service_name: of the new container service: 1-63 lowercase letters, digits and inner
                hyphens. Another name is another service, with another address.
            source: where the image comes from.
            command: the command that the container runs. Default: the image's own.
            environment: environment variables, texts by name; no secrets. Default: none.
            handler: the function that does it. Default: the one that the stack shares.
            health_check: how Lightsail finds out whether it serves. Default: Lightsail's own.
            label: what the images of the service have in common. Default: `web`.
            max_versions: how many images of the label stay, 1 to 150. Default: as many as there
                is room for.
            power: of each node: `nano`, `micro`, `small`, `medium`, `large` or `xlarge`. Default:
                `nano`.
            public_domain_names: lists of domain names, by the name of their Lightsail certificate,
                which must be valid; four domain names in all. Default: the default address alone.
            removal_policy: what becomes of an image that is replaced: DESTROY or RETAIN. Default:
                DESTROY.
            revision: any text; change it to have the secrets read again and deployed. The
                image's tag is looked up again with another `revision` of the source.
            scale: how many nodes, 1 to 20. Default: 1.
            secrets: environment variables that the function reads when it deploys, by name.
                Default: none.
            signed_by: the key that the image must be signed by, see `ContainerImage`. Default: the
                image need not be signed.

        Raises:
            ValueError: a value breaks its rule, or the stack has another deployment of the service.
        """
        label = "web" if label is None else label
        power = Power.NANO if power is None else power
        scale = 1 if scale is None else scale
        command = () if command is None else command
        environment = {} if environment is None else environment
        secrets = {} if secrets is None else secrets
        public_domain_names = {} if public_domain_names is None else public_domain_names
        ports = {port: PortProtocol.HTTP}
        check_capacity(power=power, scale=scale)
        check_public_domain_names(public_domain_names)
        check_handler(scope, handler)
        check_revision(revision)
        check_registration(
            scope,
            label=label,
            max_versions=max_versions,
            removal_policy=removal_policy,
            signed_by=signed_by,
            source=source,
        )
        check_ports(ports)
        check_command(command)
        check_environment(environment, secrets)
        check_hides_no_secret(scope, command, environment)
        endpoint = PublicEndpoint(container=_CONTAINER, port=port, health_check=health_check)
        check_known(service_name, check_service_name, "service_name")
        check_one_deployment(scope, service_name)
        super().__init__(scope, id)

        self.service = CfnContainer(
            self,
            "Service",
            service_name=service_name,
            power=power,
            scale=scale,
            public_domain_names=[
                CfnContainer.PublicDomainNameProperty(
                    certificate_name=certificate, domain_names=list(domains)
                )
                for certificate, domains in public_domain_names.items()
            ]
            or None,
        )
        """The container service."""
        self.image = ContainerImage(
            self,
            "Image",
            service=self.service,
            label=label,
            source=source,
            handler=handler,
            max_versions=max_versions,
            removal_policy=removal_policy,
            signed_by=signed_by,
        )
        """The image that it runs."""
        self.deployment = ContainerServiceDeployment(
            self,
            "Deployment",
            service=self.service,
            containers={
                _CONTAINER: Container(
                    image=self.image.image_name,
                    ports=ports,
                    environment=environment,
                    command=command,
                    secrets=secrets,
                )
            },
            public_endpoint=endpoint,
            handler=handler,
            revision=revision,
        )
        """The deployment of the image, in a container `web`."""
        CfnOutput(self, "Url", value=self.url)
        CfnOutput(self, "ImageName", value=self.image.image_name)
        CfnOutput(self, "DeploymentVersion", value=self.deployment.deployment_version)

    @property
    def url(self) -> str:
        """The service's default address, `https://.../`."""
        return self.deployment.url
