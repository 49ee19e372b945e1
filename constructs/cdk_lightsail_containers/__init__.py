"""AWS CDK constructs for container images in Amazon Lightsail container services."""

from .container_image import ContainerImage
from .container_service import ContainerService
from .handler import Handler
from .image_source import ImageSource

__all__ = ["ContainerImage", "ContainerService", "Handler", "ImageSource"]
