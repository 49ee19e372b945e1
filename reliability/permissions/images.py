"""Where a stack's images come from, and how they change there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import archives
import oci_images
import signed_images
from fake_registry import FakeRegistry
from oci_images import Made
from reliability.lifecycles import push
from world.world import World

Changes = Mapping[str, Any]
"""What changes in the properties of a resource."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """Where a stack's images come from: a new one, or none any more, and what that changes."""

    bring: Callable[[int], Changes]
    lose: Callable[[], Changes]


def pushed_images(world: World) -> Images:
    """Return images that are pushed to the Lightsail registry before."""
    return Images(
        bring=lambda number: {"Digest": push(world, str(number))},
        lose=lambda: {"Digest": "sha256:" + "0" * 64},
    )


def registry_images(registry: FakeRegistry, tag: str, *, is_signed: bool) -> Images:
    """Return images that a tag of a registry names, one after the other, signed or not."""

    def put(made: Made) -> None:
        registry.add(made, tag)
        if is_signed:
            signed_images.sign(registry, made.digest)

    return _images(put, registry.manifests, tag)


def archived_images(objects: dict[str, bytes], key: str) -> Images:
    """Return images in an object of Amazon S3, one after the other."""

    def put(made: Made) -> None:
        objects[key] = archives.tar(archives.layout(made))

    return _images(put, objects, key)


def _images(put: Callable[[Made], None], kept: dict[str, Any], name: str) -> Images:
    def bring(number: int) -> Changes:
        put(oci_images.image(*oci_images.layers(2, 1000, f"version {number} ")))
        return {"Revision": str(number)}

    def lose() -> Changes:
        del kept[name]
        return {"Revision": "none"}

    return Images(bring=bring, lose=lose)
