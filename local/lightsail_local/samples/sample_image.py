"""A small, real image for someone without Docker who wants something to deploy.

The demo and the tests push it too.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import boto3

from ..behaviour.failure import DESCRIPTION_LABEL, FAILS_LABEL, Failure
from ..endpoints import DEFAULT_REGION
from ..images.manifest import OCI_INDEX, OCI_MANIFEST, digest_of

# A web server of a few system calls for linux/amd64; its source stands beside it.
PROGRAM = Path(__file__).parent / "program" / "httpd"

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, kw_only=True)
class SampleImage:
    """An OCI image of one layer: a small web server and its page, `srv/index.html`.

    Args:
        config: the config.
        layer: the layer, a gzipped tar.
        manifest: the manifest.
    """

    config: bytes
    layer: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return digest_of(self.manifest)


def sample_image(
    text: str, *, platform: str = "linux/amd64", fails: Failure | None = None
) -> SampleImage:
    """Return the image of a string: the same for the same string, with the same zlib.

    Args:
        text: what the file holds.
        platform: what the image says it runs on.
        fails: how it fails when the local Lightsail deploys it, None if it does not.
    """
    tar = _tar({"bin/httpd": PROGRAM.read_bytes(), "srv/index.html": text.encode()})
    layer = gzip.compress(tar, mtime=0)
    operating_system, _, architecture = platform.partition("/")
    config = _json(
        {
            "os": operating_system,
            "architecture": architecture,
            "config": {"Cmd": _command(text, fails), **_labels(text, fails)},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(_CONFIG, config),
            "layers": [_descriptor(_LAYER, layer)],
        }
    )
    return SampleImage(config=config, layer=layer, manifest=manifest)


def sample_index(
    text: str, *, fails: Failure | None = None
) -> tuple[bytes, tuple[SampleImage, ...]]:
    """Return the index of a string's images for two platforms and an attestation, and the images.

    Args:
        text: what the images' file holds.
        fails: how they fail when the local Lightsail deploys them, None if they do not.
    """
    platforms = ("linux/amd64", "linux/arm64", "unknown/unknown")
    images = tuple(sample_image(text, platform=platform, fails=fails) for platform in platforms)
    entries = []
    for platform, image in zip(platforms, images, strict=True):
        operating_system, _, architecture = platform.partition("/")
        described = {"os": operating_system, "architecture": architecture}
        entries.append({**_descriptor(OCI_MANIFEST, image.manifest), "platform": described})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return _json(index), images


def push_sample_image(
    lightsail_url: str,
    text: str,
    *,
    platform: str = "linux/amd64",
    fails: Failure | None = None,
    region: str = DEFAULT_REGION,
) -> str:
    """Push the image of a string to a local Lightsail, which needs to have a container service.

    Args:
        lightsail_url: the local Lightsail's address, such as `http://127.0.0.1:4580`.
        text: what the image's file holds.
        platform: what the image says it runs on.
        fails: how it fails when it is deployed, None if it does not.
        region: the local Lightsail's Region.

    Returns:
        The digest to register.

    Raises:
        ConnectionError: the registry refuses it.
    """
    client = boto3.client(
        "lightsail",
        endpoint_url=lightsail_url,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # nosec B106  # noqa: S106 - the local Lightsail takes any
    )
    login = client.create_container_service_registry_login()["registryLogin"]
    client.close()
    image = sample_image(text, platform=platform, fails=fails)
    push = _Push(login["registry"], login["username"], login["password"])
    push.blob(image.layer)
    push.blob(image.config)
    push.manifest(image)
    return image.digest


class _Push:
    """The requests of a push, each on a connection of its own."""

    def __init__(self, registry: str, username: str, password: str) -> None:
        self._registry = registry
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._authorization = {"Authorization": f"Basic {credentials}"}

    def blob(self, content: bytes) -> None:
        start = f"http://{self._registry}/v2/sr/blobs/uploads/"
        location = urljoin(start, self._send("POST", start, 202, b"", {}))
        separator = "&" if urlsplit(location).query else "?"
        octets = {"Content-Type": "application/octet-stream"}
        url = f"{location}{separator}digest={digest_of(content)}"
        self._send("PUT", url, 201, content, octets)

    def manifest(self, image: SampleImage) -> None:
        url = f"http://{self._registry}/v2/sr/manifests/{image.digest}"
        self._send("PUT", url, 201, image.manifest, {"Content-Type": OCI_MANIFEST})

    def _send(
        self, method: str, url: str, status: int, body: bytes, headers: Mapping[str, str]
    ) -> str:
        """Send a request and return its answer's Location."""
        host = urlsplit(url).netloc
        # Credentials are for the registry, not for another host that takes its uploads.
        credentials = self._authorization if host == self._registry else {}
        connection = HTTPConnection(host, timeout=30)
        try:
            path = url.removeprefix(f"http://{host}")
            connection.request(method, path, body, {**headers, **credentials})
            answer = connection.getresponse()
            problem = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status != status:
            raise ConnectionError(f"{method} {host}: {answer.status} {problem}")
        return answer.headers.get("Location", "")


def _labels(text: str, fails: Failure | None) -> Mapping[str, Any]:
    return {"Labels": {FAILS_LABEL: fails, DESCRIPTION_LABEL: text}} if fails else {}


def _command(text: str, fails: Failure | None) -> list[str]:
    """Return what the image does where it runs; its labels say so where it does not."""
    arguments: Mapping[Failure | None, list[str]] = {
        "crash": ["crash", text],
        "health_check": ["unhealthy"],
        "took_too_long": ["silent"],
    }
    return ["httpd", *arguments.get(fails, ["-f", "-h", "/srv"])]


def _tar(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
