"""Requests for images to the handler before a local Lightsail, and what comes of them."""

from typing import Any

import oci_images
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from fake_registry import FakeRegistry
from stack_requests import Stack

LAYERS = oci_images.layers(3, 400_000)


def create(stack: Stack, registry: FakeRegistry, image: str = "web:1", **more: Any) -> Any:
    """Create an image that is pushed out of a registry."""
    return stack.send(create_request(stack, registry, image, **more))


def create_request(
    stack: Stack, registry: FakeRegistry, image: str = "web:1", **more: Any
) -> dict[str, Any]:
    secret = {"CredentialsSecretArn": more.pop("secret")} if "secret" in more else {}
    source = {"Image": f"{registry.host}/{image}", **secret}
    return stack.request("Create", Digest=None, Source=source, **more)


def reason(answer: dict[str, str]) -> str:
    """The reason of an answer that says that the request failed."""
    assert answer["Status"] == "FAILED", answer
    assert len(answer["Reason"]) <= 240
    return answer["Reason"]


def refusal(answer: dict[str, str]) -> str:
    """The reason of an answer that says that nothing was registered."""
    assert answer["PhysicalResourceId"] == NOT_REGISTERED
    return reason(answer)


def pushed(stack: Stack) -> list[str]:
    """The requests that carried bytes into Lightsail's registry."""
    carrying = {"PutUpload", "PatchUpload", "PutManifest"}
    operations = [request.operation for request in stack.lightsail.registry_requests]
    return [operation for operation in operations if operation in carrying]


def deploy(stack: Stack, image: str) -> None:
    """Deploy an image as another user does, and do not wait."""
    stack.client().create_container_service_deployment(
        serviceName="shop", containers={"web": {"image": image}}
    )
