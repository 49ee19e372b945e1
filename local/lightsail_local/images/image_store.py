"""What the registry holds: blobs, manifests, and how long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import RegistryError
from .blob import Blob
from .image_config import ImageConfig
from .manifest import Descriptor, Manifest


@dataclass(frozen=True, kw_only=True)
class _Push:
    manifest: Manifest
    at: float


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that can run.

    Args:
        config: the config.
        layers: the files of its layers, the lowest first.
    """

    config: bytes
    layers: tuple[Path, ...]


class ImageStore:
    """Blobs and manifests; a push that is not registered vanishes after a while: U8.

    Args:
        behaviour: after which while.
        clock: tells the time.
        folder: where blobs are kept, None where nothing runs.

    Attributes:
        folder: where blobs are kept, None where nothing runs.
    """

    def __init__(
        self, behaviour: Behaviour, clock: Callable[[], float], folder: Path | None = None
    ) -> None:
        self.folder = folder
        self._behaviour = behaviour
        self._clock = clock
        self._lock = threading.RLock()
        self._blobs: dict[str, Blob] = {}
        self._pushes: dict[str, _Push] = {}
        self._tags: dict[str, str] = {}
        self._held: frozenset[str] = frozenset()

    def hold(self, digests: frozenset[str]) -> None:
        """Keep the manifests of these digests, and of no others."""
        with self._lock:
            self._held = digests

    def add_blob(self, digest: str, blob: Blob) -> None:
        """Take a blob."""
        with self._lock:
            if digest in self._blobs:
                blob.drop()
            else:
                self._blobs[digest] = blob

    def blob_size(self, digest: str) -> int | None:
        """Return a blob's size in bytes, None if it is not there."""
        with self._lock:
            self._forget()
            return self._size(digest)

    def add_manifest(self, manifest: Manifest, tag: str | None) -> None:
        """Take a manifest whose blobs, or manifests, are all there.

        Raises:
            RegistryError: they are not.
        """
        with self._lock:
            self._forget()
            for blob in manifest.blobs:
                _compare(blob, self._size(blob.digest))
            for child in manifest.manifests:
                push = self._pushes.get(child.digest)
                _compare(child, len(push.manifest.content) if push else None)
            self._pushes[manifest.digest] = _Push(manifest=manifest, at=self._clock())
            if tag:
                self._tags[tag] = manifest.digest

    def manifest(self, reference: str) -> Manifest | None:
        """Return the manifest of a tag or digest, None if it is not there."""
        with self._lock:
            self._forget()
            push = self._pushes.get(self._tags.get(reference, reference))
            return push.manifest if push else None

    def platforms(self, digest: str) -> tuple[str, ...] | None:
        """Return the platforms of an image, such as `linux/amd64`, None if it is not there.

        One for a manifest; for an index `index` and those of its manifests.
        """
        with self._lock:
            manifest = self.manifest(digest)
            if manifest is None:
                return None
            kind = ("index",) if manifest.is_index else ()
            return (*kind, *(config.platform for config in self._configs(manifest)))

    def configs(self, digest: str) -> tuple[ImageConfig, ...]:
        """Return the config of a manifest, or those of an index's; none if it is not there."""
        with self._lock:
            manifest = self.manifest(digest)
            return tuple(self._configs(manifest)) if manifest else ()

    def image(self, digest: str, platform: str) -> Image:
        """Return an image of a platform, by its digest or its index's.

        Raises:
            LookupError: it is not there.
        """
        with self._lock:
            manifest = self.manifest(digest)
            for child in self._images(manifest) if manifest else ():
                config, *layers = (self._blobs[blob.digest] for blob in child.blobs)
                if ImageConfig.parse(config.content).platform == platform:
                    files = tuple(layer.file for layer in layers if layer.file)
                    return Image(config=config.content, layers=files)
        raise LookupError(f"{digest} is gone")

    def _images(self, manifest: Manifest) -> Iterator[Manifest]:
        if not manifest.is_index:
            yield manifest
        for child in manifest.manifests:
            yield from self._images(self._pushes[child.digest].manifest)

    def _configs(self, manifest: Manifest) -> Iterator[ImageConfig]:
        for image in self._images(manifest):
            yield ImageConfig.parse(self._blobs[image.blobs[0].digest].content)

    def _size(self, digest: str) -> int | None:
        blob = self._blobs.get(digest)
        return blob.size if blob else None

    def _forget(self) -> None:
        """Drop pushes that were not registered in time, and the blobs that only they had."""
        latest = self._clock() - self._behaviour.unregistered_seconds
        kept: dict[str, _Push] = {}
        wanted = [
            digest
            for digest, push in self._pushes.items()
            if digest in self._held or push.at > latest
        ]
        while wanted:
            digest = wanted.pop()
            if digest not in kept:
                kept[digest] = self._pushes[digest]
                wanted += [child.digest for child in kept[digest].manifest.manifests]
        dropped = self._pushes.keys() - kept.keys()
        needed = {blob.digest for push in kept.values() for blob in push.manifest.blobs}
        for digest in dropped:
            for blob in self._pushes[digest].manifest.blobs:
                if blob.digest not in needed and blob.digest in self._blobs:
                    self._blobs.pop(blob.digest).drop()
        self._pushes = kept


def _compare(descriptor: Descriptor, size: int | None) -> None:
    if size is None:
        raise RegistryError(
            400, "MANIFEST_BLOB_UNKNOWN", f"{descriptor.digest} has not been pushed"
        )
    if size != descriptor.size:
        raise RegistryError(
            400, "SIZE_INVALID", f"{descriptor.digest} has {size} bytes, not {descriptor.size}"
        )
