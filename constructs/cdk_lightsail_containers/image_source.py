"""Where a container image comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Token

from cdk_lightsail_containers_handler.properties import Property, check_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from .handler import Handler


class ImageSource(ABC):
    """Where a container image comes from: one of the statics here."""

    @staticmethod
    def from_digest(digest: str) -> ImageSource:
        """Take an image that is in the Lightsail registry already, by its manifest's digest.

        It must have been pushed just before: Lightsail drops what nobody registers.
        https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_RegisterContainerImage.html

        Args:
            digest: `sha256:` and 64 lowercase hex digits, of a linux/amd64 image's manifest.

        Raises:
            ValueError: the digest breaks that rule.
        """
        if not Token.is_unresolved(digest):
            check_digest(digest)
        return _PushedImage(digest=digest)

    @abstractmethod
    def bind(self, scope: Construct, handler: Handler) -> Mapping[str, object]:
        """Grant the handler what it needs, and return the resource properties of this source.

        Args:
            scope: the image that uses this source.
            handler: the function that will read it.
        """


@dataclass(frozen=True, kw_only=True)
class _PushedImage(ImageSource):
    """An image that is in the Lightsail registry already."""

    digest: str

    def bind(self, scope: Construct, handler: Handler) -> Mapping[str, object]:  # noqa: ARG002
        return {Property.DIGEST: self.digest}
