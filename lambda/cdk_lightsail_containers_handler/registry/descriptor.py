"""What manifests say of blobs, of each other, and of what images run on.

https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .reference import DIGEST

_OTHER_DIGEST = re.compile(
    r"(?!sha256:)[a-z0-9]{1,32}(?:[+._-][a-z0-9]{1,32}){0,9}:[A-Za-z0-9=_-]{1,512}"
)
"""Digests that are legal, and not taken.

https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
"""
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}
"""https://github.com/containerd/platforms/blob/v1.0.0/database.go"""
_IMAGES = ("application/vnd.oci.image.", "application/vnd.docker.")
_LARGEST = (1 << 63) - 1
"""https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties"""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What an image runs on; without a variant any variant of the architecture."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """Return it as `docker build --platform` takes it."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def runs(self, other: Platform) -> bool:
        """Return whether an image of another platform runs here."""
        # The first variant of amd64 is amd64, and servers run the third since 2013:
        # https://github.com/containerd/platforms/blob/v1.0.0/database.go
        plain = {"", "v1", "v2", "v3"} if other.architecture == "amd64" else {""}
        variants = {self.variant} | (plain if self.variant in plain else set())
        same = (self.os, self.architecture) == (other.os, other.architecture)
        return same and other.variant in variants


LINUX_AMD64 = Platform(os="linux", architecture="amd64")


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What a manifest says of a blob or of another manifest.

    Args:
        media_type: the media type.
        digest: `sha256:...`, or one of another algorithm, which is not carried.
        size: bytes.
        is_elsewhere: whether it is a foreign layer, not to be distributed, that its makers keep
            at addresses of their own: no registry has to have it.
        platform: of an index's image, None if the index does not say.
        is_artifact: whether an index says that it is no image, but about one.
    """

    media_type: str
    digest: str
    size: int
    is_elsewhere: bool = False
    platform: Platform | None = None
    is_artifact: bool = False

    @property
    def short_digest(self) -> str:
        """The digest as messages have it."""
        return self.digest[: len("sha256:") + 12]


def describe(media_type: str, digest: str, size: int) -> dict[str, object]:
    """Return what a manifest that is made here says of a blob, always in the same order."""
    return {"mediaType": media_type, "size": size, "digest": digest}


def parse_descriptor(item: Any) -> Descriptor:
    """Return the descriptor that a part of a manifest is.

    Raises:
        LookupError, TypeError, ValueError: it is none.
    """
    media_type, digest, size = item["mediaType"], item["digest"], item["size"]
    if not isinstance(media_type, str) or not isinstance(digest, str):
        raise TypeError("a media type or digest is no string")
    if not DIGEST.fullmatch(digest) and not _OTHER_DIGEST.fullmatch(digest):
        raise ValueError(f"a digest is {digest[:60]!r}")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST:
        raise ValueError(f"a size is {str(size)[:40]!r}")
    kind = item.get("artifactType")
    return Descriptor(
        media_type=media_type,
        digest=digest,
        size=size,
        platform=parse_platform(item.get("platform")),
        is_artifact=isinstance(kind, str) and bool(kind) and not kind.startswith(_IMAGES),
    )


def parse_platform(item: Any) -> Platform | None:
    """Return the platform that an index or a config names, None if it names none."""
    if not isinstance(item, dict):
        return None
    parts = [item.get(name) or "" for name in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) for part in parts) or not all(parts[:2]):
        return None
    os, architecture, variant = map(str.lower, parts)
    architecture = _ARCHITECTURES.get(architecture, architecture)
    return Platform(os=os, architecture=architecture, variant=variant)
