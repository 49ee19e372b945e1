"""Where a stack's images come from, and how they change there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import archives
import oci_images
import stack_requests
from fake_registry import FakeRegistry
from fake_s3 import FakeS3
from lightsail_local.samples.sample_image import push_sample_image
from oci_images import Made

Changes = Mapping[str, Any]


class Images(Protocol):
    """Where a stack's images come from."""

    def bring(self, number: int) -> Changes:
        """Have the image of a number there, and return what changes in the properties for it."""

    def lose(self) -> Changes:
        """Have no image there, and return what changes in the properties for it."""


@dataclass(frozen=True, kw_only=True)
class PushedImages:
    """Images that somebody has pushed to the Lightsail registry."""

    url: str

    def bring(self, number: int) -> Changes:
        """Have somebody push the image."""
        push_sample_image(self.url, str(number))
        return {"Digest": stack_requests.digest(number)}

    def lose(self) -> Changes:
        """Name an image that nobody has pushed."""
        return {"Digest": "sha256:" + "0" * 64}


@dataclass(frozen=True, kw_only=True)
class RegistryImages:
    """Images that a tag of a registry names, one after the other."""

    registry: FakeRegistry
    tag: str

    def bring(self, number: int) -> Changes:
        """Have the tag name the image."""
        self.registry.add(_made(number), self.tag)
        return {"Revision": str(number)}

    def lose(self) -> Changes:
        """Have the tag name nothing."""
        del self.registry.manifests[self.tag]
        return {"Revision": "none"}


@dataclass(frozen=True, kw_only=True)
class ArchivedImages:
    """Images in an object of Amazon S3, one after the other."""

    s3: FakeS3
    key: str

    def bring(self, number: int) -> Changes:
        """Have the object hold the image."""
        self.s3.objects[self.key] = archives.tar(archives.layout(_made(number)))
        return {}

    def lose(self) -> Changes:
        """Have no object there."""
        del self.s3.objects[self.key]
        return {}


def _made(number: int) -> Made:
    return oci_images.image(*oci_images.layers(2, 1000, f"version {number} "))
