"""Archives of images, made by hand and by skopeo."""

import gzip
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from oci_images import OCI_INDEX, Made, descriptor, digest_of, to_json

Files = dict[str, bytes]


class Remote:
    """A file far away, and what was asked of it.

    Args:
        content: its bytes.
        comes: how many bytes a part has at most.
    """

    def __init__(self, content: bytes, comes: int = 1 << 40) -> None:
        self.content = content
        self.size = len(content)
        self.asked: list[tuple[int, int]] = []
        self._comes = comes

    def __str__(self) -> str:
        return "s3://bucket/image"

    def open(self, offset: int, length: int) -> io.BytesIO:
        assert 0 <= offset < offset + length <= self.size
        self.asked.append((offset, length))
        return io.BytesIO(self.content[offset : offset + min(length, self._comes)])


def layout(*images: Made, names: tuple[dict[str, str] | None, ...] = (None,)) -> Files:
    """Return the files of an OCI image layout."""
    entries = [
        descriptor(made.content, made.media_type, platform=made.platform, annotations=annotations)
        for made, annotations in zip(images, names * len(images), strict=False)
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": to_json(index)}
    return files | {blob_path(digest): blob for digest, blob in blobs(*images).items()}


def blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def blobs(*images: Made) -> Files:
    """Return all that a layout holds by digest, manifests too."""
    found: Files = {}
    for made in images:
        found |= {made.digest: made.content, **made.blobs, **blobs(*made.manifests)}
    return found


def docker_files(*layers: bytes, compressed: bool = False, **more: Any) -> Files:
    """Return the files of what `docker save` wrote, or Kaniko writes."""
    config = to_json(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        }
    )
    files: Files = {}
    for number, layer in enumerate(layers):
        content = gzip.compress(layer, 1, mtime=0) if compressed else layer
        hexadecimal = digest_of(content).removeprefix("sha256:")
        files[f"{hexadecimal}.tar.gz" if compressed else f"{number:064x}/layer.tar"] = content
    old = {name.replace("layer.tar", "json"): b"{}" for name in files if "/" in name}
    config_name = f"{digest_of(config).removeprefix('sha256:')}.json"
    item = {"Config": config_name, "RepoTags": ["web:1"], "Layers": list(files), **more}
    return {config_name: config, **old, **files, "manifest.json": to_json([item])}


def tar(files: Files, kind: int = tarfile.GNU_FORMAT, folder: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=kind) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED, folder: str = "") -> bytes:
    packed = io.BytesIO()
    # Not seekable, as the stream that the CDK writes: sizes follow each file.
    packed.seekable = lambda: False  # type: ignore[method-assign]
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return packed.getvalue()


def skopeo(*arguments: str) -> None:
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "--quiet", *arguments], check=True, timeout=60
    )


def write(folder: Path, files: Files) -> Path:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
