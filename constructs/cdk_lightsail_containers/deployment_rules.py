"""The rules for what is deployed where, checked before a deployment has any child."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk.aws_lightsail import CfnContainer

from cdk_lightsail_containers_handler.properties.container import (
    PortProtocol,
    check_container_image,
    check_container_name,
    check_port,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import MOST_CONTAINERS
from cdk_lightsail_containers_handler.properties.public_endpoint import check_public_port

from .container import Container
from .container_image import ContainerImage
from .container_rules import check_hides_no_secret, check_key
from .public_endpoint import PublicEndpoint
from .service_rules import service_name_of
from .source_rules import is_private_ecr
from .tokens import check_known, is_known, is_token, template_text

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct


def check_containers(containers: object) -> None:
    """Raise the `ValueError` that says how many containers there are, and how they are named."""
    if not isinstance(containers, Mapping):
        # Not the value: it may have environment variables.
        shown = type(containers).__name__
        raise ValueError(f"containers must be Containers by name, got a {shown}")  # noqa: TRY004 - one kind of error for a user
    if not 1 <= len(containers) <= MOST_CONTAINERS:
        raise ValueError(f"containers must be 1 to {MOST_CONTAINERS}, got {len(containers)}")
    for name, container in containers.items():
        check_key(name, "the name of a container")
        check_known(name, check_container_name, "container name")
        if not isinstance(container, Container):
            shown = type(container).__name__
            raise ValueError(f"containers[{name!r}] must be a Container, got a {shown}")  # noqa: TRY004 - one kind of error for a user


def check_no_secrets(scope: Construct, containers: Mapping[str, Container]) -> None:
    """Raise the `ValueError` that says that a container's secrets are among its `secrets` alone."""
    for container in containers.values():
        check_hides_no_secret(scope, container.command, container.environment)


def check_images(
    scope: Construct, service: IContainerRef, containers: Mapping[str, Container]
) -> None:
    """Raise the `ValueError` that says that an image belongs to one container service."""
    name = service_name_of(service)
    if not is_known(name):
        return
    for container, definition in containers.items():
        what = f"the image of container {container!r}"
        if is_known(definition.image):
            check_container_image(definition.image, name, what)
            continue
        image = _image_named(scope, definition.image)
        if image and image.service_name != name and is_known(image.service_name):
            raise ValueError(
                f"{what} must be one of the container service {name!r} itself, got "
                f"{image.node.path!r}, which is one of {image.service_name!r}"
            )


def check_public_endpoint(endpoint: object, containers: Mapping[str, Container]) -> None:
    """Raise the `ValueError` that says which container and port a public endpoint may have."""
    if endpoint is None:
        return
    if not isinstance(endpoint, PublicEndpoint):
        raise ValueError(f"public_endpoint must be a PublicEndpoint, got {endpoint!r}")  # noqa: TRY004 - one kind of error for a user
    name, port = endpoint.container, endpoint.port
    if not is_known(name):
        return
    if name not in containers:
        rule = f"the public endpoint's container must be one of {', '.join(containers)}"
        raise ValueError(f"{rule}, got {name!r}")
    ports = containers[name].ports
    if is_token(port) or not all(map(is_known, ports.values())):
        return
    known = {check_port(number): PortProtocol(protocol) for number, protocol in ports.items()}
    check_public_port(check_port(port), known, name, "the public endpoint's port")


def check_deploys_nothing(service: IContainerRef) -> None:
    """Raise the `ValueError` that says that one of the two deploys to a service, not both."""
    if isinstance(service, CfnContainer) and service.container_service_deployment is not None:
        raise ValueError(
            "service must not have a container_service_deployment of its own beside this one, got "
            f"{service.node.path!r}, which has"
        )


def private_images(
    scope: Construct, service: IContainerRef, containers: Mapping[str, Container]
) -> list[str]:
    """Return the containers whose images a service is not known to be allowed to pull.

    A private repository of Amazon ECR answers to a role that Lightsail makes for the service:
    https://docs.aws.amazon.com/lightsail/latest/userguide/amazon-lightsail-container-service-ecr-private-repo-access.html
    """
    # Of a service from elsewhere nobody knows here whether it has one.
    if not isinstance(service, CfnContainer) or _pulls(service):
        return []
    return [
        name
        for name, definition in containers.items()
        if is_private_ecr(template_text(scope, definition.image))
    ]


def _image_named(scope: Construct, name: str) -> ContainerImage | None:
    """Find the image of the app that a token names."""
    for construct in scope.node.root.node.find_all():
        if isinstance(construct, ContainerImage) and construct.image_name == name:
            return construct
    return None


def _pulls(service: CfnContainer) -> bool:
    access = Stack.of(service).resolve(service.private_registry_access) or {}
    role = access.get("ecrImagePullerRole") or {}
    # A value that is known only when it is deployed may be a yes.
    return bool(role.get("isActive"))
