"""The configs of images, as far as they decide what becomes of a deployment.

https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# https://github.com/containerd/platforms/blob/v1.0.0/database.go
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}


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
            os = (document.get("os") or "linux").lower()
            architecture = (document.get("architecture") or "amd64").lower()
            platform = f"{os}/{_ARCHITECTURES.get(architecture, architecture)}"
            labels = (document.get("config") or {}).get("Labels") or {}
            return cls(platform=platform, labels=dict(labels))
        except (ValueError, TypeError, AttributeError):
            return cls(platform="none")
