"""Manifests: what an image consists of, and which image of an index to take.

https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
https://distribution.github.io/distribution/spec/manifest-v2-2/

The bytes are kept as they came: written again, they would have another digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from .descriptor import Descriptor, Platform, parse_descriptor, parse_platform
from .errors import IN_DOUBT, DigestMismatch, PlatformMissing, Unsupported, quoted_answer
from .reference import DIGEST

_OCI = "application/vnd.oci.image."
_DOCKER = "application/vnd.docker."
INDEXES = (f"{_OCI}index.v1+json", f"{_DOCKER}distribution.manifest.list.v2+json")
_IMAGES = (f"{_OCI}manifest.v1+json", f"{_DOCKER}distribution.manifest.v2+json")
MEDIA_TYPES = (*_IMAGES, *INDEXES)
"""What to accept, always all four: a registry may answer 404 for a type that is not named."""

_CONFIGS = frozenset(
    {
        f"{_OCI}config.v1+json",
        f"{_DOCKER}container.image.v1+json",
        # Of old Dockers and registries, as Docker takes them:
        # https://github.com/distribution/distribution/issues/1621
        *("application/octet-stream", "application/json", "text/html", ""),
    }
)
_LAYER = re.compile(
    rf"{re.escape(_OCI)}layer\.(?P<oci>nondistributable\.)?v1\.tar(\+gzip|\+zstd)?"
    rf"|{re.escape(_DOCKER)}image\.rootfs\.(?P<docker>foreign\.)?diff\.tar(\.gzip|\.zstd)?"
)
LARGEST_MANIFEST = 4 << 20
"""https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests"""
_MOST_DESCRIPTORS = 1000
_MOST_PARTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Image:
    """The manifest of one image.

    Args:
        content: its bytes, as they came.
        media_type: what to say they are.
        config: the image's configuration.
        layers: its layers, lowest first.
    """

    content: bytes = field(repr=False)
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def digest(self) -> str:
        """The image's digest."""
        return digest_of(self.content)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What has to be in a registry that has the image: each once, the largest first."""
        blobs = {blob.digest: blob for blob in (self.config, *self.layers) if not blob.is_elsewhere}
        return tuple(sorted(blobs.values(), key=lambda blob: -blob.size))


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index or manifest list, the manifest of the same image for several platforms.

    Args:
        content: its bytes, as they came.
        manifests: the manifests in it, attestations left out.
    """

    content: bytes = field(repr=False)
    manifests: tuple[Descriptor, ...]

    def choose(self, platform: Platform, name: str) -> Descriptor:
        """Return the manifest for a platform, or else the one that may turn out to be for it.

        Args:
            platform: what the image has to run on.
            name: what messages call the image.

        Raises:
            PlatformMissing: there is none.
        """
        # An artifact may name the platform of the image that it is about.
        images = [one for one in self.manifests if not one.is_artifact] or self.manifests
        fitting = [one for one in images if one.platform and platform.runs(one.platform)]
        fitting.sort(key=lambda one: str(one.platform))  # the lowest variant runs anywhere
        unnamed = [one for one in images if one.platform is None]
        if not fitting and not unnamed:
            raise missing_platform(name, platform, [one.platform for one in images])
        chosen = (fitting or unnamed)[0]
        check_algorithm(chosen, name)
        return chosen


def parse(content: bytes, media_type: str, name: str) -> Image | Index:
    """Return the manifest that bytes are.

    Args:
        content: the bytes.
        media_type: what the registry says they are, as in Content-Type.
        name: what messages call the image.

    Raises:
        Unsupported: they are none, or one of a kind that is not carried.
    """
    if len(content) > LARGEST_MANIFEST:
        raise Unsupported(f"the manifest of {name} is larger than {LARGEST_MANIFEST >> 20} MiB")
    told = media_type.partition(";")[0].strip().lower()
    document = json_object(content, f"the manifest of {name}")
    kind = _kind(document, told, name)
    try:
        if kind in INDEXES:
            entries = [item for item in _items(document, "manifests") if not is_attestation(item)]
            manifests = tuple(map(parse_descriptor, entries))
            return Index(content=content, manifests=manifests)
        config = _blob(document["config"], name)
        if config.media_type not in _CONFIGS:
            told = quoted_answer(config.media_type)
            raise Unsupported(f"{name} is no container image, its config is '{told}'")
        layers = tuple(_layer(item, name) for item in _items(document, "layers"))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Unsupported(f"the manifest of {name} is malformed, {_reason(error)}") from error
    return Image(content=content, media_type=kind, config=config, layers=layers)


def check_platform(
    config: bytes, platform: Platform, name: str, told: Platform | None = None
) -> None:
    """Check that an image runs on a platform.

    Args:
        config: the image's configuration,
            https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
        platform: what it has to run on.
        name: what messages call the image.
        told: what its index says that it runs on; counts for what the configuration leaves out.

    Raises:
        PlatformMissing: it does not.
        Unsupported: it is no image's configuration.
    """
    document = json_object(config, f"the config of {name}")
    if told or document.get("rootfs"):
        # As crane builds from nothing; engines take what is left out for their own.
        given = {key: value for key, value in document.items() if value}
        document = vars(told or platform) | given
    found = parse_platform(document)
    if found is None:
        raise Unsupported(f"the config of {name} names no platform")
    if not platform.runs(found):
        raise missing_platform(name, platform, [found])


