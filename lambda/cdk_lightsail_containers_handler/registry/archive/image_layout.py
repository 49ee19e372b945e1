"""The images that an OCI image layout holds, told apart from what else is beside them.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md

Beside an image's entry tools list the images of its index, what refers to it, such as signatures,
and lists of these under tags made of its digest:
https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..descriptor import Descriptor, parse_descriptor
from ..errors import RegistryError, Unsupported
from ..manifest import INDEXES, Index, is_attestation, parse
from .archived_names import Named, several, with_tag

_MOST_READ = 100
# https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md, and
# https://github.com/containerd/containerd/blob/v2.0.0/core/images/annotations.go
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
# With an ending it is one of cosign's: .sig, .att, .sbom.
_TAG_OF_DIGEST = re.compile(r"sha(?:256|512)-[0-9a-f]{64,128}(?:\..*)?")

Read = Callable[[Descriptor], bytes]
"""Returns a manifest of the layout, checked, or raises a `RegistryError`."""


def layout_images(content: bytes, name: str) -> list[Named[Descriptor]]:
    """Return the images that the `index.json` of a layout names, each once.

    Raises:
        Unsupported: it is malformed.
    """
    parse(content, INDEXES[0], name)
    found: dict[str, Named[Descriptor]] = {}
    # docker save 25.0 writes null for an image without a tag.
    for item in json.loads(content)["manifests"] or ():
        if not is_attestation(item):
            one = parse_descriptor(item)
            before = found.get(one.digest, Named(image=one))
            names = dict.fromkeys((*before.names, *_names_of(item)))
            found[one.digest] = Named(image=before.image, names=tuple(names))
    return list(found.values())


def choose_image(
    images: list[Named[Descriptor]], read: Read, name: str, tag: str | None
) -> Descriptor | Index:
    """Return the one image of a layout, or the index of one image for several platforms.

    Args:
        images: all that the layout names.
        read: reads its manifests.
        name: what messages call the layout.
        tag: the name of the image that is meant; None for the only one.

    Raises:
        Unsupported: there is none such, or there are several.
    """
    found = with_tag(images, tag, name) if tag else _without_companions(images, read)
    if len(found) == 1:
        return found[0].image
    platforms = {one.image.platform for one in found if one.image.platform}
    is_one = tag or len({one.names for one in found}) <= 1
    if not is_one or len(platforms) < len(found):
        raise several(found, name, tag)
    return Index(content=b"", manifests=tuple(one.image for one in found))


def _without_companions(images: list[Named[Descriptor]], read: Read) -> list[Named[Descriptor]]:
    """Return the images that are there for their own sake."""
    if not 1 < len(images) <= _MOST_READ:
        return images
    manifests = _Manifests(read)
    for one in images:
        manifests.add(one.image)
    digests = {one.image.digest for one in images}
    own = [one for one in images if one.image.digest not in manifests.children] or images
    return [one for one in own if not manifests.is_companion(one, digests)] or own


class _Manifests:
    """What the manifests of a layout say of each other."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._seen: set[str] = set()
        self._artifacts: set[str] = set()
        self._subjects: dict[str, str] = {}
        self.children: set[str] = set()

    def add(self, descriptor: Descriptor) -> None:
        """Read a manifest, and those of an index in it."""
        digest = descriptor.digest
        if digest in self._seen or len(self._seen) == 2 * _MOST_READ:
            return
        self._seen.add(digest)
        try:
            content = self._read(descriptor)
        except RegistryError:
            return  # of another platform, it may be missing
        self._subjects[digest] = _subject_of(content)
        try:
            manifest = parse(content, descriptor.media_type, "")
        except Unsupported:
            self._artifacts.add(digest)
            return
        if isinstance(manifest, Index):
            for child in manifest.manifests:
                self.children.add(child.digest)
                if child.media_type in INDEXES:
                    self.add(child)

    def is_companion(self, one: Named[Descriptor], digests: set[str]) -> bool:
        """Return whether something is there because of an image."""
        digest = one.image.digest
        is_tagged_for_a_digest = bool(one.names) and all(map(_TAG_OF_DIGEST.fullmatch, one.names))
        is_about_another = self._subjects.get(digest) in digests
        return is_tagged_for_a_digest or is_about_another or digest in self._artifacts


def _subject_of(content: bytes) -> str:
    try:
        return str(json.loads(content)["subject"]["digest"])
    except (LookupError, TypeError, ValueError, RecursionError):
        return ""


def _names_of(item: Mapping[str, Any]) -> list[str]:
    annotations = item.get("annotations")
    found = annotations if isinstance(annotations, dict) else {}
    names = [found.get(key) for key in _NAMES]
    return [name for name in names if isinstance(name, str) and name]
