"""Images to copy, made of bytes that a test chooses."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urljoin, urlsplit

from lightsail_local.behaviour.failure import Failure
from lightsail_local.samples.sample_image import sample_image

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A manifest or index with all that it needs.

    Args:
        content: its bytes.
        media_type: its media type.
        blobs: blobs by digest.
        manifests: the manifests of an index.
        platform: of an image, as an index has it.
    """

    content: bytes
    media_type: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: tuple["Made", ...] = ()
    platform: dict[str, str] | None = None
    annotations: dict[str, str] | None = None

    @property
    def digest(self) -> str:
        return digest_of(self.content)


def descriptor(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {
        "mediaType": media_type,
        "digest": digest_of(content),
        "size": len(content),
        **{name: value for name, value in more.items() if value is not None},
    }


def image(
    *layers: bytes,
    platform: str = "linux/amd64",
    docker: bool = False,
    layer_type: str = "",
    annotations: dict[str, str] | None = None,
    diff_ids: Sequence[str] = (),
    runs: Mapping[str, object] | None = None,
) -> Made:
    """Return an image of one platform.

    Without `diff_ids` its layers may be any bytes: no registry looks into them. It runs if its
    config says what: `runs`.
    """
    parts = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    unpacked = list(diff_ids) or [digest_of(layer) for layer in layers]
    program = {"config": runs} if runs else {}
    config = to_json({**parts, **program, "rootfs": {"type": "layers", "diff_ids": unpacked}})
    kind = layer_type or (DOCKER_LAYER if docker else OCI_LAYER)
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": descriptor(config, DOCKER_CONFIG if docker else OCI_CONFIG),
        "layers": [descriptor(layer, kind) for layer in layers],
    }
    return Made(
        # Not the way json.dumps writes it, so that writing it again changes it.
        content=to_json(manifest, indent=3) + b"\n",
        media_type=manifest["mediaType"],
        blobs={digest_of(blob): blob for blob in (config, *layers)},
        platform=parts,
        annotations=annotations,
    )


def sample(text: str, *, fails: Failure | None = None) -> Made:
    """Return the local cloud's image of a string, which fails in a way when it is deployed."""
    made = sample_image(text, fails=fails)
    blobs = {digest_of(blob): blob for blob in (made.config, made.layer)}
    return Made(content=made.manifest, media_type=OCI_MANIFEST, blobs=blobs)


def index(*manifests: Made, docker: bool = False) -> Made:
    """Return an index of images."""
    media_type = DOCKER_LIST if docker else OCI_INDEX
    entries = [
        descriptor(
            made.content, made.media_type, platform=made.platform, annotations=made.annotations
        )
        for made in manifests
    ]
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    return Made(content=to_json(document, indent=2), media_type=media_type, manifests=manifests)


def multi_arch(*layers: bytes, amd64: Made | None = None) -> Made:
    """Return what buildx makes: two platforms and their attestations."""
    amd64, arm64 = amd64 or image(*layers), image(b"arm64", platform="linux/arm64")
    attestations = [
        image(
            b"attestation",
            platform="unknown/unknown",
            annotations={
                "vnd.docker.reference.digest": made.digest,
                "vnd.docker.reference.type": "attestation-manifest",
            },
        )
        for made in (amd64, arm64)
    ]
    return index(*attestations, arm64, amd64)


def to_json(document: Any, indent: int | None = None) -> bytes:
    return json.dumps(document, indent=indent).encode()


def push(registry: str, repository: str, made: Made, tag: str, authorization: str = "") -> None:
    """Push an image to a real registry, without the code that is tested."""
    for manifest in made.manifests:
        push(registry, repository, manifest, manifest.digest, authorization)
    connection = HTTPConnection(registry, timeout=60)
    login = {"Authorization": authorization} if authorization else {}

    def send(method: str, target: str, body: bytes, headers: dict[str, str]) -> str:
        connection.request(method, target, body=body, headers={**login, **headers})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status in (201, 202), (method, target, answer.status, text)
        return answer.getheader("Location") or ""

    try:
        for digest, blob in made.blobs.items():
            place = send("POST", f"/v2/{repository}/blobs/uploads/", b"", {})
            parts = urlsplit(urljoin(f"http://{registry}", place))
            target = f"{parts.path}?{parts.query}&digest={digest}"
            send("PUT", target, blob, {"Content-Type": "application/octet-stream"})
        target = f"/v2/{repository}/manifests/{tag}"
        send("PUT", target, made.content, {"Content-Type": made.media_type})
    finally:
        connection.close()


def some_bytes(size: int, seed: str) -> bytes:
    """Return bytes that no compression makes smaller, the same for the same seed."""
    return hashlib.shake_128(seed.encode()).digest(size)


def layers(count: int, size: int, seed: Sequence[str] | str = "") -> list[bytes]:
    return [some_bytes(size, f"{seed}{number}") for number in range(count)]
