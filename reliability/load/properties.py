"""The properties of the resources of many stacks, and the images that they push."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fake_registry
import oci_images
import stack_requests
from fake_registry import FakeRegistry

from .member import MANY, Properties


def image(label: str, number: int, **more: Any) -> Properties:
    """Return the properties of an image that was pushed; the same number is the same image."""
    digest = stack_requests.digest(number)
    return {**_every("Label", label), "Digest": digest, "RemovalPolicy": "Delete", **more}


def pushed(registry: FakeRegistry, label: str, tag: int, **more: Any) -> Properties:
    """Return the properties of an image that is pushed out of a registry."""
    source = {"Image": f"{registry.host}/web:{tag}"}
    return {**_every("Label", label), "Source": source, "RemovalPolicy": "Delete", **more}


def deployment(stack: int, tag: int) -> Properties:
    """Return the properties of a stack's deployment."""
    web = {"Image": f"nginx:{tag}", "Environment": {"STACK": str(stack)}, "Ports": {"80": "HTTP"}}
    endpoint = {"ContainerName": "web", "ContainerPort": "80"}
    return {**_every("Containers", {"web": web}), "PublicEndpoint": endpoint}


def _every(name: str, value: Any) -> Properties:
    return {
        "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:handler",
        "ServiceTimeout": "3600",
        "ServiceName": "shop",
        name: value,
    }


@contextmanager
def registry_of_images() -> Iterator[FakeRegistry]:
    """Run a registry with an image for each stack; they have a layer in common."""
    common = oci_images.some_bytes(50_000, "common")
    with fake_registry.fake_registry() as registry:
        for number in range(1, MANY + 1):
            own = oci_images.some_bytes(50_000, str(number))
            registry.add(oci_images.image(common, own), str(number))
        yield registry
