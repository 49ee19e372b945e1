"""A web service: from an image's source to a URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput
from aws_cdk.aws_lightsail import CfnContainer
from constructs import Construct

from cdk_lightsail_containers_handler.properties.container import PortProtocol
from cdk_lightsail_containers_handler.properties.rules import (
    check_number,
    check_service_name,
    show,
)

from ._checks import check_known, is_known, is_token
from .container import Container
from .container_image import ContainerImage
from .container_service import Power
from .container_service_deployment import ContainerServiceDeployment
from .public_endpoint import HealthCheck, PublicEndpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm

    from .container_secret import ContainerSecret
    from .handler import Handler
    from .image_source import ImageSource

_CONTAINER = "web"
# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerService.html
_MAX_NODES = 20
_MAX_DOMAINS = 4


class ContainerWebService(Construct):
    """A Lightsail container service that serves one image over HTTPS.

    It creates the service, pushes and registers the image, deploys it, and waits until it is
    healthy. The stack gets outputs for the URL, the image's name and the deployment's version. To
    change more than the parameters allow, change the attributes `service`, `image` and
    `deployment`, or use a `CfnContainer`, a `ContainerImage` and a `ContainerServiceDeployment`
    instead. See
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
        """Create a service that serves an image.

        Args:
            scope: the parent construct.
            id: the id within the scope.
            port: the container's HTTP port, 1 to 65535; it cannot be a token.
            service_name: the name of the new container service: 1-63 lowercase letters, digits and
                inner hyphens. Another name creates another service with another URL.
            source: where the image comes from.
            command: the command to run, a list of strings. Default: the image's own command.
            environment: a mapping of name to string: environment variables that are not secret.
                Default: none.
            handler: the function to use. Default: the one that the stack shares.
            health_check: how Lightsail checks that the service is healthy. Default: Lightsail's own
                check.
            label: the common name of all versions of the image. Default: `web`.
            max_versions: how many images of the label to keep, 1 to 150. Default: no limit of its
                own.
            power: memory and processor of each node: `nano`, `micro`, `small`, `medium`, `large` or
                `xlarge`. Default: `nano`.
            public_domain_names: a mapping of the name of a Lightsail certificate, which must be
                valid, to a list of its domain names; 4 domain names in all. Default: none, only the
                default URL.
            removal_policy: DESTROY deletes an image that is removed or replaced, RETAIN keeps it.
                Default: DESTROY.
            revision: any string; change it to have the secrets read again and deployed. To have the
                image's tag looked up again, change the `revision` of the source. Default: none.
            scale: the number of nodes, 1 to 20. Default: 1.
            secrets: a mapping of name to secret: environment variables whose values the function
                reads when it deploys. Default: none.
            signed_by: the AWS KMS key that must have signed the image, see `ContainerImage`.
                Default: no signature is needed.

        Raises:
            ValueError: a value breaks its rule, or the stack already has a deployment of the
                service.
        """
        power = Power.NANO if power is None else power
        scale = 1 if scale is None else scale
        public_domain_names = {} if public_domain_names is None else public_domain_names
        check_known(service_name, check_service_name, "service_name")
        if is_known(power) and power not in tuple(Power):
            raise ValueError(f"power must be one of {', '.join(Power)}, got {show(power)}")
        if not is_token(scale):
            check_number(scale, "scale", 1, _MAX_NODES)
        _check_public_domain_names(public_domain_names)
        endpoint = PublicEndpoint(container=_CONTAINER, port=port, health_check=health_check)
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
            label="web" if label is None else label,
            source=source,
            handler=handler,
            max_versions=max_versions,
            removal_policy=removal_policy,
            signed_by=signed_by,
        )
        """The image."""
        self.deployment = ContainerServiceDeployment(
            self,
            "Deployment",
            service=self.service,
            containers={
                _CONTAINER: Container(
                    image=self.image.image_name,
                    ports={port: PortProtocol.HTTP},
                    environment={} if environment is None else environment,
                    command=() if command is None else command,
                    secrets={} if secrets is None else secrets,
                )
            },
            public_endpoint=endpoint,
            handler=handler,
            revision=revision,
        )
        """The deployment, with one container `web`."""
        CfnOutput(self, "Url", value=self.url)
        CfnOutput(self, "ImageName", value=self.image.image_name)
        CfnOutput(self, "DeploymentVersion", value=self.deployment.deployment_version)

    @property
    def url(self) -> str:
        """The service's default URL, `https://.../`."""
        return self.deployment.url


def _check_public_domain_names(names: object) -> None:
    rule = "public_domain_names must be a mapping of certificate name to a list of domain names"
    if not isinstance(names, Mapping):
        raise ValueError(f"{rule}, got {show(names)}")  # noqa: TRY004 - one kind of error for a user
    for certificate, domains in names.items():
        if not isinstance(certificate, str) or not certificate:
            raise ValueError(f"{rule}, got {show(certificate)} for a certificate")
        is_list = isinstance(domains, list | tuple) and domains
        if not is_list or not all(isinstance(domain, str) and domain for domain in domains):
            raise ValueError(f"{rule}, got {show(domains)} for {certificate!r}")
    count = sum(len(domains) for domains in names.values())
    if count > _MAX_DOMAINS:
        raise ValueError(f"public_domain_names must be {_MAX_DOMAINS} at most, got {count}")
