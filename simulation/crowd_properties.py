"""The properties of the resources of many stacks, and the images that they push."""

from __future__ import annotations

from typing import Any

import oci_images
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
)
from fake_registry import FakeRegistry
from lightsail_local.samples.sample_image import sample_image
from world.cloudformation import Attributes, Resources

Properties = dict[str, Any]

NAME = "Resource"
"""What a stack's one resource is called."""


def image(label: str, number: int, **more: Any) -> Properties:
    """Return the properties of an image that was pushed; the same number is the same image."""
    digest = sample_image(str(number)).digest
    return {**_every("Label", label), "Digest": digest, "RemovalPolicy": "Delete", **more}


def pushed(registry: FakeRegistry, label: str, number: int) -> Properties:
    """Return the properties of an image that is pushed out of a registry, which gets it.

    All of them have a layer in common.
    """
    layers = (oci_images.some_bytes(50_000, text) for text in ("common", str(number)))
    registry.add(oci_images.image(*layers), str(number))
    return from_source(label, Image=f"{registry.host}/web:{number}")


def from_source(label: str, **source: str) -> Properties:
    """Return the properties of an image that is pushed out of a source."""
    return {**_every("Label", label), "Source": source, "RemovalPolicy": "Delete"}


def deployment(stack: int, tag: int) -> Properties:
    """Return the properties of a stack's deployment."""
    web = {"Image": f"nginx:{tag}", "Environment": {"STACK": str(stack)}, "Ports": {"80": "HTTP"}}
    endpoint = {"ContainerName": "web", "ContainerPort": "80"}
    return {**_every("Containers", {"web": web}), "PublicEndpoint": endpoint}


def resources(properties: Properties) -> Resources:
    """Return a stack that consists of a resource with these properties."""
    kind = DEPLOYMENT_TYPE if "Containers" in properties else CONTAINER_IMAGE_TYPE
    return {NAME: (kind, lambda _: properties)}


def served(registry: FakeRegistry, label: str, number: int) -> Resources:
    """Return a stack that pushes an image and deploys it."""

    def deploys(attributes: Attributes) -> Properties:
        properties = deployment(number, 1)
        properties["Containers"]["web"]["Image"] = attributes[NAME]["ImageName"]
        return properties

    image = resources(pushed(registry, label, number))
    return {**image, "Deployment": (DEPLOYMENT_TYPE, deploys)}


def _every(name: str, value: Any) -> Properties:
    return {
        "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:handler",
        "ServiceTimeout": "3600",
        "ServiceName": "shop",
        name: value,
    }
