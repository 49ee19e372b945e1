"""The registry's one repository, `sr`: uploads, blobs and manifests go in, nothing comes out.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import RegistryError
from ..images.image_store import ImageStore
from ..images.manifest import DIGEST, parse
from ..wire.http_server import Answer
from .upload import Upload, Uploads

_PATH = "/v2/sr"
_LARGEST_MANIFEST = 4 << 20


@dataclass(frozen=True, kw_only=True)
class RepositoryRequest:
    """A request to the repository.

    Args:
        parameters: the parts of the path, and the query.
        headers: the headers.
        body: the body in pieces, as they come.
        registry: the registry's address as the client names it, such as `http://127.0.0.1:5000`.
        uploads: the address that uploads go to.
    """

    parameters: Mapping[str, str]
    headers: Message
    body: Iterator[bytes]
    registry: str
    uploads: str


class Repository:
    """Carries out the repository's operations.

    Args:
        behaviour: the switches.
        images: where the images go.

    Attributes:
        operations: the operations by name.
    """

    def __init__(self, behaviour: Behaviour, images: ImageStore) -> None:
        self._behaviour = behaviour
        self._images = images
        self._uploads = Uploads(images.folder)
        self.operations: Mapping[str, Callable[[RepositoryRequest], Answer]] = {
            "StartUpload": self._start_upload,
            "GetUpload": self._get_upload,
            "PatchUpload": self._patch_upload,
            "PutUpload": self._put_upload,
            "DeleteUpload": self._delete_upload,
            "HeadBlob": self._head_blob,
            "GetBlob": _refuse_to_read,
            "PutManifest": self._put_manifest,
            "HeadManifest": self._get_manifest,
            "GetManifest": self._get_manifest,
            "ListTags": _refuse_to_read,
        }

    def _start_upload(self, request: RepositoryRequest) -> Answer:
        mount = request.parameters.get("mount", "")
        can_mount = mount and self._behaviour.blob_mount == "created"
        if can_mount and self._images.blob_size(_digest(mount)) is not None:
            return self._created("blobs", mount, request)
        upload = self._uploads.begin()
        upload.append(request.body)
        # Without a body it is the beginning of an upload like any other, digest or not.
        if upload.size and "digest" in request.parameters:
            return self._finish(upload, request)
        return self._accepted(202, upload, request)

    def _get_upload(self, request: RepositoryRequest) -> Answer:
        upload = self._uploads.get(request.parameters["upload"])
        return self._accepted(204, upload, request)

    def _patch_upload(self, request: RepositoryRequest) -> Answer:
        upload = self._writable_upload(request)
        if self._behaviour.blob_uploads == "monolithic":
            raise RegistryError(405, "UNSUPPORTED", "upload the blob with one PUT")
        start = request.headers.get("Content-Range", str(upload.size)).partition("-")[0]
        if start != str(upload.size):
            return self._accepted(416, upload, request)
        upload.append(request.body)
        upload.move_on()
        return self._accepted(202, upload, request)

    def _put_upload(self, request: RepositoryRequest) -> Answer:
        upload = self._writable_upload(request)
        _digest(request.parameters.get("digest", ""))
        upload.append(request.body)
        return self._finish(upload, request)

    def _delete_upload(self, request: RepositoryRequest) -> Answer:
        upload = self._uploads.get(request.parameters["upload"])
        self._uploads.end(upload)
        upload.blob.drop()
        return Answer(status=204)

    def _head_blob(self, request: RepositoryRequest) -> Answer:
        digest = _digest(request.parameters["digest"])
        size = self._images.blob_size(digest)
        if size is None:
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
        headers = {
            "Content-Length": str(size),
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
        }
        return Answer(status=200, headers=headers)

    def _put_manifest(self, request: RepositoryRequest) -> Answer:
        content = bytearray()
        for piece in request.body:
            content += piece
            if len(content) > _LARGEST_MANIFEST:
                raise RegistryError(413, "MANIFEST_INVALID", "a manifest has 4 MiB at most")
        manifest = parse(request.headers.get("Content-Type", ""), bytes(content), self._behaviour)
        reference = request.parameters["reference"]
        is_tag = ":" not in reference
        if not is_tag and reference != manifest.digest:
            raise _other_digest()
        self._images.add_manifest(manifest, reference if is_tag else None)
        return self._created("manifests", manifest.digest, request)

    def _get_manifest(self, request: RepositoryRequest) -> Answer:
        if self._behaviour.manifest_reads == "denied":
            return _refuse_to_read(request)
        manifest = self._images.manifest(request.parameters["reference"])
        if manifest is None or self._behaviour.manifest_reads == "not_found":
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown")
        headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": manifest.digest}
        return Answer(status=200, body=manifest.content, headers=headers)

    def _writable_upload(self, request: RepositoryRequest) -> Upload:
        """Return the upload of the newest Location; an older one is no longer good."""
        upload = self._uploads.get(request.parameters["upload"])
        if request.parameters.get("_state") != upload.state:
            raise RegistryError(404, "BLOB_UPLOAD_INVALID", "this is not the newest Location")
        return upload

    def _finish(self, upload: Upload, request: RepositoryRequest) -> Answer:
        try:
            digest = _digest(request.parameters["digest"])
            if upload.digest != digest:
                upload.blob.drop()
                raise _other_digest()
            self._images.add_blob(digest, upload.blob)
        finally:
            self._uploads.end(upload)
        return self._created("blobs", digest, request)

    def _accepted(self, status: int, upload: Upload, request: RepositoryRequest) -> Answer:
        path = f"{_PATH}/blobs/uploads/{upload.id}?_state={upload.state}"
        headers = {
            "Docker-Upload-UUID": upload.id,
            "Location": self._location(path, request.uploads, request),
            "Range": upload.range,
        }
        return Answer(status=status, headers=headers)

    def _created(self, kind: str, digest: str, request: RepositoryRequest) -> Answer:
        location = self._location(f"{_PATH}/{kind}/{digest}", request.registry, request)
        headers = {"Docker-Content-Digest": digest, "Location": location}
        return Answer(status=201, headers=headers)

    def _location(self, path: str, base: str, request: RepositoryRequest) -> str:
        is_elsewhere = base != request.registry
        return base + path if is_elsewhere or self._behaviour.locations == "absolute" else path


def _digest(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise RegistryError(400, "DIGEST_INVALID", f"{text!r} is no sha256 digest")
    return text


def _other_digest() -> RegistryError:
    return RegistryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")


def _refuse_to_read(_: RepositoryRequest) -> Answer:
    # "You cannot pull container images or perform any other container image management actions":
    # https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerServiceRegistryLogin.html
    raise RegistryError(403, "DENIED", "requested access to the resource is denied")
