"""The images of a run: a real program, alone in its image, that serves a string or fails.

On a real account its container has to run. The local cloud runs no container and takes from a
label how one fails, so an image that fails says so in both ways.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

import oci_images
from lightsail_local.behaviour.failure import DESCRIPTION_LABEL, FAILS_LABEL
from oci_images import Made

from .program import PROGRAM


@dataclass(frozen=True, kw_only=True)
class ImageKind:
    """What an image is made like: Docker's schema 2 instead of OCI, zstd instead of gzip."""

    docker: bool = False
    zstd: bool = False
    architecture: str = "amd64"


OCI = ImageKind()


def serving_image(text: str, kind: ImageKind = OCI) -> Made:
    """Return an image that answers every request on port 8080 with a string."""
    return _image([text], {}, kind)


def failing_image(text: str, kind: ImageKind = OCI) -> Made:
    """Return an image whose program prints a string on standard error and ends with 1."""
    labels = {FAILS_LABEL: "crash", DESCRIPTION_LABEL: text}
    return _image([text, "fails"], labels, kind)


def _image(command: list[str], labels: Mapping[str, str], kind: ImageKind) -> Made:
    tar = _tar()
    layer_type = oci_images.DOCKER_LAYER if kind.docker else oci_images.OCI_LAYER
    return oci_images.image(
        _zstd(tar) if kind.zstd else gzip.compress(tar, mtime=0),
        platform=f"linux/{kind.architecture}",
        docker=kind.docker,
        layer_type=layer_type.replace("gzip", "zstd") if kind.zstd else layer_type,
        diff_ids=[oci_images.digest_of(tar)],
        runs={"Entrypoint": ["/program"], "Cmd": command, "Labels": labels},
    )


def _tar() -> bytes:
    packed = io.BytesIO()
    member = tarfile.TarInfo("program")
    member.size, member.mode = len(PROGRAM), 0o755
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(member, io.BytesIO(PROGRAM))
    return packed.getvalue()


def _zstd(content: bytes) -> bytes:
    """Return a frame of Zstandard with one block, stored as it is: RFC 8878, 3.1.1."""
    single_segment_of_four_size_bytes, last_raw_block = 0xA0, 1
    frame = struct.pack("<IBI", 0xFD2FB528, single_segment_of_four_size_bytes, len(content))
    return frame + struct.pack("<I", last_raw_block | len(content) << 3)[:3] + content
