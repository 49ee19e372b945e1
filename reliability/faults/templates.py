"""Templates of stacks with an image, and with a deployment of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import archives
import oci_images
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
)
from lightsail_local.behaviour.failure import Failure
from lightsail_local.samples.sample_image import push_sample_image, sample_image
from oci_images import Made

from .aws_services import PARAMETERS, SECRETS
from .cloudformation import Attributes, Properties, Template
from .custom_resource import BROKEN
from .world import World

_REGISTRY_SECRET, _SHOP_SECRET = SECRETS


def by_digest(text: str, **changes: Any) -> Callable[[World], Template]:
    """Return the template of an image that was pushed already."""

    def make(world: World) -> Template:
        digest = push_sample_image(world.lightsail.url, text)
        return {"Image": _image(world.times.registering, Digest=digest, **changes)}

    return make


def by_source(tag: str, layers: int = 2) -> Callable[[World], Template]:
    """Return the template of an image that is pushed from a registry that wants to be logged in."""

    def make(world: World) -> Template:
        image = world.source.add(oci_images.multi_arch(*oci_images.layers(layers, 3000, tag)), tag)
        return {"Image": _pushed(world, Image=image, CredentialsSecretArn=_REGISTRY_SECRET)}

    return make


def by_ecr(tag: str) -> Callable[[World], Template]:
    """Return the template of an image that is pushed from Amazon ECR."""

    def make(world: World) -> Template:
        made = oci_images.image(*oci_images.layers(2, 3000, tag))
        return {"Image": _pushed(world, Image=world.ecr.add(made, tag))}

    return make


def by_archive(text: str) -> Callable[[World], Template]:
    """Return the template of an image that is pushed out of an archive, too large for one read."""

    def make(world: World) -> Template:
        made = oci_images.image(*oci_images.layers(2, 300_000, text))
        world.aws.objects[f"{text}.tar"] = archives.tar(archives.layout(made))
        return {"Image": _pushed(world, Bucket="assets", Key=f"{text}.tar")}

    return make


def renamed(template: Callable[[World], Template]) -> Callable[[World], Template]:
    """Return a template with the image under another name."""
    return lambda world: {"Renamed": template(world)["Image"]}


def serving(
    tag: str,
    *,
    fails: Failure | None = None,
    broken: bool = False,
    text: str = "",
    revision: str = "",
) -> Callable[[World], Template]:
    """Return the template of an image, and a deployment of it with secrets.

    Args:
        tag: the image's.
        fails: how its deployment fails.
        broken: whether another resource fails after the image.
        text: what the image holds, so that the tag moves; by default the tag.
        revision: the image's.
    """

    def make(world: World) -> Template:
        sample = sample_image(text or tag, fails=fails)
        blobs = {oci_images.digest_of(blob): blob for blob in (sample.config, sample.layer)}
        made = Made(content=sample.manifest, media_type=oci_images.OCI_MANIFEST, blobs=blobs)
        source = {"Image": world.source.add(made, tag), "CredentialsSecretArn": _REGISTRY_SECRET}
        more = {"Revision": revision} if revision else {}
        image = _image(world.times.pushing, Source=source, **more)
        if broken:
            return {"Image": image, "Broken": (BROKEN, lambda _: {})}
        return {"Image": image, "Deployment": _deployment(world.times.pushing)}

    return make


def _pushed(world: World, **source: str) -> Properties:
    return _image(world.times.pushing, Source=source)


def _image(waits: int, **properties: Any) -> Properties:
    given = {
        "ServiceTimeout": str(waits),
        "ServiceName": "shop",
        "Label": "web",
        "RemovalPolicy": "Delete",
        **properties,
    }
    return CONTAINER_IMAGE_TYPE, lambda _: given


def _deployment(waits: int) -> Properties:
    def properties(attributes: Attributes) -> dict[str, Any]:
        web = {
            "Image": attributes["Image"]["ImageName"],
            "Environment": {"MODE": "live"},
            "Ports": {"80": "HTTP"},
            "Secrets": {
                "PASSWORD": {"SecretArn": _SHOP_SECRET, "Field": "password"},
                "TOKEN": {"ParameterName": next(iter(PARAMETERS))},
            },
        }
        return {
            "ServiceTimeout": str(waits),
            "ServiceName": "shop",
            "Containers": {"web": web},
            "PublicEndpoint": {"ContainerName": "web", "ContainerPort": "80"},
        }

    return DEPLOYMENT_TYPE, properties
