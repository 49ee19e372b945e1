"""A client of Amazon ECR's local registry that speaks its protocol, and nothing more."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from oci_images import Made


@dataclass(frozen=True)
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["errors"][0]["code"])


@dataclass
class EcrClient:
    """Sends requests, with a login."""

    host: str
    certificate: Path
    login: str  # the authorization token of Amazon ECR's API, empty for none
    name: str = ""  # to call the registry by, empty for its address
    _tls: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self._tls = ssl.create_default_context(cafile=self.certificate)

    @classmethod
    def of_api(cls, ecr: Any, host: str, certificate: Path, name: str = "") -> EcrClient:
        """Return one with a login that the API gives."""
        (data,) = ecr.get_authorization_token()["authorizationData"]
        assert data["proxyEndpoint"] == f"https://{host}"
        return cls(host, certificate, data["authorizationToken"], name)

    @property
    def password(self) -> str:
        return base64.b64decode(self.login).decode().partition(":")[2]

    def send(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Got:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Host"] = self.name or self.host
        if self.login:
            sent["Authorization"] = f"Basic {self.login}"
        target = urlsplit(path)._replace(scheme="", netloc="").geturl()
        with closing(HTTPSConnection(self.host, timeout=60, context=self._tls)) as connection:
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            return Got(answer.status, dict(answer.headers), answer.read())

    def begin(self, repository: str) -> str:
        """Begin an upload, and return where it goes on."""
        began = self.send("POST", f"/v2/{repository}/blobs/uploads/")
        assert began.status == 202, began
        return began.headers["Location"]

    def push_blob(self, repository: str, digest: str, content: bytes) -> Got:
        """Push a blob in one piece, if it is not there."""
        if self.send("HEAD", f"/v2/{repository}/blobs/{digest}").status == 200:
            return Got(200, {}, b"")
        return self.send("PUT", f"{self.begin(repository)}&digest={digest}", content)

    def push(self, repository: str, made: Made, tag: str) -> Got:
        """Push an image as engines do, and return the answer to its manifest."""
        for digest, content in made.blobs.items():
            assert self.push_blob(repository, digest, content).status in (200, 201)
        path = f"/v2/{repository}/manifests/{tag}"
        return self.send("PUT", path, made.content, Content_Type=made.media_type)


def login_of(username: str, password: str) -> str:
    """Return a login as Amazon ECR's API gives it."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()
