"""An image's manifest as Docker's schema 2, for a registry that takes no OCI manifests.

https://distribution.github.io/distribution/spec/manifest-v2-2/
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from .descriptor import describe
from .manifest import Image

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
# Docker has no name for layers compressed with zstd.
_LAYERS: Mapping[str, str] = {
    _OCI_LAYER: _DOCKER_LAYER,
    f"{_OCI_LAYER}+gzip": f"{_DOCKER_LAYER}.gzip",
}


def docker_manifest(image: Image) -> Image | None:
    """Return an image of the same blobs, always with the same digest; None if there is none."""
    if image.media_type == _MANIFEST or any(
        layer.media_type not in _LAYERS for layer in image.layers
    ):
        return None
    document = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": describe(_CONFIG, image.config.digest, image.config.size),
        "layers": [
            describe(_LAYERS[layer.media_type], layer.digest, layer.size) for layer in image.layers
        ],
    }
    return Image(
        content=json.dumps(document, separators=(",", ":")).encode(),
        media_type=_MANIFEST,
        config=image.config,
        layers=image.layers,
    )
