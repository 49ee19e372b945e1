"""The image in what `docker save` wrote before it wrote OCI image layouts.

https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md

Podman writes it still, and so do Kaniko, Bazel, Jib and crane, with layers that are compressed.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping

from .archive_file import ArchivedFile, file_at, read_file
from .descriptor import describe
from .errors import Unsupported
from .manifest import Image, Index, digest_of, parse

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
# https://github.com/google/go-containerregistry/blob/v0.20.2/pkg/v1/tarball/write.go
_NAMED_FOR_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar\.gz)?")


def docker_image(
    content: bytes, files: Mapping[str, ArchivedFile], name: str
) -> tuple[Image | Index, dict[str, ArchivedFile]]:
    """Return an image's manifest, which is made here, and its blobs by digest.

    The same archive always has the same manifest.

    Args:
        content: the archive's `manifest.json`.
        files: its files by name.
        name: what messages call the image.

    Raises:
        Unsupported: it is malformed, or holds several images.
        NotFound: a file is missing.
    """
    try:
        images = json.loads(content)
        if len(images) != 1:
            raise Unsupported(f"{name} holds {len(images)} images", cure="save one image alone")
        config_path = posixpath.normpath(images[0]["Config"])
        config = read_file(files, config_path, name)
        blobs = {digest_of(config): files[config_path]}
        layers = []
        diff_ids = json.loads(config)["rootfs"]["diff_ids"]
        for path, diff_id in zip(images[0]["Layers"] or (), diff_ids, strict=True):
            layer = file_at(files, posixpath.normpath(path), name)
            digest, compression = _layer_digest(path, diff_id)
            blobs[digest] = layer
            layers.append(describe(f"{_LAYER}{compression}", digest, layer.size))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Unsupported(f"{name} has a manifest.json or a config that is malformed") from error
    document = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": describe(_CONFIG, digest_of(config), len(config)),
        "layers": layers,
    }
    manifest = json.dumps(document, separators=(",", ":")).encode()
    return parse(manifest, _MANIFEST, name), blobs


def _layer_digest(path: str, diff_id: str) -> tuple[str, str]:
    """Return a layer's digest and the end of its media type.

    A layer that is not compressed has its diff id for a digest, others are named for theirs.
    """
    match = _NAMED_FOR_DIGEST.fullmatch(posixpath.basename(path))
    digest = f"sha256:{match[1]}" if match else diff_id
    return digest, "" if digest == diff_id else ".gzip"
