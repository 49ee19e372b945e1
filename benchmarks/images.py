"""Images as builders write them: each layer is a tar in gzip, and the config has its diff_id."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable

from .options import Options

from oci_images import Made, digest_of, image, multi_arch, some_bytes  # isort: skip

MB = 1_000_000


def gzip_image(count: int, size: int, seed: str) -> Made:
    """Return an image of so many layers, each of about `size` bytes compressed."""
    tars = [_tar(size, f"{seed}{number}") for number in range(count)]
    return image(*map(_gzip, tars), diff_ids=[digest_of(content) for content in tars])


def gzip_index(count: int, size: int, seed: str) -> Made:
    """Return what buildx makes, with such an image for amd64."""
    return multi_arch(amd64=gzip_image(count, size, seed))


def _tar(size: int, seed: str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        # Its content does not get smaller, so that the layer has the size that is wanted.
        member = tarfile.TarInfo("layer.bin")
        member.size = size
        archive.addfile(member, io.BytesIO(some_bytes(size, seed)))
    return written.getvalue()


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=1, mtime=0)


# Whether it is measured with --small, too, and how it is made.
IMAGES: dict[str, tuple[bool, Callable[[], Made]]] = {
    "5 x 10 MB": (True, lambda: gzip_image(5, 10 * MB, "a")),
    "200 MB in 8 layers": (True, lambda: gzip_image(8, 25 * MB, "b")),
    "1 x 500 MB": (False, lambda: gzip_image(1, 500 * MB, "c")),
    "40 x 1 MB": (True, lambda: gzip_image(40, MB, "d")),
    "index, amd64 and arm64": (True, lambda: gzip_index(6, 8 * MB, "e")),
    "10 x 100 MB": (False, lambda: gzip_image(10, 100 * MB, "f")),
}


def chosen(options: Options) -> dict[str, Callable[[], Made]]:
    """Return the images that are measured, and how each is made."""
    found = {
        name: make
        for name, (is_small, make) in IMAGES.items()
        if options.includes(name, is_small=is_small)
    }
    if not found:
        raise SystemExit(f"no such image: {options.only}; there are {', '.join(IMAGES)}")
    return found


def copied_digest(made: Made) -> str:
    """Return the digest that a copy for linux/amd64 ends with."""
    return (made.manifests[-1] if made.manifests else made).digest


def size_of(made: Made) -> int:
    """Return the bytes that a copy for linux/amd64 moves."""
    one = made.manifests[-1] if made.manifests else made
    return sum(map(len, one.blobs.values()))