def check_layers(config: bytes, layers: int, name: str) -> None:
    """Check that an image has the layers that its configuration was made for.

    Args:
        config: the image's configuration.
        layers: how many its manifest has.
        name: what messages call the image.

    Raises:
        Unsupported: it has fewer or more, and runs nowhere.
    """
    rootfs = json_object(config, f"the config of {name}").get("rootfs")
    if rootfs is None:
        return
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    expected = len(diff_ids) if isinstance(diff_ids, list) else 0
    if expected != layers:
        raise Unsupported(
            f"{name} has another number of layers in its manifest ({layers}) than in its config "
            f"({expected})",
            fix="build it again, with another version of the tool that wrote it",
        )


def check_algorithm(descriptor: Descriptor, name: str) -> None:
    """Check that something is named by a digest that can be checked and pushed.

    Raises:
        Unsupported: it is not.
    """
    if not DIGEST.fullmatch(descriptor.digest):
        raise Unsupported(
            f"{name} cannot be copied, a digest is '{descriptor.digest[:40]}...' and not sha256",
            fix="build it with sha256 digests",
        )


def check(content: bytes, digest: str, what: str, *, temporary: bool = False) -> None:
    """Check bytes that are in memory against their digest.

    Args:
        content: the bytes.
        digest: their digest.
        what: what messages call them.
        temporary: whether they may be others the next time.

    Raises:
        DigestMismatch: they have another one.
    """
    if digest_of(content) != digest:
        problem = f"{what} has digest {digest_of(content)}, not {digest[:71]}"
        raise DigestMismatch(problem, temporary=temporary)


def digest_of(content: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def missing_platform(
    name: str, wanted: Platform, found: Iterable[Platform | None]
) -> PlatformMissing:
    """Return the error for an image that does not run on the platform wanted."""
    names = ", ".join(sorted({str(one) for one in found if one}))
    platforms = quoted_answer(names) or "no platform"
    return PlatformMissing(
        f"{name} is for {platforms}, not for {wanted}",
        fix=f"build it with --platform {wanted}",
        archive_fix=f"build it with --platform {wanted}, or export that platform too",
    )


def is_attestation(item: Any) -> bool:
    """Return whether it is what BuildKit adds to say how an image was made.

    https://github.com/moby/buildkit/blob/v0.17.0/docs/attestations/attestation-storage.md
    """
    unknown = Platform(os="unknown", architecture="unknown")
    is_marked = "vnd.docker.reference.type" in (item.get("annotations") or {})
    return is_marked or parse_platform(item.get("platform")) == unknown


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that bytes are.

    Raises:
        Unsupported: they are none, or one of too many parts.
    """
    # Each takes up to sixty times its bytes of memory, and no image needs so many.
    if content.count(b"{") + content.count(b"[") > _MOST_PARTS:
        raise Unsupported(f"{what} has too many parts to be one")
    try:
        document = json.loads(content)
    # Brackets in brackets end Python's stack before they end the input.
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        # What stands in between may answer instead, for a while.
        raise Unsupported(f"{what} is no JSON object{IN_DOUBT}", temporary=True)
    return document


def _kind(document: dict[str, Any], told: str, name: str) -> str:
    """Return the media type of a manifest that is carried, which header and body agree on."""
    inside = document.get("mediaType")
    if document.get("schemaVersion") == 1 or "distribution.manifest.v1+" in told:
        raise Unsupported(
            f"{name} is of Docker's schema 1",
            fix="push it again with a newer tool",
            archive_fix="write the archive again with a newer tool",
        )
    kind = inside if inside and told not in MEDIA_TYPES else told
    if not inside:
        kind = _kind_of_unnamed(document, told)
    if kind not in MEDIA_TYPES:
        shown = quoted_answer(kind) if isinstance(kind, str) else ""
        raise Unsupported(f"{name} is '{shown or 'of no media type'}', which is no container image")
    # What two readers take for two different things may be an image that no scan has seen:
    # https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m
    others = ("layers", "config") if kind in INDEXES else ("manifests",)
    if inside not in (None, kind) or any(other in document for other in others):
        raise Unsupported(f"{name} is '{kind}' and something else at once")
    return str(kind)


def _kind_of_unnamed(document: dict[str, Any], told: str) -> str:
    """Return the media type of a manifest that does not name its own.

    Docker's always name it, so it is one of OCI, also if the registry says the other.
    """
    if "config" in document and "layers" in document and told not in INDEXES:
        return _IMAGES[0]
    return INDEXES[0] if "manifests" in document and told not in _IMAGES else told


def _items(document: dict[str, Any], key: str) -> list[Any]:
    items = document[key]
    if items is None:  # as Go writes a list without items
        return []
    if not isinstance(items, list) or len(items) > _MOST_DESCRIPTORS:
        raise ValueError(f"{key} are no list of at most {_MOST_DESCRIPTORS}")
    return items


def _blob(item: Any, name: str) -> Descriptor:
    blob = parse_descriptor(item)
    check_algorithm(blob, name)
    return blob


def _layer(item: Any, name: str) -> Descriptor:
    layer = _blob(item, name)
    match = _LAYER.fullmatch(layer.media_type)
    if not match:
        kind = quoted_answer(layer.media_type)
        raise Unsupported(f"{name} has a layer of the unknown kind '{kind}'")
    is_foreign = bool(match["oci"] or match["docker"])
    # Without an address of its own a foreign layer can be nowhere but in its registry.
    return replace(layer, is_elsewhere=is_foreign and bool(item.get("urls")))


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, LookupError) else quoted_answer(str(error))
