"""AWS CDK constructs for container images in Amazon Lightsail container services."""

from cdk_lightsail_containers_handler.properties.container import PortProtocol

from .container import Container
from .container_image import ContainerImage
from .container_secret import ContainerSecret
from .container_service import ContainerService, IContainerService
from .container_service_deployment import ContainerServiceDeployment
from .container_web_service import ContainerWebService
from .handler import Handler
from .image_source import ImageSource
from .power import Power
from .public_endpoint import HealthCheck, PublicEndpoint

__all__ = [
    "Container",
    "ContainerImage",
    "ContainerSecret",
    "ContainerService",
    "ContainerServiceDeployment",
    "ContainerWebService",
    "Handler",
    "HealthCheck",
    "IContainerService",
    "ImageSource",
    "PortProtocol",
    "Power",
    "PublicEndpoint",
]
