"""A web service: from an image's source to a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from aws_cdk import CfnElement, CfnOutput, Stack
from constructs import Construct

from cdk_lightsail_containers_handler.properties.container import PortProtocol
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import errors_in, new_path
from .certificate_validation import CertificateValidation
from .container import Container
from .container_image import ContainerImage
from .container_service import ContainerService
from .container_service_deployment import ContainerServiceDeployment
from .public_endpoint import HealthCheck, PublicEndpoint
from .web_domain import WebDomain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm
    from aws_cdk.aws_lightsail import CfnContainer

    from .container_secret import ContainerSecret
    from .handler import Handler
    from .image_source import ImageSource
    from .power import Power

_CONTAINER = "web"
_OUTPUTS = ("Url", "ImageName", "DeploymentVersion")
_PREFIX = re.compile(r"[A-Za-z0-9]*")
_MAX_PREFIX = 200  # of the 255 characters of an output's name


class ContainerWebService(Construct):
    """A Lightsail container service that serves one image over HTTPS.

    It creates the service, pushes and registers the image, deploys it, and waits until it is
    healthy. The stack gets outputs for the URL, the image's name and the deployment's version. To
    change more than the parameters allow, change the attributes `service`, `image` and
    `deployment`, or use a `ContainerService`, a `ContainerImage` and a `ContainerServiceDeployment`
    instead. See
    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerService.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        port: int,
        service_name: str,
        source: ImageSource,
        command: Sequence[str] | None = None,
        domain: WebDomain | None = None,
        environment: Mapping[str, str] | None = None,
        handler: Handler | None = None,
        health_check: HealthCheck | None = None,
        label: str | None = None,
        max_versions: int | None = None,
        output_prefix: str | None = None,
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
            domain: domain names of the service: a certificate for them is requested and validated,
                and DNS records lead them to the service. Default: none, only the default URL.
            environment: a mapping of name to string: environment variables that are not secret.
                Default: none.
            handler: the function to use. Default: the one that the stack shares.
            health_check: how Lightsail checks that the service is healthy. Default: Lightsail's own
                check.
            label: the common name of all versions of the image. Default: `web`.
            max_versions: how many images of the label to keep, 1 to 150. Default: no limit of its
                own.
            output_prefix: the beginning of the names of the stack's outputs, ASCII letters and
                digits: `""` gives `Url`, `ImageName` and `DeploymentVersion`, `"Site"` gives
                `SiteUrl` and so on. Each service of a stack needs another one. Default: names with
                a hash, such as `SiteUrlB6E8351A`, which never change.
            power: memory and processor of each node: a `Power` or its name. Default: `nano`.
            public_domain_names: a mapping of the name of a Lightsail certificate, which must be
                valid, to a list of its domain names; 4 domain names in all. An empty list takes a
                certificate off, as for a `ContainerService`. Default: none, only the default URL.
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
                service or an output of the same name.
        """
        with errors_in(new_path(scope, id)):
            if output_prefix is not None:
                _check_output_prefix(scope, output_prefix)
            names = {} if public_domain_names is None else public_domain_names
            _check_names(domain, names)
            endpoint = PublicEndpoint(container=_CONTAINER, port=port, health_check=health_check)
            super().__init__(scope, id)

            self.certificate_validation = (
                None if domain is None else CertificateValidation(self, "Domain", domain=domain)
            )
            """The certificate for the `domain`, or None."""
            if self.certificate_validation is not None and isinstance(names, Mapping):
                names = {**names, **self.certificate_validation.public_domain_names}
            self.container_service = ContainerService(
                self,
                "Service",
                service_name=service_name,
                power=power,
                scale=scale,
                public_domain_names=names,
            )
            """The container service."""
            self.service = cast("CfnContainer", self.container_service.node.default_child)
            """The `CfnContainer` of the container service."""
            if self.certificate_validation is not None:
                self.certificate_validation.add_records(self.container_service)
            self.image = ContainerImage(
                self,
                "Image",
                service=self.container_service,
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
                service=self.container_service,
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
            for name, value in zip(
                _OUTPUTS,
                (self.url, self.image.image_name, self.deployment.deployment_version),
                strict=True,
            ):
                output = CfnOutput(self, name, value=value)
                # Names that scripts know before the first synthesis are an option, because programs
                # and stacks read those that exist.
                if output_prefix is not None:
                    output.override_logical_id(output_prefix + name)

    @property
    def url(self) -> str:
        """The service's default URL, `https://.../`."""
        return self.deployment.url


def _check_output_prefix(scope: Construct, prefix: object) -> None:
    """Check that a prefix gives names of outputs that the stack does not have yet."""
    if not isinstance(prefix, str) or len(prefix) > _MAX_PREFIX or not _PREFIX.fullmatch(prefix):
        rule = f"output_prefix must be 0-{_MAX_PREFIX} ASCII letters and digits"
        raise ValueError(f"{rule}, got {show(prefix)}")
    stack = Stack.of(scope)
    names = {prefix + name for name in _OUTPUTS}
    for other in stack.node.find_all():
        if isinstance(other, CfnElement) and other.stack.node.path == stack.node.path:
            name = stack.resolve(other.logical_id)
            if name in names:
                raise ValueError(
                    f"output_prefix must give names that are new in the stack, got {prefix!r}: "
                    f"{other.node.path!r} is already named {name!r}"
                )


def _check_names(domain: object, names: object) -> None:
    """Check that the domain names of both parameters differ."""
    if not isinstance(domain, WebDomain) or not isinstance(names, Mapping):
        return
    for given in names.values():
        for name in given if isinstance(given, list | tuple) else ():
            if name in domain.names:
                raise ValueError(
                    f"domain has a certificate of its own for {name!r}: remove the name from "
                    "public_domain_names"
                )
