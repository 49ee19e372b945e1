"""The entry point of the function that pushes, registers and deploys images."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import resources
from .images.resource import ImageResource
from .properties.container_image import CONTAINER_IMAGE_TYPE
from .properties.container_service_deployment import DEPLOYMENT_TYPE

if TYPE_CHECKING:
    from .cloudformation.resource import Resource


def kinds(name: object) -> type[Resource] | None:
    """Return the resource of a type."""
    if name == CONTAINER_IMAGE_TYPE:
        return ImageResource
    if name == DEPLOYMENT_TYPE:
        # An image need not wait for the import of what only a deployment needs.
        from .deployments.resource import DeploymentResource  # noqa: PLC0415

        return DeploymentResource
    return None


make_handler = partial(resources.make_handler, kinds)
handler = make_handler(resources.make_client)
