"""Where a stack's images come from, and how they change there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import archives
import oci_images
import signed_images
from fake_registry import FakeRegistry
from oci_images import Made
from reliability.lifecycles import push
from world.world import World

Changes = Mapping[str, Any]


class Images(Protocol):
    """Where a stack's images come from."""

    def bring(self, number: int) -> Changes:
        """Put the image of a number there, and return what changes in the properties for it."""

    def lose(self) -> Changes:
        """Leave no image there, and return what changes in the properties for it."""


@dataclass(frozen=True, kw_only=True)
class PushedImages:
    """Images that are pushed to the Lightsail registry before."""

    world: World

    def bring(self, number: int) -> Changes:
        """Push the image."""
        return {"Digest": push(self.world, str(number))}

    def lose(self) -> Changes:
        """Name an image that was never pushed."""
        return {"Digest": "sha256:" + "0" * 64}


@dataclass(frozen=True, kw_only=True)
class RegistryImages:
    """Images that a tag of a registry names, one after the other."""

    registry: FakeRegistry
    tag: str
    is_signed: bool = False

    def bring(self, number: int) -> Changes:
        """Let the tag name the image, with a signature if there has to be one."""
        made = _made(number)
        self.registry.add(made, self.tag)
        if self.is_signed:
            signed_images.sign(self.registry, made.digest)
        return {"Revision": str(number)}

    def lose(self) -> Changes:
        """Let the tag name nothing."""
        del self.registry.manifests[self.tag]
        return {"Revision": "none"}


@dataclass(frozen=True, kw_only=True)
class ArchivedImages:
    """Images in an object of Amazon S3, one after the other."""

    objects: dict[str, bytes]
    key: str

    def bring(self, number: int) -> Changes:
        """Put the image into the object."""
        self.objects[self.key] = archives.tar(archives.layout(_made(number)))
        return {"Revision": str(number)}

    def lose(self) -> Changes:
        """Delete the object."""
        del self.objects[self.key]
        return {"Revision": "none"}


def _made(number: int) -> Made:
    return oci_images.image(*oci_images.layers(2, 1000, f"version {number} "))
