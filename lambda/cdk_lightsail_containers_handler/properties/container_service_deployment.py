"""The contract of `Custom::LightsailContainerServiceDeployment`.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerServiceDeployment.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .container import ContainerProperty, ContainerSpec, check_container_name
from .public_endpoint import EndpointSpec
from .rules import check_service_name, mapping, required
from .secret_value import SecretValue

DEPLOYMENT_TYPE = "Custom::LightsailContainerServiceDeployment"

NOT_DEPLOYED = "LightsailContainerServiceDeployment::NOT_DEPLOYED"
"""The physical id of a deployment whose request does not even name a container service."""

MOST_CONTAINERS = 10
"""How many containers a deployment has at most."""


class DeploymentProperty(StrEnum):
    """The resource properties of a deployment."""

    SERVICE_NAME = "ServiceName"
    CONTAINERS = "Containers"
    PUBLIC_ENDPOINT = "PublicEndpoint"
    REVISION = "Revision"
    """No code reads it: another string makes CloudFormation send an Update, which reads secrets."""


class DeploymentAttribute(StrEnum):
    """The attributes of a deployment, for `Fn::GetAtt`."""

    DEPLOYMENT_VERSION = "DeploymentVersion"
    URL = "Url"


@dataclass(frozen=True, kw_only=True)
class DeploymentProperties:
    """The resource properties of a deployment.

    Args:
        service_name: the container service.
        containers: the containers by name, without their secrets.
        secrets: where the values of further environment variables are, by container and name.
        public_endpoint: None for none.
    """

    service_name: str
    containers: Mapping[str, ContainerSpec]
    secrets: Mapping[str, Mapping[str, SecretValue]]
    public_endpoint: EndpointSpec | None

    @classmethod
    def parse(cls, properties: object) -> Self:
        """Return the typed properties of a Create or Update request.

        Properties that are not known here are ignored.

        Raises:
            ValueError: a property is missing, empty, of the wrong type or impossible.
        """
        given = mapping(properties, "resource properties")
        service = check_service_name(
            required(given, DeploymentProperty.SERVICE_NAME), DeploymentProperty.SERVICE_NAME
        )
        defined = mapping(
            required(given, DeploymentProperty.CONTAINERS), DeploymentProperty.CONTAINERS
        )
        if not 1 <= len(defined) <= MOST_CONTAINERS:
            raise ValueError(f"Containers must be 1 to {MOST_CONTAINERS}, got {len(defined)}")
        containers, secrets = {}, {}
        for name, definition in defined.items():
            what = f"Containers.{check_container_name(name)}"
            parts = mapping(definition, what)
            containers[name] = ContainerSpec.parse(parts, service, what)
            kept = mapping(parts.get(ContainerProperty.SECRETS, {}), f"{what}.Secrets")
            secrets[name] = {
                variable: SecretValue.parse(value, f"{what}.Secrets.{variable}")
                for variable, value in kept.items()
            }
        endpoint = given.get(DeploymentProperty.PUBLIC_ENDPOINT)
        return cls(
            service_name=service,
            containers=containers,
            secrets=secrets,
            public_endpoint=(
                None
                if endpoint is None
                else EndpointSpec.parse(endpoint, containers, DeploymentProperty.PUBLIC_ENDPOINT)
            ),
        )
