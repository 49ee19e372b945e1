"""A registry in memory that does wrong on the wire what a test orders."""

import base64
import hashlib
import itertools
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

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


Act = Callable[["Handler"], bool | None]
"""Does something to a request; the registry goes on with it unless this returns True."""


@dataclass(kw_only=True)
class Fault:
    """What happens to the next requests whose `METHOD path?query` matches."""

    pattern: str
    act: Act
    times: int = 1


@dataclass(kw_only=True, eq=False)
class FakeRegistry:
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
    connections: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.stopping = threading.Event()
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
        """Answer a request that came to another server, such as one behind a gate."""
        _Forwarded(self, connection).respond()

    def fault(self, line: str) -> Act | None:
        with self.lock:
            for fault in self.faults:
                if re.search(fault.pattern, line):
                    fault.times -= 1
                    if not fault.times:
                        self.faults.remove(fault)
                    return fault.act
        return None


class Handler(BaseHTTPRequestHandler):
    """A connection to the registry."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    @property
    def registry(self) -> FakeRegistry:
        return self.server.registry

    def respond(self) -> None:
        registry = self.registry
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.left = int(self.headers.get("Content-Length", 0))
        registry.seen.append(
            Seen(method=self.command, path=self.path, headers=dict(self.headers.items()))
        )
        act = registry.fault(f"{self.command} {self.path}")
        if act is not None and act(self):
            return
        if url.path == "/token":
            self.give_token()
        elif self.is_let_in():
            self.route(url.path)

    def route(self, path: str) -> None:
        for method, pattern, answer in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and re.fullmatch(method, self.command):
                answer(self, *match.groups())
                return
        self.error(404, "NAME_UNKNOWN")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

    def is_let_in(self) -> bool:
        sent, login = self.headers.get("Authorization", ""), self.registry.login
        if not login or (login == "basic" and sent == self.registry.basic):
            return True
        if login == "bearer" and sent.removeprefix("Bearer ") in self.registry.tokens:
            return True
        realm = f"{self.registry.scheme}://{self.registry.host}/token"
        challenge = f'Bearer realm="{realm}",service="fake"'
        self.error(
            401,
            "UNAUTHORIZED",
            {"WWW-Authenticate": 'Basic realm="fake"' if login == "basic" else challenge},
        )
        return False

    def give_token(self) -> None:
        if self.headers.get("Authorization", self.registry.basic) != self.registry.basic:
            return self.error(401, "UNAUTHORIZED")
        token = f"token-{len(self.registry.tokens)}"
        self.registry.tokens.add(token)
        answer = {"token": token, "expires_in": self.registry.token_seconds}
        return self.answer(200, {}, json.dumps(answer).encode())

    def get_manifest(self, target: str) -> None:
        if self.registry.reads != 200:
            return self.error(self.registry.reads, "DENIED")
        if target not in self.registry.manifests:
            return self.error(404, "MANIFEST_UNKNOWN")
        media_type, content = self.registry.manifests[target]
        return self.answer(200, {"Content-Type": media_type}, content)

    def put_manifest(self, target: str) -> None:
        content = self.body()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.registry.manifests[target] = self.headers["Content-Type"], content
        self.registry.manifests[digest] = self.registry.manifests[target]
        headers = {"Docker-Content-Digest": digest}
        subject = json.loads(content).get("subject")
        if subject and self.registry.knows_referrers:
            headers["OCI-Subject"] = subject["digest"]
        return self.answer(201, headers)

    def get_referrers(self, digest: str) -> None:
        if not self.registry.knows_referrers:
            return self.error(404, "NOT_FOUND")
        manifests = []
        for target, (media_type, content) in self.registry.manifests.items():
            document = json.loads(content)
            if ":" in target and document.get("subject", {}).get("digest") == digest:
                kind = document.get("artifactType") or document["config"]["mediaType"]
                manifests.append(descriptor(content, media_type, artifactType=kind))
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        return self.answer(200, {"Content-Type": OCI_INDEX}, json.dumps(index).encode())

    def get_blob(self, digest: str) -> None:
        blob = self.registry.blobs.get(digest)
        if blob is None:
            return self.error(404, "BLOB_UNKNOWN")
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not match or not self.registry.knows_ranges:
            return self.answer(200, {}, blob)
        start = int(match[1])
        told = f"bytes {start}-{len(blob) - 1}/{len(blob)}"
        return self.answer(206, {"Content-Range": told}, blob[start:])

    def start_upload(self) -> None:
        self.body()
        name = f"upload-{next(self.registry.numbers)}"
        self.registry.open_uploads[name] = bytearray()
        return self.answer(202, {"Location": self.location(name)})

    def patch_upload(self, name: str) -> None:
        if name not in self.registry.open_uploads:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.registry.uploads == "monolithic":
            return self.error(405, "UNSUPPORTED")
        body = self.body()
        with self.registry.lock:  # it may have been ended meanwhile
            if name in self.registry.open_uploads:
                self.registry.open_uploads[name] += body
        return self.answer(202, {"Location": self.location(name)})

    def put_upload(self, name: str) -> None:
        if name not in self.registry.open_uploads:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.left and self.registry.uploads == "chunked":
            return self.error(405, "UNSUPPORTED")
        content = bytes(self.registry.open_uploads[name]) + self.body()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if digest != self.query["digest"]:
            return self.error(400, "DIGEST_INVALID")
        with self.registry.lock:
            if self.registry.open_uploads.pop(name, None) is not None:
                self.registry.blobs[digest] = content
        return self.answer(201, {})

    def delete_upload(self, name: str) -> None:
        with self.registry.lock:
            self.registry.open_uploads.pop(name, None)
        return self.answer(204, {})

    def location(self, name: str) -> str:
        path = f"/v2/sr/blobs/uploads/{name}?_state=secret-state"
        is_relative = self.registry.locations == "relative"
        return path if is_relative else f"{self.registry.scheme}://{self.registry.host}{path}"

    def body(self) -> bytes:
        content = bytearray()
        while self.left:
            piece = self.rfile.read(min(self.left, 64 << 10))
            if not piece:
                raise ConnectionAbortedError("the request ended before its body did")
            self.left -= len(piece)
            content += piece
        return bytes(content)

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.body()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204 and "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": f"so says {code}"}]}).encode()
        self.answer(status, headers or {}, body)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


class _Forwarded(Handler):
    """A request that came to another server."""

    def __init__(self, registry: FakeRegistry, connection: Connection) -> None:
        self._registry, self._connection = registry, connection
        self.command, self.path = connection.command, connection.path
        self.headers = connection.headers

    @property
    def registry(self) -> FakeRegistry:
        return self._registry

    def body(self) -> bytes:
        return b"".join(self._connection.body)

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self._connection.send(Answer(status=status, headers=headers, body=body))


_UPLOAD = "/v2/sr/blobs/uploads/([^/]+)"
_BLOB = "/v2/[^/]+(?:/[^/]+)?/blobs/(sha256:[^/]+)"
_MANIFEST = "/v2/[^/]+(?:/[^/]+)?/manifests/([^/]+)"
_REFERRERS = "/v2/[^/]+(?:/[^/]+)?/referrers/(sha256:[^/]+)"
ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("GET|HEAD", _MANIFEST, Handler.get_manifest),
    ("PUT", _MANIFEST, Handler.put_manifest),
    ("GET", _REFERRERS, Handler.get_referrers),
    ("GET|HEAD", _BLOB, Handler.get_blob),
    ("POST", "/v2/sr/blobs/uploads/", Handler.start_upload),
    ("PATCH", _UPLOAD, Handler.patch_upload),
    ("PUT", _UPLOAD, Handler.put_upload),
    ("DELETE", _UPLOAD, Handler.delete_upload),
)


class Server(ThreadingHTTPServer):
    """Serves a registry, and ends its connections when it is closed."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, registry: FakeRegistry, wrap: Callable[[socket.socket], socket.socket]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.registry = registry
        if registry.window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, registry.window)
        self.wrap = wrap
        self.open: set[socket.socket] = set()

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self.registry.lock:
            self.registry.connections += 1
        wrapped = self.wrap(request)
        self.open.add(wrapped)
        try:
            if self.registry.stopping.is_set():  # too late for server_close to know of it
                return
            super().finish_request(wrapped, client_address)
        finally:
            self.open.discard(wrapped)
            wrapped.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what is tested."""

    def server_close(self) -> None:
        self.registry.stopping.set()
        for connection in list(self.open):
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue
        super().server_close()


@contextmanager
def fake_registry(
    wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain, **options: Any
) -> Iterator[FakeRegistry]:
    """Run a registry on loopback."""
    registry = FakeRegistry(**options)
    with Server(registry, wrap) as server:
        registry.host = f"{registry.host or '127.0.0.1'}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()


def status(code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Act:
    """Answer a status, after the request's body."""

    def act(handler: Handler) -> bool:
        handler.answer(code, headers or {}, body)
        return True

    return act


