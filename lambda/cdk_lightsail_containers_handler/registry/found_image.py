"""Finds the image of a source that runs on a platform; no layer moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .blob_copy import BlobSource, read_blob
from .descriptor import LINUX_AMD64, Platform
from .docker_manifest import docker_manifest
from .errors import RegistryError, Unsupported
from .manifest import Image, Index, check_layers, check_platform, digest_of

_DEEPEST_INDEX = 2


@dataclass(frozen=True, kw_only=True)
class FoundImage:
    """An image that a source has, for the platform wanted.

    Args:
        named: the digest that the source names: that of an index, if it names one.
        manifest: its manifest.
        config: its configuration, read already.
    """

    named: str
    manifest: Image
    config: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The digest that it is copied under."""
        return self.manifest.digest

    @property
    def docker_digest(self) -> str | None:
        """The digest that a registry has it under that takes Docker's manifests only."""
        docker = docker_manifest(self.manifest)
        return docker.digest if docker else None

    @property
    def size(self) -> int:
        """Bytes of all its blobs."""
        return sum(blob.size for blob in self.manifest.blobs)


def find_image(source: BlobSource, platform: Platform = LINUX_AMD64) -> FoundImage:
    """Return the image of a source that runs on a platform; no layer moves.

    Args:
        source: where to look.
        platform: what the image has to run on.

    Raises:
        PlatformMissing: there is none.
        Unsupported: it is no image that is copied.
        RegistryError: the source did not give it.
    """
    name = str(source)
    with _explained(source):
        manifest, told = source.manifest(), None
        named = digest_of(manifest.content)
        for _ in range(_DEEPEST_INDEX):
            if isinstance(manifest, Index):
                chosen = manifest.choose(platform, name)
                manifest, told = source.manifest(chosen), chosen.platform or told
        if isinstance(manifest, Index):
            raise Unsupported(f"{name} is an index in an index in an index")
        config = read_blob(source, manifest.config, f"the config of {name}")
        check_platform(config, platform, name, told)
        check_layers(config, len(manifest.layers), name)
    return FoundImage(named=named, manifest=manifest, config=config)


@contextmanager
def _explained(source: BlobSource) -> Iterator[None]:
    try:
        yield
    except RegistryError as error:
        if source.is_archive:
            error.in_archive()
        raise
