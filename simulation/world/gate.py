"""The gate before every server: each call gets a name, and one of them gets a fault."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from lightsail_local.wire.http_server import Answer, Connection, Respond

_BLOB = re.compile(r"sha256:[0-9a-f]{8}")
_SERVICES = {"AmazonSSM": "ssm", "AmazonEC2ContainerRegistry": "ecr"}
_UPLOAD = re.compile(r"/uploads/[^/?]+")


@dataclass(frozen=True, order=True)
class Call:
    """A call of the function, the same in each run.

    Args:
        server: who it is for.
        operation: what it asks for.
        number: which one of those it is, from 1.
    """

    server: str
    operation: str
    number: int

    def __str__(self) -> str:
        """Return the call as the command line takes it."""
        return f"{self.server}/{self.operation}/{self.number}"


Inject = Callable[[Call, Connection, Respond], None]
"""Does to a call what a fault does."""


@dataclass
class Gate:
    """Lets calls through, and writes down which.

    Attributes:
        calls: those that came since it was opened, in their order.
        inject: what happens to every call.
        is_open: whether the calls are those of the part of a scenario with the fault.
        answers_once: whether every connection ends with its answer.
    """

    calls: list[Call] = field(default_factory=list)
    inject: Inject | None = None
    is_open: bool = False
    answers_once: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[tuple[str, str]] = Counter()

    def __call__(self, server: str, connection: Connection, respond: Respond) -> None:
        """Let a call through, or inject a fault into it."""
        if not self.is_open:
            respond(connection)
            return
        with self._lock:
            service, operation = _name(server, connection)
            self._numbers[service, operation] += 1
            call = Call(service, operation, self._numbers[service, operation])
            self.calls.append(call)
        if self.answers_once:
            connection.on_answer = _last
        if self.inject:
            self.inject(call, connection, respond)
        else:
            respond(connection)


def _last(answer: Answer) -> Answer:
    """Return an answer with which its connection ends."""
    return Answer(
        status=answer.status,
        body=answer.body,
        headers={**answer.headers, "Connection": "close"},
        error=answer.error,
    )


def _name(server: str, connection: Connection) -> tuple[str, str]:
    """Return the service and the operation of a request, the same in each run."""
    target = connection.headers.get("X-Amz-Target", "")
    url = urlsplit(connection.path)
    if target:
        service, _, operation = target.partition(".")
        service = service.partition("_")[0]
        return _SERVICES.get(service, service.lower()), operation
    if server == "response":
        return server, "PUT"
    if server == "route53":
        is_change = connection.command == "POST"
        return server, "ChangeResourceRecordSets" if is_change else "ListResourceRecordSets"
    if server == "aws" and url.path == "/":  # the query protocol: the operation is in the body
        body = b"".join(connection.body)
        connection.body = iter((body,))
        return "cloudformation", parse_qs(body.decode())["Action"][0]
    if server == "aws":
        is_lambda = url.path.startswith("/2015-03-31")
        return ("lambda", "Invoke") if is_lambda else ("s3", f"GET {connection.headers['Range']}")
    digest = parse_qs(url.query).get("digest", [""])[0]
    blob = _BLOB.search(digest or url.path)
    kind = re.search(r"manifests|blobs|token|$", url.path)
    parts = [connection.command, kind[0] if kind else "", "upload" if _is_upload(url.path) else ""]
    if blob:
        parts.append(blob[0].removeprefix("sha256:"))
    elif kind and kind[0] == "manifests" and connection.command == "GET":
        parts.append(url.path.rpartition("/")[2])
    return server, " ".join(filter(None, parts))


def _is_upload(path: str) -> bool:
    return bool(_UPLOAD.search(path))