def errors(code: int, name: str, message: str) -> Act:
    """Answer an error of the registry's."""
    body = json.dumps({"errors": [{"code": name, "message": message}]}).encode()
    return status(code, {}, body)


def reset(handler: Handler) -> bool:
    """Reset the connection before anything is read."""
    handler.reset()
    return True


def reset_after(handler: Handler) -> bool:
    """Do what is asked, and reset the connection instead of answering."""
    handler.answer = lambda *_: handler.reset()  # type: ignore[method-assign]
    return False


def cut(count: int, *, ends: Literal["reset", "close", "stall"] = "close") -> Act:
    """Promise a whole blob, and give only its beginning."""

    def act(handler: Handler) -> bool:
        blob = handler.registry.blobs[handler.path.rpartition("/")[2]]
        match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(match[1]) if match else 0
        headers = {"Content-Length": str(len(blob) - start)}
        if match:
            headers["Content-Range"] = f"bytes {start}-{len(blob) - 1}/{len(blob)}"
        handler.answer(206 if match else 200, headers, blob[start : start + count])
        if ends == "reset":
            time.sleep(0.05)
            handler.reset()
        if ends == "stall":
            handler.registry.stopping.wait(30)
        handler.close_connection = True
        return True

    return act


def early(code: int, headers: dict[str, str] | None = None, *, read: int = 0) -> Act:
    """Answer before the body is read, and close."""

    def act(handler: Handler) -> bool:
        handler.rfile.read(read)
        handler.left = 0
        handler.close_connection = True
        handler.answer(code, {"Connection": "close", **(headers or {})}, b"")
        handler.connection.shutdown(socket.SHUT_WR)
        # Reading on until the client ends it keeps the kernel from resetting the connection under
        # the answer.
        try:
            while handler.connection.recv(1 << 16):
                pass
        except OSError:
            pass
        return True

    return act
