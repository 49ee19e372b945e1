"""The uploads of blobs to one repository.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import RegistryError
from ..images.blob import Blob
from ..images.manifest import DIGEST
from ..wire.http_server import Answer
from .operations import RepositoryRequest
from .upload import Upload, Uploads


class BlobUploads:
    """Carries out the operations on uploads.

    Args:
        path: the repository's path, such as `/v2/sr`.
        behaviour: the switches.
        folder: where the bytes go, None if they are not kept.
        add_blob: is given the digest and the blob of each upload that is whole.

    Attributes:
        operations: the operations by name.
    """

    def __init__(
        self,
        path: str,
        behaviour: Behaviour,
        folder: Path | None,
        add_blob: Callable[[str, Blob], None],
    ) -> None:
        self._path = path
        self._behaviour = behaviour
        self._uploads = Uploads(folder)
        self._add_blob = add_blob
        self.operations: Mapping[str, Callable[[RepositoryRequest], Answer]] = {
            "StartUpload": self._start,
            "GetUpload": self._get,
            "PatchUpload": self._patch,
            "PutUpload": self._put,
            "DeleteUpload": self._delete,
        }

    def created(self, kind: str, digest: str, request: RepositoryRequest) -> Answer:
        """Return the answer that a blob or a manifest is there now."""
        location = self._location(f"{self._path}/{kind}/{digest}", request.registry, request)
        headers = {"Docker-Content-Digest": digest, "Location": location}
        return Answer(status=201, headers=headers)

    def _start(self, request: RepositoryRequest) -> Answer:
        upload = self._uploads.begin()
        upload.append(request.body)
        # Without a body it is the beginning of an upload like any other, digest or not.
        if upload.size and "digest" in request.parameters:
            return self._finish(upload, request)
        return self._accepted(202, upload, request)

    def _get(self, request: RepositoryRequest) -> Answer:
        upload = self._uploads.get(request.parameters["upload"])
        return self._accepted(204, upload, request)

    def _patch(self, request: RepositoryRequest) -> Answer:
        upload = self._writable(request)
        if self._behaviour.blob_uploads == "monolithic":
            raise RegistryError(405, "UNSUPPORTED", "upload the blob with one PUT")
        start = request.headers.get("Content-Range", str(upload.size)).partition("-")[0]
        if start != str(upload.size):
            return self._accepted(416, upload, request)
        upload.append(request.body)
        upload.move_on()
        return self._accepted(202, upload, request)

    def _put(self, request: RepositoryRequest) -> Answer:
        upload = self._writable(request)
        checked_digest(request.parameters.get("digest", ""))
        upload.append(request.body)
        return self._finish(upload, request)

    def _delete(self, request: RepositoryRequest) -> Answer:
        upload = self._uploads.get(request.parameters["upload"])
        self._uploads.end(upload)
        upload.blob.drop()
        return Answer(status=204)

    def _writable(self, request: RepositoryRequest) -> Upload:
        """Return the upload of the newest Location; an older one is no longer good."""
        upload = self._uploads.get(request.parameters["upload"])
        if request.parameters.get("_state") != upload.state:
            raise RegistryError(404, "BLOB_UPLOAD_INVALID", "this is not the newest Location")
        return upload

    def _finish(self, upload: Upload, request: RepositoryRequest) -> Answer:
        try:
            digest = checked_digest(request.parameters["digest"])
            if upload.digest != digest:
                upload.blob.drop()
                raise other_digest()
            self._add_blob(digest, upload.blob)
        finally:
            self._uploads.end(upload)
        return self.created("blobs", digest, request)

    def _accepted(self, status: int, upload: Upload, request: RepositoryRequest) -> Answer:
        path = f"{self._path}/blobs/uploads/{upload.id}?_state={upload.state}"
        headers = {
            "Docker-Upload-UUID": upload.id,
            "Location": self._location(path, request.uploads, request),
            "Range": upload.range,
        }
        return Answer(status=status, headers=headers)

    def _location(self, path: str, base: str, request: RepositoryRequest) -> str:
        is_elsewhere = base != request.registry
        return base + path if is_elsewhere or self._behaviour.locations == "absolute" else path


def checked_digest(text: str) -> str:
    """Validate a digest.

    Raises:
        RegistryError: it is none.
    """
    if not DIGEST.fullmatch(text):
        raise RegistryError(400, "DIGEST_INVALID", f"{text!r} is no sha256 digest")
    return text


def other_digest() -> RegistryError:
    """Return the error for content that has another digest."""
    return RegistryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
