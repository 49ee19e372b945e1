"""A repository of Amazon ECR: its blobs are files, its images are the API's.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, cast

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import RegistryError
from ..images.blob import Blob
from ..images.manifest import Descriptor
from ..registry.blob_uploads import BlobUploads, checked_digest
from ..registry.operations import RepositoryRequest
from ..registry.repository import blob_headers, sent_manifest
from ..wire.http_server import Answer
from .image_records import ImageRecords
from .tokens import Home

_PIECE = 1 << 20
_RANGE = re.compile(r"bytes=(?P<first>[0-9]*)-(?P<last>[0-9]*)")
# Amazon ECR takes all that Lightsail may take.
_BEHAVIOUR = Behaviour()


class EcrRepository:
    """Carries out the operations of one repository.

    Args:
        home: the account and Region that it is in.
        name: its name.
        folder: its own, for its blobs.
        records: its images.

    Attributes:
        operations: the operations by name.
    """

    def __init__(self, home: Home, name: str, folder: Path, records: ImageRecords) -> None:
        self._blobs = folder / "blobs"
        uploads = folder / "uploads"
        for each in (self._blobs, uploads):
            each.mkdir(parents=True)
        self._records = records
        self._home = home
        self._name = name
        self._uploads = BlobUploads(f"/v2/{name}", _BEHAVIOUR, uploads, self._add_blob)
        self.operations: Mapping[str, Callable[[RepositoryRequest], Answer]] = {
            **self._uploads.operations,
            "HeadBlob": self._get_blob,
            "GetBlob": self._get_blob,
            "PutManifest": self._put_manifest,
            "HeadManifest": self._get_manifest,
            "GetManifest": self._get_manifest,
            "ListTags": self._list_tags,
        }

    def drop(self, digests: frozenset[str]) -> None:
        """Remove blobs."""
        for digest in digests:
            self._file(digest).unlink(missing_ok=True)

    def _add_blob(self, digest: str, blob: Blob) -> None:
        # Uploads with a folder have a file; a blob that is there already has the same bytes.
        cast("Path", blob.file).replace(self._file(digest))

    def _get_blob(self, request: RepositoryRequest) -> Answer:
        digest = checked_digest(request.parameters["digest"])
        try:
            file = self._file(digest).open("rb")
        except FileNotFoundError:
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry") from None
        size = self._file(digest).stat().st_size
        headers = {**blob_headers(digest, size), "Accept-Ranges": "bytes"}
        part = _part(request.headers.get("Range", ""), size)
        if part is None:
            return Answer(status=200, headers=headers, pieces=_pieces(file, 0, size))
        if not part:
            file.close()
            headers |= {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
            return Answer(status=416, headers=headers)
        headers |= {
            "Content-Length": str(len(part)),
            "Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}",
        }
        return Answer(status=206, headers=headers, pieces=_pieces(file, part.start, len(part)))

    def _put_manifest(self, request: RepositoryRequest) -> Answer:
        manifest = sent_manifest(request, _BEHAVIOUR)
        for blob in manifest.blobs:
            self._check(blob)
        for child in manifest.manifests:
            if self._records.manifest(self._home, self._name, child.digest) is None:
                raise _missing(child)
        reference = request.parameters["reference"]
        tag = None if ":" in reference else reference
        self._records.add(self._home, self._name, manifest, tag)
        return self._uploads.created("manifests", manifest.digest, request)

    def _get_manifest(self, request: RepositoryRequest) -> Answer:
        reference = request.parameters["reference"]
        found = self._records.manifest(self._home, self._name, reference)
        if found is None:
            raise RegistryError(404, "MANIFEST_UNKNOWN", "Requested image not found")
        media_type, content = found
        return Answer(status=200, body=content, headers={"Content-Type": media_type})

    def _list_tags(self, _: RepositoryRequest) -> Answer:
        tags = self._records.tags(self._home, self._name)
        body = json.dumps({"name": self._name, "tags": tags}).encode()
        return Answer(status=200, body=body, headers={"Content-Type": "application/json"})

    def _check(self, blob: Descriptor) -> None:
        try:
            size = self._file(blob.digest).stat().st_size
        except FileNotFoundError:
            raise _missing(blob) from None
        if size != blob.size:
            raise RegistryError(
                400, "SIZE_INVALID", f"{blob.digest} has {size} bytes, not {blob.size}"
            )

    def _file(self, digest: str) -> Path:
        return self._blobs / digest.replace(":", "-")


def _part(header: str, size: int) -> range | None:
    """Return the bytes that a Range header asks for, none if they are not there; None for all."""
    # https://www.rfc-editor.org/rfc/rfc9110#name-range
    found = _RANGE.fullmatch(header)
    if not found or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        return range(max(size - int(found["last"]), 0), size)
    last = min(int(found["last"] or size), size - 1)
    return range(int(found["first"]), last + 1)


def _pieces(file: IO[bytes], start: int, size: int) -> Iterator[bytes]:
    """Read a part of a file that is open, so that it may be removed meanwhile."""
    with file:
        file.seek(start)
        while size and (piece := file.read(min(size, _PIECE))):
            size -= len(piece)
            yield piece


def _missing(descriptor: Descriptor) -> RegistryError:
    return RegistryError(400, "MANIFEST_BLOB_UNKNOWN", f"{descriptor.digest} has not been pushed")
