"""Images as the archive that every engine loads.

https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..images.image_store import Image
from ..images.manifest import digest_of
from ..samples.sample_image import PROGRAM


def write_archive(archive: Path, image: Image, name: str) -> None:
    """Write an image, its layers as they are: engines take compressed ones, too.

    Docker 20.10 does not take those of zstd.

    Args:
        archive: the file to write.
        image: the image.
        name: its name in the engine.
    """
    layers = dict.fromkeys(image.layers)
    contents = {"config.json": image.config, "manifest.json": _manifest(name, image.layers)}
    with tarfile.open(archive, "w") as tar:
        for path in layers:
            tar.add(path, f"{path.name}.tar")
        for member, content in contents.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def write_program_archive(archive: Path, name: str) -> None:
    """Write an image of the program of sample images, and nothing else."""
    layer = archive.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        tar.add(PROGRAM, "httpd", filter=_executable)
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Entrypoint": ["/httpd"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer.read_bytes())]},
    }
    write_archive(archive, Image(config=_json(config), layers=(layer,)), name)


def _executable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o755, 0, 0, "", ""
    return entry


def _manifest(name: str, layers: tuple[Path, ...]) -> bytes:
    entry = {
        "Config": "config.json",
        "RepoTags": [name],
        "Layers": [f"{path.name}.tar" for path in layers],
    }
    return _json([entry])


def _json(document: list[Mapping[str, Any]] | Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
