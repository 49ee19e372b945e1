"""The image in what `docker save` wrote before it wrote OCI image layouts.

https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md

Podman writes it still, and so do Kaniko, Bazel, Jib and crane, with layers that are compressed.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ..descriptor import describe
from ..errors import Unsupported
from ..manifest import Image, Index, check_layers, digest_of, parse
from .archive_file import ArchivedFile, file_at, read_file
from .archived_names import Named, several, with_tag

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
# crane names a layer .tar.gz that is compressed with zstd, too.
_COMPRESSIONS = {b"\x1f\x8b": ".gzip", b"\x28\xb5": ".zstd"}
# https://github.com/google/go-containerregistry/blob/v0.20.2/pkg/v1/tarball/write.go
_NAMED_FOR_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar\.gz)?")


def docker_image(
    content: bytes, files: Mapping[str, ArchivedFile], name: str, tag: str | None
) -> tuple[Image | Index, dict[str, ArchivedFile]]:
    """Return an image's manifest, which is made here, and its blobs by digest.

    The same archive always has the same manifest.

    Args:
        content: the archive's `manifest.json`.
        files: its files by name.
        name: what messages call the image.
        tag: the name of the image that is meant; None for the only one.

    Raises:
        Unsupported: it is malformed, or holds several images.
        Missing: a file is missing.
    """
    try:
        item = _choose(json.loads(content), name, tag)
        config_path = posixpath.normpath(item["config"])
        config = read_file(files, config_path, name)
        blobs = {digest_of(config): files[config_path]}
        layers = []
        paths, diff_ids = item.get("layers") or (), json.loads(config)["rootfs"].get("diff_ids")
        check_layers(config, len(paths), name)
        for path, diff_id in zip(paths, diff_ids or (), strict=True):
            layer = file_at(files, posixpath.normpath(path), name)
            folder, _, file = path.rpartition("/")
            # Docker's own have a `json` beside them; .NET's folders are named for the digest.
            is_docker = f"{folder}/json" in files
            if file == "layer.tar" and not is_docker and layer.beginning in _COMPRESSIONS:
                file = folder
            # Without compression a layer has its diff id for a digest, others are named for theirs.
            match = _NAMED_FOR_DIGEST.fullmatch(file)
            digest = f"sha256:{match[1]}" if match else diff_id
            compression = "" if digest == diff_id else _COMPRESSIONS.get(layer.beginning, "")
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


def _choose(items: list[dict[str, Any]], name: str, tag: str | None) -> dict[str, Any]:
    """Return the item of the image that is meant, with keys in lower case.

    Docker and all that read it as Go does take keys in any case, and containerify relies on that.
    """
    images = []
    for given in items:
        item = {key.lower(): value for key, value in given.items()}
        images.append(Named(image=item, names=tuple(map(str, item.get("repotags") or ()))))
    found = images if tag is None else with_tag(images, tag, name)
    if len(found) != 1:
        raise several(found, name, tag)
    return found[0].image
