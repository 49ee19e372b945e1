"""What Amazon ECR's API knows of repositories and images, as its registry asks for it."""

from __future__ import annotations

from typing import Protocol

from ..images.manifest import Manifest
from .tokens import Home


class ImageRecords(Protocol):
    """Repositories and their images; each may change through the API at any time."""

    def created(self, home: Home, repository: str) -> object | None:
        """Return what is another object once the repository is made anew; None without one."""

    def manifest(self, home: Home, repository: str, reference: str) -> tuple[str, bytes] | None:
        """Return the media type and the bytes of an image's manifest; None without one."""

    def add(self, home: Home, repository: str, manifest: Manifest, tag: str | None) -> None:
        """Take an image.

        Raises:
            RegistryError: the tag is another image's, and the repository's tags are immutable.
        """

    def tags(self, home: Home, repository: str) -> list[str]:
        """Return the tags of a repository's images."""
