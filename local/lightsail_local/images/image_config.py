"""The configs of images, as far as they decide what becomes of a deployment.

https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """What an image says of itself.

    Args:
        platform: the platform, such as `linux/amd64`; `none` of what is no image's config.
        labels: the labels.
    """

    platform: str
    labels: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes) -> ImageConfig:
        """Return the config of an image, or of another artifact."""
        try:
            document = json.loads(content)
            os, architecture = document.get("os"), document.get("architecture")
            platform = f"{os or 'linux'}/{architecture or 'amd64'}"
            labels = (document.get("config") or {}).get("Labels") or {}
            return cls(platform=platform, labels=dict(labels))
        except (ValueError, TypeError, AttributeError):
            return cls(platform="none")
