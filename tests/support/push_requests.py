"""Requests for images that are pushed, to the handler before a local Lightsail."""

from typing import Any

import oci_images
from cdk_lightsail_containers_handler.properties.container_image import NOT_REGISTERED
from fake_registry import FakeRegistry
from stack_requests import Stack

LAYERS = oci_images.layers(3, 400_000)


def create(stack: Stack, registry: FakeRegistry, image: str = "web:1", **more: Any) -> Any:
    return stack.send(create_request(stack, registry, image, **more))


def create_request(
    stack: Stack, registry: FakeRegistry, image: str = "web:1", **more: Any
) -> dict[str, Any]:
    secret = {"CredentialsSecretArn": more.pop("secret")} if "secret" in more else {}
    source = {"Image": f"{registry.host}/{image}", **secret}
    return stack.request("Create", Digest=None, Source=source, **more)


def reason(answer: dict[str, str]) -> str:
    """The reason of an answer that says that nothing was registered."""
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == NOT_REGISTERED
    assert len(answer["Reason"]) <= 240
    return answer["Reason"]


def pushed(stack: Stack) -> list[str]:
    """The requests that carried bytes into Lightsail's registry."""
    carrying = {"PutUpload", "PatchUpload", "PutManifest"}
    return [
        request.operation
        for request in stack.lightsail.registry_requests
        if request.operation in carrying
    ]
