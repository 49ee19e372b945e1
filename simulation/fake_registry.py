"""A registry in memory that does wrong on the wire what a test orders."""

import base64
import hashlib
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from certificates import Certificate
from error_answers import registry_error
from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection
from oci_images import OCI_INDEX, Made, descriptor

USERNAME, PASSWORD = "robot", "correct-horse"
BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


Act = Callable[[Connection], bool | None]
"""Does something to a request; the registry goes on with it unless this returns True."""


@dataclass(kw_only=True)
class Fault:
    """What happens to the next requests whose `METHOD path?query` matches."""

    pattern: str
    act: Act
    times: int = 1


@dataclass(kw_only=True, eq=False)
class FakeRegistry(Fake):
    """A registry.

    Args:
        login: how it wants to be logged in to.
        basic: the user name and password that it takes, as a header has them.
        uploads: what an upload may be made of.
        locations: what its Location headers are.
        knows_ranges: whether it can give a part of a blob.
        knows_referrers: whether it lists what refers to a manifest.
        reads: the status that reading a manifest is answered with if it may not be read.
        window: how many bytes the kernel takes on its behalf, 0 for as many as it likes.
    """

    login: Literal["", "basic", "bearer"] = ""
    basic: str = BASIC
    uploads: Literal["any", "monolithic", "chunked"] = "any"
    locations: Literal["relative", "absolute"] = "relative"
    knows_ranges: bool = True
    knows_referrers: bool = False
    reads: int = 200
    window: int = 0
    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    open_uploads: dict[str, bytearray] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    token_seconds: float = 300
    seen: list[Seen] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    scheme: str = "http"

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.numbers = itertools.count()

    def add(self, made: Made, tag: str = "") -> None:
        """Store an image."""
        for manifest in made.manifests:
            self.add(manifest)
        self.blobs |= made.blobs
        self.manifests[made.digest] = made.media_type, made.content
        if tag:
            self.manifests[tag] = self.manifests[made.digest]

    def fail(self, pattern: str, act: Act, times: int = 1) -> None:
        self.faults.append(Fault(pattern=pattern, act=act, times=times))

    def lines(self, method: str = "") -> list[str]:
        return [seen.line for seen in self.seen if seen.line.startswith(method)]

    def respond(self, connection: Connection) -> None:
        """Answer a request."""
        line, url = f"{connection.command} {connection.path}", urlsplit(connection.path)
        headers = dict(connection.headers.items())
        self.seen.append(Seen(method=connection.command, path=connection.path, headers=headers))
        act = self.fault(line)
        if act is not None and act(connection):
            return
        answer = self.give_token if url.path == "/token" else self.answer
        connection.send(answer(connection, url.path))

    def fault(self, line: str) -> Act | None:
        with self.lock:
            for fault in self.faults:
                if re.search(fault.pattern, line):
                    fault.times -= 1
                    if not fault.times:
                        self.faults.remove(fault)
                    return fault.act
        return None

    def answer(self, connection: Connection, path: str) -> Answer:
        sent = connection.headers.get("Authorization", "")
        if not self.lets_in(sent):
            realm = f"{self.scheme}://{self.host}/token"
            challenge = f'Bearer realm="{realm}",service="fake"'
            basic = 'Basic realm="fake"'
            headers = {"WWW-Authenticate": basic if self.login == "basic" else challenge}
            return registry_error(401, "UNAUTHORIZED", headers)
        for method, pattern, give in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and re.fullmatch(method, connection.command):
                return give(self, connection, *match.groups())
        return registry_error(404, "NAME_UNKNOWN")

    def lets_in(self, sent: str) -> bool:
        if self.login == "bearer":
            return sent.removeprefix("Bearer ") in self.tokens
        return not self.login or sent == self.basic

    def give_token(self, connection: Connection, _: str) -> Answer:
        if connection.headers.get("Authorization", self.basic) != self.basic:
            return registry_error(401, "UNAUTHORIZED")
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        answer = {"token": token, "expires_in": self.token_seconds}
        return Answer(status=200, body=json.dumps(answer).encode())

    def get_manifest(self, _: Connection, target: str) -> Answer:
        if self.reads != 200:
            return registry_error(self.reads, "DENIED")
        if target not in self.manifests:
            return registry_error(404, "MANIFEST_UNKNOWN")
        media_type, content = self.manifests[target]
        return Answer(status=200, headers={"Content-Type": media_type}, body=content)

    def put_manifest(self, connection: Connection, target: str) -> Answer:
        content = b"".join(connection.body)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.manifests[target] = connection.headers["Content-Type"], content
        self.manifests[digest] = self.manifests[target]
        headers = {"Docker-Content-Digest": digest}
        subject = json.loads(content).get("subject")
        if subject and self.knows_referrers:
            headers["OCI-Subject"] = subject["digest"]
        return Answer(status=201, headers=headers)

    def get_referrers(self, _: Connection, digest: str) -> Answer:
        if not self.knows_referrers:
            return registry_error(404, "NOT_FOUND")
        manifests = []
        for target, (media_type, content) in self.manifests.items():
            document = json.loads(content)
            if ":" in target and document.get("subject", {}).get("digest") == digest:
                kind = document.get("artifactType") or document["config"]["mediaType"]
                manifests.append(descriptor(content, media_type, artifactType=kind))
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        headers = {"Content-Type": OCI_INDEX}
        return Answer(status=200, headers=headers, body=json.dumps(index).encode())

    def get_blob(self, connection: Connection, digest: str) -> Answer:
        blob = self.blobs.get(digest)
        if blob is None:
            return registry_error(404, "BLOB_UNKNOWN")
        match = re.fullmatch(r"bytes=(\d+)-", connection.headers.get("Range", ""))
        if not match or not self.knows_ranges:
            return Answer(status=200, body=blob)
        start = int(match[1])
        told = f"bytes {start}-{len(blob) - 1}/{len(blob)}"
        return Answer(status=206, headers={"Content-Range": told}, body=blob[start:])

    def start_upload(self, connection: Connection) -> Answer:
        for _ in connection.body:
            pass
        name = f"upload-{next(self.numbers)}"
        self.open_uploads[name] = bytearray()
        return Answer(status=202, headers={"Location": self.location(name)})

    def patch_upload(self, connection: Connection, name: str) -> Answer:
        if name not in self.open_uploads:
            return registry_error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.uploads == "monolithic":
            return registry_error(405, "UNSUPPORTED")
        body = b"".join(connection.body)
        with self.lock:  # it may have been ended meanwhile
            if name in self.open_uploads:
                self.open_uploads[name] += body
        return Answer(status=202, headers={"Location": self.location(name)})

    def put_upload(self, connection: Connection, name: str) -> Answer:
        if name not in self.open_uploads:
            return registry_error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.uploads == "chunked" and int(connection.headers.get("Content-Length", 0)):
            return registry_error(405, "UNSUPPORTED")
        content = bytes(self.open_uploads[name]) + b"".join(connection.body)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if [digest] != parse_qs(urlsplit(connection.path).query)["digest"]:
            return registry_error(400, "DIGEST_INVALID")
        with self.lock:
            if self.open_uploads.pop(name, None) is not None:
                self.blobs[digest] = content
        return Answer(status=201)

    def delete_upload(self, _: Connection, name: str) -> Answer:
        with self.lock:
            self.open_uploads.pop(name, None)
        return Answer(status=204)

    def location(self, name: str) -> str:
        path = f"/v2/sr/blobs/uploads/{name}?_state=secret-state"
        is_relative = self.locations == "relative"
        return path if is_relative else f"{self.scheme}://{self.host}{path}"


