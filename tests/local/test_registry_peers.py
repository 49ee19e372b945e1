"""Our registry beside others' software: Debian's docker-registry, and skopeo as a client."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docker_registry import docker_registry
from installed import needs
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import SampleImage, sample_image

pytestmark = needs("docker-registry", "skopeo")

UPLOADS = "/v2/sr/blobs/uploads/"
OTHER = f"sha256:{'0' * 64}"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCTETS = {"Content-Type": "application/octet-stream"}
# Headers that both send: some by their values, some only by being there.
EQUAL = ("Docker-Content-Digest", "Docker-Distribution-Api-Version", "Range")
PRESENT = ("Location", "Docker-Upload-UUID")


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture(scope="session")
def debian() -> Iterator[str]:
    """The address of a docker-registry."""
    with docker_registry(deletes=False) as registry:
        yield registry.host


def seen(answer: Any) -> dict[str, Any]:
    """Return what is compared of an answer."""
    return {
        "status": answer.status,
        **{name: answer.headers[name] for name in EQUAL},
        **{name: name in answer.headers for name in PRESENT},
    }


def refusal(answer: Any) -> dict[str, Any]:
    return {**seen(answer), "code": json.loads(answer.content)["errors"][0]["code"]}


def push_a_blob_whole(client: Any) -> Iterator[Any]:
    yield seen(client("HEAD", f"/v2/sr/blobs/{digest_of(b'whole')}"))
    begun = client("POST", UPLOADS)
    yield seen(begun)
    url = f"{begun.headers['Location']}&digest={digest_of(b'whole')}"
    yield seen(client("PUT", url, b"whole", OCTETS))
    there = client("HEAD", f"/v2/sr/blobs/{digest_of(b'whole')}")
    yield seen(there)
    yield there.headers["Content-Length"]


def push_a_blob_in_pieces(client: Any) -> Iterator[Any]:
    begun = client("POST", UPLOADS)
    yield seen(client("GET", begun.headers["Location"]))
    first = client("PATCH", begun.headers["Location"], b"pie", OCTETS)
    yield seen(first)
    yield seen(client("GET", first.headers["Location"]))
    yield refusal(client("PATCH", begun.headers["Location"], b"ces", OCTETS))
    second = client("PATCH", first.headers["Location"], iter([b"c", b"es"]), OCTETS)
    yield seen(second)
    yield seen(client("PUT", f"{second.headers['Location']}&digest={digest_of(b'pieces')}"))


def be_refused_a_blob(client: Any) -> Iterator[Any]:
    for digest in ("", "sha256:1", OTHER):
        begun = client("POST", UPLOADS)
        yield refusal(client("PUT", f"{begun.headers['Location']}&digest={digest}", b"x"))
    yield seen(client("HEAD", "/v2/sr/blobs/sha256:1"))


def give_an_upload_up(client: Any) -> Iterator[Any]:
    begun = client("POST", UPLOADS)
    yield client("DELETE", begun.headers["Location"]).status
    yield refusal(client("GET", begun.headers["Location"]))


def mount_a_blob(client: Any) -> Iterator[Any]:
    client.upload(b"mounted")
    yield seen(client("POST", f"{UPLOADS}?mount={digest_of(b'mounted')}&from=sr"))
    yield seen(client("POST", f"{UPLOADS}?mount={OTHER}&from=sr"))


def push_manifests(client: Any) -> Iterator[Any]:
    image = sample_image("peers")
    yield refusal(client.put_manifest("tag", image.manifest))
    client.upload(image.config)
    client.upload(image.layer)
    yield seen(client.put_manifest("tag", image.manifest))
    yield seen(client.put_manifest(image.digest, image.manifest))
    yield refusal(client.put_manifest(OTHER, image.manifest))
    yield refusal(client.put_manifest("tag", b"{", OCI))
    yield refusal(client.put_manifest("tag", image.manifest, "application/json"))
    for reference in ("tag", image.digest):
        read = client("GET", f"/v2/sr/manifests/{reference}", headers={"Accept": OCI})
        yield seen(read)
        yield (read.content == image.manifest, read.headers["Content-Type"])
    yield refusal(client("GET", f"/v2/sr/manifests/{OTHER}", headers={"Accept": OCI}))
    yield refusal(client("DELETE", "/v2/sr/manifests/tag"))


@pytest.mark.parametrize(
    "push",
    [
        push_a_blob_whole,
        push_a_blob_in_pieces,
        be_refused_a_blob,
        give_an_upload_up,
        mount_a_blob,
        push_manifests,
    ],
)
def test_answers_as_docker_registry_does(
    registry: Any,
    raw_client: Any,
    debian: str,
    behaviour: Behaviour,
    push: Callable[[Any], Iterator[Any]],
) -> None:
    behaviour.manifest_reads = "answered"
    behaviour.blob_mount = "created"

    ours, theirs = list(push(registry)), list(push(raw_client(debian)))

    assert ours == theirs


def _write_layout(folder: Path, image: SampleImage) -> None:
    """Write an image as an OCI layout."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for content in (image.config, image.layer, image.manifest):
        (blobs / digest_of(content).removeprefix("sha256:")).write_bytes(content)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    manifest = {"mediaType": OCI, "digest": image.digest, "size": len(image.manifest)}
    index = {"schemaVersion": 2, "manifests": [manifest]}
    (folder / "index.json").write_text(json.dumps(index))


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("media_types", ["docker_and_oci", "docker"])
def test_takes_what_skopeo_pushes(
    tmp_path: Path,
    api: Any,
    behaviour: Behaviour,
    media_types: Any,
) -> None:
    behaviour.media_types = media_types
    _write_layout(tmp_path / "image", sample_image("skopeo"))
    login = api.create_container_service_registry_login()["registryLogin"]
    subprocess.run(
        [
            "skopeo",
            "--insecure-policy",
            "copy",
            f"--dest-creds={login['username']}:{login['password']}",
            "--dest-tls-verify=false",
            f"--digestfile={tmp_path / 'digest'}",
            *(["--format=v2s2"] if media_types == "docker" else []),
            f"oci:{tmp_path / 'image'}",
            f"docker://{login['registry']}/sr:a-tag",
        ],
        check=True,
        timeout=30,
    )

    image = api.register_container_image(
        serviceName="shop", label="web", digest=(tmp_path / "digest").read_text()
    )["containerImage"]

    assert image["image"] == ":shop.web.1"
    is_same = image["digest"] == sample_image("skopeo").digest
    assert is_same is (media_types == "docker_and_oci")
