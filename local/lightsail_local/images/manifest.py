"""Manifests and indexes, as they are pushed.

https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import RegistryError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What a manifest says of a blob or another manifest.

    Args:
        media_type: its media type.
        digest: its digest.
        size: its size in bytes.
    """

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest or an index.

    Args:
        media_type: its media type.
        content: its bytes.
        blobs: the config, then the layers; none in an index.
        manifests: the manifests of an index.
    """

    media_type: str
    content: bytes
    blobs: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]

    @property
    def digest(self) -> str:
        """Its digest."""
        return digest_of(self.content)

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests instead of being one."""
        return self.media_type in (OCI_INDEX, _DOCKER_LIST)


def digest_of(content: bytes) -> str:
    """Return the digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def parse(media_type: str, content: bytes, behaviour: Behaviour) -> Manifest:
    """Return the manifest that was sent.

    Args:
        media_type: the Content-Type that it was sent with.
        content: the body.
        behaviour: which media types are taken.

    Raises:
        RegistryError: it is none, or not taken.
    """
    taken = {_DOCKER_MANIFEST, _DOCKER_LIST}
    if behaviour.media_types == "docker_and_oci":
        taken |= {OCI_MANIFEST, OCI_INDEX}
    if media_type not in taken:
        raise _invalid(f"manifests of media type {media_type!r} are not taken")
    try:
        document = json.loads(content)
        stated = document.get("mediaType", media_type)
        blobs = (document["config"], *_items(document["layers"])) if "config" in document else ()
        manifest = Manifest(
            media_type=media_type,
            content=content,
            blobs=tuple(_descriptor(each) for each in blobs),
            manifests=tuple(_descriptor(each) for each in _items(document.get("manifests"))),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _invalid(f"it is no manifest: {error!r}") from error
    if document.get("schemaVersion") != 2 or stated != media_type:  # noqa: PLR2004
        raise _invalid(f"it is no schema 2 manifest of media type {media_type!r}")
    if manifest.is_index == bool(manifest.blobs):
        raise _invalid("a manifest has a config and layers, an index has neither")
    if not behaviour.zstd_layers and any("zstd" in blob.media_type for blob in manifest.blobs):
        raise _invalid("layers compressed with zstd are not taken")
    return manifest


def _items(found: Any) -> Any:
    return () if found is None else found  # Go writes null for a list without items


def _descriptor(document: Any) -> Descriptor:
    descriptor = Descriptor(
        media_type=document["mediaType"], digest=document["digest"], size=document["size"]
    )
    if not DIGEST.fullmatch(descriptor.digest):
        raise ValueError(descriptor.digest)
    return descriptor


def _invalid(message: str) -> RegistryError:
    return RegistryError(400, "MANIFEST_INVALID", message)
