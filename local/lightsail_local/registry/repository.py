"""The registry's one repository, `sr`: uploads, blobs and manifests go in, nothing comes out.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import RegistryError
from ..images.image_store import ImageStore
from ..images.manifest import Manifest, parse
from ..wire.http_server import Answer
from .blob_uploads import BlobUploads, checked_digest, other_digest
from .operations import RepositoryRequest

_PATH = "/v2/sr"
_LARGEST_MANIFEST = 4 << 20


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
        self._uploads = BlobUploads(_PATH, behaviour, images.folder, images.add_blob)
        self.operations: Mapping[str, Callable[[RepositoryRequest], Answer]] = {
            **self._uploads.operations,
            "StartUpload": self._start_upload,
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
        if can_mount and self._images.blob_size(checked_digest(mount)) is not None:
            return self._uploads.created("blobs", mount, request)
        return self._uploads.operations["StartUpload"](request)

    def _head_blob(self, request: RepositoryRequest) -> Answer:
        digest = checked_digest(request.parameters["digest"])
        size = self._images.blob_size(digest)
        if size is None:
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return Answer(status=200, headers=blob_headers(digest, size))

    def _put_manifest(self, request: RepositoryRequest) -> Answer:
        manifest = sent_manifest(request, self._behaviour)
        reference = request.parameters["reference"]
        is_tag = ":" not in reference
        self._images.add_manifest(manifest, reference if is_tag else None)
        return self._uploads.created("manifests", manifest.digest, request)

    def _get_manifest(self, request: RepositoryRequest) -> Answer:
        if self._behaviour.manifest_reads == "denied":
            return _refuse_to_read(request)
        manifest = self._images.manifest(request.parameters["reference"])
        if manifest is None or self._behaviour.manifest_reads == "not_found":
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown")
        headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": manifest.digest}
        return Answer(status=200, body=manifest.content, headers=headers)


def sent_manifest(request: RepositoryRequest, behaviour: Behaviour) -> Manifest:
    """Return the manifest that was sent, to a tag or to its own digest.

    Raises:
        RegistryError: it is none, or not taken.
    """
    content = bytearray()
    for piece in request.body:
        content += piece
        if len(content) > _LARGEST_MANIFEST:
            raise RegistryError(413, "MANIFEST_INVALID", "a manifest has 4 MiB at most")
    manifest = parse(request.headers.get("Content-Type", ""), bytes(content), behaviour)
    reference = request.parameters["reference"]
    if ":" in reference and reference != manifest.digest:
        raise other_digest()
    return manifest


def blob_headers(digest: str, size: int) -> dict[str, str]:
    """Return the headers of a whole blob."""
    return {
        "Content-Length": str(size),
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": digest,
    }


def _refuse_to_read(_: RepositoryRequest) -> Answer:
    # "You cannot pull container images or perform any other container image management actions":
    # https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_CreateContainerServiceRegistryLogin.html
    raise RegistryError(403, "DENIED", "requested access to the resource is denied")
