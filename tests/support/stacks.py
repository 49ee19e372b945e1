"""What tests build in stacks, and what comes out of them."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk.assertions import Template

from cdk_lightsail_containers import ContainerImage, ImageSource

DIGEST = "sha256:" + "0123456789abcdef" * 4


def service_in(stack: Stack, name: str = "shop") -> lightsail.CfnContainer:
    """A container service of the stack."""
    return lightsail.CfnContainer(
        stack, f"Service-{name}", service_name=name, power="nano", scale=1
    )


def image_in(stack: Stack, construct_id: str = "Image", **changes: Any) -> ContainerImage:
    """An image with as much as it needs, and changes to that."""
    arguments: dict[str, Any] = {
        "label": "web",
        "source": ImageSource.from_digest(DIGEST),
        **changes,
    }
    if "service" not in arguments:
        arguments["service"] = service_in(stack)
    return ContainerImage(stack, construct_id, **arguments)


def resources(stack: Stack, kind: str) -> list[dict[str, Any]]:
    """The stack's synthesized resources of a type."""
    found = Template.from_stack(stack).find_resources(kind)
    return [dict(resource) for resource in found.values()]


def only(stack: Stack, kind: str) -> dict[str, Any]:
    """The stack's one synthesized resource of a type."""
    (resource,) = resources(stack, kind)
    return resource
