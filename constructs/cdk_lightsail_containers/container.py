"""A container of a deployment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_lightsail_containers_handler.properties.container import ContainerProperty, PortProtocol

from .container_rules import check_command, check_environment, check_image, check_ports
from .container_secret import ContainerSecret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container, as a deployment runs it on every node of a container service.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_Container.html

    Args:
        image: the `image_name` of a `ContainerImage` of the same container service, or
            `:service.label.N`; or an image of a public registry, `nginx:1.27`, or of a private
            repository of Amazon ECR that the service may pull from. It runs on linux/amd64. A tag
            that has moved is not deployed for that alone, as Lightsail tells the name only: name a
            digest, or let a `ContainerImage` carry it.
        ports: the open ports, 1 to 65535, and what is spoken on each: a `PortProtocol` or its
            text. The service's containers reach each other there; the internet reaches the public
            endpoint alone. Ports are known when the app is synthesized. Default: none.
        environment: environment variables, strings by names that are known when the app is
            synthesized. Everyone who may read the template or the deployment reads them: pass a
            secret in `secrets`. A secret behind a token is refused, also a NoEcho parameter.
            Default: none.
        command: the command that it runs, a list of strings, none of them a secret. Default: the
            image's own.
        secrets: environment variables whose values the function reads when it deploys, by name: a
            `ContainerSecret`, or a secret of AWS Secrets Manager or a parameter of SSM for the
            whole of it. Default: none.

    Raises:
        ValueError: a value breaks its rule, or a name is both in `environment` and in `secrets`.
            No message shows a value of either.
    """

    image: str
    ports: Mapping[int, PortProtocol | str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: Sequence[str] = ()
    secrets: Mapping[str, ContainerSecret | secretsmanager.ISecret | ssm.IParameter] = field(
        default_factory=dict, repr=False
    )

    def __post_init__(self) -> None:
        check_image(self.image)
        check_ports(self.ports)
        check_command(self.command)
        check_environment(self.environment, self.secrets)

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler to read the secrets, and return the resource properties.

        Args:
            handler: the function that deploys, or who it is to this deployment.
        """
        parts = {
            ContainerProperty.COMMAND: list(self.command),
            ContainerProperty.ENVIRONMENT: dict(self.environment),
            # The keys of an object are texts.
            ContainerProperty.PORTS: {str(port): what for port, what in self.ports.items()},
            ContainerProperty.SECRETS: {
                name: ContainerSecret.of(value, name).bind(handler)
                for name, value in self.secrets.items()
            },
        }
        return {
            ContainerProperty.IMAGE: self.image,
            **{name: part for name, part in parts.items() if part},
        }