_UPLOAD = "/v2/sr/blobs/uploads/([^/]+)"
_BLOB = "/v2/[^/]+(?:/[^/]+)?/blobs/(sha256:[^/]+)"
_MANIFEST = "/v2/[^/]+(?:/[^/]+)?/manifests/([^/]+)"
_REFERRERS = "/v2/[^/]+(?:/[^/]+)?/referrers/(sha256:[^/]+)"
ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", "/v2/", lambda *_: Answer(status=200)),
    ("GET|HEAD", _MANIFEST, FakeRegistry.get_manifest),
    ("PUT", _MANIFEST, FakeRegistry.put_manifest),
    ("GET", _REFERRERS, FakeRegistry.get_referrers),
    ("GET|HEAD", _BLOB, FakeRegistry.get_blob),
    ("POST", "/v2/sr/blobs/uploads/", FakeRegistry.start_upload),
    ("PATCH", _UPLOAD, FakeRegistry.patch_upload),
    ("PUT", _UPLOAD, FakeRegistry.put_upload),
    ("DELETE", _UPLOAD, FakeRegistry.delete_upload),
)


@contextmanager
def fake_registry(certificate: Certificate | None = None, **options: Any) -> Iterator[FakeRegistry]:
    """Run a registry on loopback, over TLS with a certificate."""
    with FakeRegistry(**options).served(certificate) as registry:
        server = registry.server
        assert server
        if registry.window:
            server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, registry.window)
        registry.scheme = "https" if certificate else "http"
        registry.host = f"{registry.host or '127.0.0.1'}:{server.server_port}"
        yield registry
