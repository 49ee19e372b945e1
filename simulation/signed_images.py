"""Repositories with the signatures that real tools have put beside an image."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oci_images
from fake_registry import FakeRegistry
from oci_images import Made

FOLDER = Path(__file__).parents[1] / "tests" / "registry" / "signatures"
IMAGE: Made = oci_images.multi_arch(b"web")


def public_key(name: str) -> bytes:
    return (FOLDER / f"{name}.pub").read_bytes()


def contents(name: str) -> dict[str, Any]:
    """What a repository held, see the README of the folder."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def put(registry: FakeRegistry, held: dict[str, Any]) -> None:
    """Store what a repository held."""
    for digest, manifest in held["manifests"].items():
        registry.manifests[digest] = manifest["mediaType"], manifest["content"].encode()
    registry.blobs |= {digest: blob.encode() for digest, blob in held["blobs"].items()}
    for tag, digest in held["tags"].items():
        registry.manifests[tag] = registry.manifests[digest]


def sign(
    registry: FakeRegistry, digest: str, make: Callable[[bytes], bytes] = lambda _: b"signature"
) -> None:
    """Put a signature beside an image where cosign 2 puts it.

    Args:
        registry: where the image is.
        digest: its digest.
        make: signs; by default for a key that says yes to everything.
    """
    image = {"docker-manifest-digest": digest}
    critical = {"image": image, "type": "cosign container image signature"}
    payload = oci_images.to_json({"critical": critical})
    value = base64.b64encode(make(payload)).decode()
    layer = oci_images.descriptor(
        payload,
        "application/vnd.dev.cosign.simplesigning.v1+json",
        annotations={"dev.cosignproject.cosign/signature": value},
    )
    manifest = oci_images.to_json({"schemaVersion": 2, "layers": [layer]})
    registry.blobs[oci_images.digest_of(payload)] = payload
    tag = f"{digest.replace(':', '-')}.sig"
    registry.manifests[tag] = oci_images.OCI_MANIFEST, manifest
