"""Registries to pull from, one with a token service, and one that stands for Amazon ECR's."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from lightsail_local.wire.http_server import Answer, Connection
from oci_images import Made

USERNAME, PASSWORD = "robot", "password-of-the-source"
TOKEN = "token-of-the-source"  # noqa: S105 - looked for in every log
ECR_PASSWORD = "password-of-ecr"  # noqa: S105 - the same
_TARGET = re.compile(r"/v2/web/(?P<kind>manifests|blobs)/(?P<target>[\w.:-]+)")


class SourceRegistry:
    """Answers the requests for the images of a repository `web`.

    Args:
        sleep: lets time pass.
        login: the user name and password that it takes.
        gives_tokens: whether it takes them for a token only, at a service of its own.

    Attributes:
        host: its address, once it is known.
        blob_seconds: how long each blob takes.
    """

    def __init__(
        self, sleep: Callable[[float], None], login: tuple[str, str], *, gives_tokens: bool
    ) -> None:
        self._contents: dict[str, tuple[str, bytes]] = {}
        self._sleep = sleep
        self._basic = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        self._wanted = f"Bearer {TOKEN}" if gives_tokens else self._basic
        self._gives_tokens = gives_tokens
        self.host = ""
        self.blob_seconds = 0.0

    def add(self, made: Made, tag: str) -> str:
        """Have an image, and return its reference."""
        for one in (made, *made.manifests):
            self._contents[one.digest] = one.media_type, one.content
            for digest, blob in one.blobs.items():
                self._contents[digest] = "application/octet-stream", blob
        self._contents[tag] = made.media_type, made.content
        return f"{self.host}/web:{tag}"

    def respond(self, connection: Connection) -> None:
        """Answer a request."""
        url = urlsplit(connection.path)
        sent = connection.headers.get("Authorization", "")
        if url.path == "/token":
            is_known = sent == self._basic
            body = json.dumps({"token": TOKEN}).encode()
            connection.send(Answer(status=200, body=body) if is_known else _error(401))
        elif sent != self._wanted:
            challenge = 'Basic realm="source"'
            if self._gives_tokens:
                challenge = f'Bearer realm="http://{self.host}/token",service="source"'
            connection.send(_error(401, {"WWW-Authenticate": challenge}))
        else:
            connection.send(self._answer(url.path, connection.headers.get("Range", "")))

    def _answer(self, path: str, wanted: str) -> Answer:
        match = _TARGET.fullmatch(path)
        found = self._contents.get(match["target"]) if match else None
        if match is None or found is None:
            return _error(404)
        media_type, content = found
        headers = {"Content-Type": media_type}
        if match["kind"] == "blobs":
            self._sleep(self.blob_seconds)
        part = re.fullmatch(r"bytes=(\d+)-", wanted)
        if part is None:
            return Answer(status=200, body=content, headers=headers)
        start = int(part[1])
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Answer(status=206, body=content[start:], headers=headers)


def _error(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status=status, body=b'{"errors": []}', headers=headers or {})
