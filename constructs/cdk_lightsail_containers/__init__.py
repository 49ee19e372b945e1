"""AWS CDK constructs for container images in Amazon Lightsail container services."""

from cdk_lightsail_containers_handler.properties.container import PortProtocol

from ._service_base import IContainerService
from .certificate_validation import CertificateValidation
from .container import Container
from .container_image import ContainerImage
from .container_secret import ContainerSecret
from .container_service import ContainerService
from .container_service_deployment import ContainerServiceDeployment
from .container_web_service import ContainerWebService
from .domain_handler import DomainHandler
from .handler import Handler
from .image_source import ImageSource
from .power import Power
from .public_endpoint import HealthCheck, PublicEndpoint
from .web_domain import WebDomain

__all__ = [
    "CertificateValidation",
    "Container",
    "ContainerImage",
    "ContainerSecret",
    "ContainerService",
    "ContainerServiceDeployment",
    "ContainerWebService",
    "DomainHandler",
    "Handler",
    "HealthCheck",
    "IContainerService",
    "ImageSource",
    "PortProtocol",
    "Power",
    "PublicEndpoint",
    "WebDomain",
]
