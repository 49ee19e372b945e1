"""A registry to pull from, for someone without a registry who wants something to deploy.

The demo and the tests carry its images into the local Lightsail.
"""

from __future__ import annotations

import re
from typing import Self, get_args

from ..behaviour.failure import Failure
from ..images.manifest import digest_of
from ..wire.http_server import Answer, Connection, LoopbackServer
from .sample_image import sample_index

_PATH = re.compile(r"/v2/sample/(?P<kind>manifests|blobs)/(?P<target>[\w.-]+|sha256:[0-9a-f]{64})")
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class SampleRegistry:
    """A registry on 127.0.0.1 that has an image for every tag of the repository `sample`.

    Each is an index, as a build for several platforms makes it: an image for linux/amd64, one for
    linux/arm64 and an attestation, all made from the tag. The images of the tags
    `crash`, `health_check` and `took_too_long` fail in that way when they are deployed.

    Args:
        port: the port, 0 for a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self._contents: dict[str, tuple[str, bytes]] = {}
        self._server = LoopbackServer(port, self._respond)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening."""
        self._server.close()

    def image(self, tag: str) -> str:
        """Return the reference of a tag's image."""
        return f"{self._server.host}/sample:{tag}"

    def _respond(self, connection: Connection) -> None:
        if connection.path == "/v2/":
            connection.send(Answer(status=200, body=b"{}"))
            return
        match = _PATH.fullmatch(connection.path)
        is_read = connection.command in {"GET", "HEAD"}
        found = self._find(match["kind"], match["target"]) if match and is_read else None
        if found is None:
            connection.send(Answer(status=404, error="NAME_UNKNOWN"))
            return
        media_type, content = found
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest_of(content)}
        connection.send(Answer(status=200, body=content, headers=headers))

    def _find(self, kind: str, target: str) -> tuple[str, bytes] | None:
        if kind == "manifests" and ":" not in target:
            fails = next((failure for failure in get_args(Failure) if failure == target), None)
            index, images = sample_index(target, fails=fails)
            for image in images:
                self._contents[image.digest] = _MANIFEST, image.manifest
                for blob in (image.config, image.layer):
                    self._contents[digest_of(blob)] = "application/octet-stream", blob
            self._contents[digest_of(index)] = _INDEX, index
            return _INDEX, index
        return self._contents.get(target)
