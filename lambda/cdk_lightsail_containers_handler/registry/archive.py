"""An image in an archive: an OCI image layout, or what `docker save` writes.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md

Nothing is unpacked: the blobs are read from where they are in a tar or zip.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from .archive_file import ArchivedFile, RandomAccess, Window, read_file
from .blob_copy import BlobReader, read_blob
from .descriptor import Descriptor
from .docker_archive import docker_image
from .errors import DigestMismatch, NotFound, Unsupported
from .manifest import Image, Index, parse
from .tar import tar_files
from .zip_file import zip_files

_INDEX = "application/vnd.oci.image.index.v1+json"
_MARKERS = ("index.json", "manifest.json")
_ZIP = (b"PK\3\4", b"PK\5\6")
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"\xfd7zXZ": ("xz", "unxz"),
    b"BZh": ("bzip2", "bunzip2"),
}
# https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
_NAME = "org.opencontainers.image.ref.name"


class Archive:
    """An archive with one image, for one platform or several.

    Args:
        file: the archive; its name is what messages call the image.
    """

    is_archive = True

    def __init__(self, file: RandomAccess) -> None:
        self._file = file
        self._blobs: Mapping[str, ArchivedFile] = {}

    def __str__(self) -> str:
        """Return the archive's name."""
        return str(self._file)

    def manifest(self, descriptor: Descriptor | None = None) -> Image | Index:
        """Return a manifest of which digest and size are right.

        Args:
            descriptor: what an index says of it; without, the manifest of the archive's image, for
                which the archive's table of contents is read.

        Raises:
            DigestMismatch: it is not the one that was asked for.
            NotFound: it is missing.
            Unsupported: it, or the archive, is of a kind that is not carried.
        """
        if descriptor is not None:
            content = read_blob(self, descriptor, f"the manifest of {self}")
            return parse(content, descriptor.media_type, str(self))
        folder, marker, files = self._image_files()
        content = read_file(files, folder + marker, str(self))
        if marker == "index.json":
            blobs = f"{folder}blobs/sha256/"
            self._blobs = {
                f"sha256:{path.removeprefix(blobs)}": file
                for path, file in files.items()
                if path.startswith(blobs)
            }
            return self._image_of_layout(content)
        below = {path.removeprefix(folder): file for path, file in files.items()}
        image, self._blobs = docker_image(content, below, str(self))
        return image

    def open_blob(self, blob: Descriptor) -> BlobReader:
        """Ask for a blob, and leave its first byte for later.

        Raises:
            DigestMismatch: it has another size.
            NotFound: it is missing.
        """
        file = self._blobs.get(blob.digest)
        if file is None:
            cure = "write the archive again, with all that belongs to the image"
            raise NotFound(f"{self} has no blob {blob.short_digest}", cure=cure)
        if file.size != blob.size:
            raise DigestMismatch(
                f"{self} has {file.size} bytes of {blob.short_digest}, "
                f"not {blob.size} as its manifest says"
            )
        return file.open()

    def _image_files(self) -> tuple[str, str, Mapping[str, ArchivedFile]]:
        """Return the folder that the image is in, the file that names it, and all files."""
        window = Window(self._file)
        beginning = window.read(0, 5)
        for magic, (compression, tool) in _COMPRESSED.items():
            if beginning.startswith(magic):
                problem = f"{self} is compressed with {compression}"
                raise Unsupported(problem, cure=f"unpack it with {tool} before")
        is_zip = beginning.startswith(_ZIP)
        files: Mapping[str, ArchivedFile] = zip_files(window) if is_zip else tar_files(window)
        tops = sorted({f"{path.partition('/')[0]}/" for path in files if path.count("/") == 1})
        for folders in ([""], tops):
            for marker in _MARKERS:
                found = [folder for folder in folders if folder + marker in files]
                if len(found) > 1:
                    raise self._several(len(found))
                if found:
                    return found[0], marker, files
        raise Unsupported(
            f"{self} has neither index.json nor manifest.json",
            cure="write an image to it as oci-archive or docker-archive",
        )

    def _image_of_layout(self, content: bytes) -> Image | Index:
        """Return the one image, or index of one image, that an OCI image layout holds."""
        index = cast("Index", parse(content, _INDEX, str(self)))
        digests = {one.digest: one for one in index.manifests}
        if len(digests) == 1:
            return self.manifest(index.manifests[0])
        platforms = {one.platform for one in digests.values() if one.platform}
        entries = json.loads(content)["manifests"]
        names = {_name_of(entry) for entry in entries if str(entry.get("digest")) in digests}
        if len(names) > 1 or len(platforms) < len(digests):
            raise self._several(len(digests))
        return index

    def _several(self, count: int) -> Unsupported:
        return Unsupported(
            f"{self} holds {count} images that are not one index", cure="archive one image alone"
        )


def _name_of(entry: dict[str, Any]) -> str:
    annotations = entry.get("annotations")
    name = annotations.get(_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else ""
