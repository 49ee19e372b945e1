"""An image in an archive: an OCI image layout, what `docker save` writes, or skopeo's `dir:`.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
https://github.com/containers/image/blob/v5.36.0/docs/containers-transports.5.md

Nothing is unpacked: the blobs are read from where they are in a tar or zip.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..blob_copy import BlobReader, read_blob
from ..descriptor import Descriptor
from ..errors import DigestMismatch, Missing, Unsupported
from ..manifest import Image, Index, check_algorithm, parse
from .archive_file import ArchivedFile, RandomAccess, Window, read_file
from .archived_names import ALONE, Named, with_tag
from .docker_archive import docker_image
from .image_layout import choose_image, layout_images
from .tar import tar_files
from .zip_file import zip_files

_LAYOUT, _DOCKER = _MARKERS = ("index.json", "manifest.json")
_ZIP = (b"PK\3\4", b"PK\5\6")
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"\xfd7zXZ": ("xz", "unxz"),
    b"BZh": ("bzip2", "bunzip2"),
}
# https://github.com/containers/image/blob/v5.36.0/directory/directory_transport.go
_IN_DIRECTORY = re.compile(r"([0-9a-f]{64})(?:\.manifest\.json)?")


class Archive:
    """An archive with an image, for one platform or several.

    Args:
        file: the archive; its name is what messages call the image.
        tag: which image of several, by a name that the archive gives it; None for the only one.
    """

    is_archive = True

    def __init__(self, file: RandomAccess, tag: str | None = None) -> None:
        self._file = file
        self._tag = tag
        self._blobs: Mapping[str, ArchivedFile] = {}

    def __str__(self) -> str:
        """Return the archive's name."""
        return str(self._file)

    def connect(self) -> None:
        """Do nothing: its file is read already."""

    def manifest(self, descriptor: Descriptor | None = None) -> Image | Index:
        """Return a manifest whose digest and size are right.

        Args:
            descriptor: what an index says of it; without, the manifest of the archive's image, for
                which the archive's table of contents is read.

        Raises:
            DigestMismatch: it is not the one that was asked for.
            Missing: it is missing.
            Unsupported: it, or the archive, is of a kind that is not carried.
        """
        if descriptor is not None:
            return self._present(parse(self._read(descriptor), descriptor.media_type, str(self)))
        files = self._image_files()
        if _LAYOUT in files:
            prefix = "blobs/sha256/"
            self._blobs = {
                f"sha256:{path.removeprefix(prefix)}": file
                for path, file in files.items()
                if path.startswith(prefix)
            }
            images = layout_images(read_file(files, _LAYOUT, str(self)), str(self))
            # apko's docker archives have an index.json whose blobs are elsewhere.
            if (images and self._blobs) or _DOCKER not in files:
                return self._image_of_layout(images)
        content = read_file(files, _DOCKER, str(self))
        if content.lstrip()[:1] == b"{" and b'"schemaVersion"' in content:
            return self._image_of_directory(content, files)
        image, self._blobs = docker_image(content, files, str(self), self._tag)
        return image

    def open_blob(self, blob: Descriptor) -> BlobReader:
        """Ask for a blob, and leave its first byte for later.

        Raises:
            DigestMismatch: it has another size.
            Missing: it is missing.
        """
        file = self._blobs.get(blob.digest)
        if file is None:
            fix = "write the archive again, with all that belongs to the image"
            raise Missing(f"{self} has no blob {blob.short_digest}", fix=fix)
        if file.size != blob.size:
            raise DigestMismatch(
                f"{self} has {file.size} bytes of {blob.short_digest}, "
                f"not {blob.size} as its manifest says"
            )
        return file.open()

    def _read(self, descriptor: Descriptor) -> bytes:
        check_algorithm(descriptor, str(self))
        return read_blob(self, descriptor, f"the manifest of {self}")

    def _present(self, manifest: Image | Index) -> Image | Index:
        """Return a manifest, an index without the images that were not archived with it."""
        if isinstance(manifest, Image):
            return manifest
        present = tuple(one for one in manifest.manifests if one.digest in self._blobs)
        return replace(manifest, manifests=present or manifest.manifests)

    def _image_files(self) -> Mapping[str, ArchivedFile]:
        """Return the files of the image, by their names in the folder that it is in."""
        window = Window(self._file)
        beginning = window.read(0, 5)
        for magic, (compression, tool) in _COMPRESSED.items():
            if beginning.startswith(magic):
                problem = f"{self} is compressed with {compression}"
                raise Unsupported(problem, fix=f"unpack it with {tool} before")
        is_zip = beginning.startswith(_ZIP)
        files: Mapping[str, ArchivedFile] = zip_files(window) if is_zip else tar_files(window)
        tops = sorted({f"{path.partition('/')[0]}/" for path in files if path.count("/") == 1})
        for folders in ([""], tops):
            for marker in _MARKERS:
                found = [folder for folder in folders if folder + marker in files]
                if len(found) > 1:
                    problem = f"{self} holds {len(found)} images that are not one index"
                    raise Unsupported(problem, fix=ALONE)
                if found:
                    (top,) = found
                    return {
                        path.removeprefix(top): file
                        for path, file in files.items()
                        if path.startswith(top)
                    }
        raise Unsupported(
            f"{self} has neither index.json nor manifest.json",
            fix="write an image to it as oci-archive or docker-archive",
        )

    def _image_of_layout(self, images: list[Named[Descriptor]]) -> Image | Index:
        """Return the one image, or index of one image, of an OCI image layout."""
        chosen = choose_image(images, self._read, str(self), self._tag)
        return self._present(chosen) if isinstance(chosen, Index) else self.manifest(chosen)

    def _image_of_directory(
        self, content: bytes, files: Mapping[str, ArchivedFile]
    ) -> Image | Index:
        """Return the image, or index, of a folder that skopeo calls `dir:`."""
        if self._tag is not None:
            with_tag([Named(image=content)], self._tag, str(self))
        found = {
            match[1]: file
            for path, file in files.items()
            if (match := _IN_DIRECTORY.fullmatch(path))
        }
        self._blobs = {f"sha256:{digest}": file for digest, file in found.items()}
        return self._present(parse(content, "", str(self)))
