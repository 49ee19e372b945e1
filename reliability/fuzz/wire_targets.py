"""Targets that are more than a function: archives, HTTP on the wire, requests to the handler.

As those of `targets`: each takes bytes, and anything that it raises is a finding.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

import response_url
from archives import Remote
from cdk_lightsail_containers_handler import main
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.errors import RegistryError
from cdk_lightsail_containers_handler.registry.found_image import find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connection, Connections
from cdk_lightsail_containers_handler.registry.http.response import BROKEN
from cdk_lightsail_containers_handler.registry.url import Origin
from fake_time import FakeTime
from world.environment import Context

from .targets import TARGETS, hold, read_json

_IDS = ("StackId", "RequestId", "LogicalResourceId")
_LARGEST_ANSWER = 4096
_LARGEST_BODY = 4096


def check_archive(content: bytes) -> None:
    """Check that an archive is read, with all that its manifest names, or refused."""
    archive = Archive(Remote(content))
    buffer = memoryview(bytearray(1000))
    try:
        for blob in find_image(archive).manifest.blobs:
            reader = archive.open_blob(blob)
            left = blob.size
            while count := reader.readinto(buffer):
                left -= count
            hold("a file has no more than its size", left >= 0)
    except RegistryError as error:
        hold("the error is one line", str(error).isprintable())


def check_http(method: str, answer: bytes) -> None:
    """Check that any bytes are read as an answer or as none, and that this comes to an end."""
    ours, theirs = socket.socketpair()
    with ours, theirs, Connections() as connections:
        threading.Thread(target=_send, args=(theirs, answer)).start()
        connection = Connection(Origin.of_registry("127.0.0.1:1"), ours, connections)
        connection.wire.deadline = FakeTime().deadline(60)
        try:
            connection.send_head(method, "/v2/", {})
            response = connection.answer()
            response.header("Location")
            response.headers("WWW-Authenticate")
            body = response.read(_LARGEST_BODY)
        except (*BROKEN, RegistryError):
            return
        hold("a body has a limit", len(body) <= _LARGEST_BODY + 1)


def check_event(event: Any) -> None:
    """Check that a request is answered once, or refused with a sentence on what it is not."""
    with response_url.response_url() as response, _network_of(response.url):
        if isinstance(event, dict) and isinstance(event.get("ResponseURL"), str):
            event = {**event, "ResponseURL": response.url}
        time = FakeTime()
        handler = main.make_handler(lambda *_, **__: _Refusing(), time.clock, time.sleep)
        try:
            handler(event, Context(time, 300))
        except ValueError as error:
            hold(f"unforeseen {error!r}", str(error).startswith("not a request of Cloud"))
            hold("what is refused is not answered", not response.bodies)
            return
        check_answers(event, response.bodies)


def check_answers(event: Any, bodies: list[bytes]) -> None:
    """Check that a request was answered once, as CloudFormation wants it."""
    hold("it is answered once", len(bodies) == 1)
    answer = json.loads(bodies[0])
    hold("it is short enough", len(bodies[0]) <= _LARGEST_ANSWER)
    hold("it names its request", all(answer[name] == event[name] for name in _IDS))
    hold("it has a status", answer["Status"] in {"SUCCESS", "FAILED"})
    hold("a failure has a reason", answer["Status"] == "SUCCESS" or bool(answer["Reason"]))
    physical_id = answer["PhysicalResourceId"]
    hold("it has an id", isinstance(physical_id, str) and 0 < len(physical_id) <= 1024)  # noqa: PLR2004 - CloudFormation's
    reason = answer.get("Reason", "")
    hold(f"unforeseen: {reason}", not reason.startswith("unexpected"))


class _Refusing:
    """A client of AWS whose calls are all refused."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def refuse(**_: object) -> None:
            raise ClientError({"Error": {"Code": "InvalidInputException"}}, operation)

        return refuse


@contextlib.contextmanager
def _network_of(url: str) -> Iterator[None]:
    """Let nothing be reached but one port of this machine."""
    real = socket.getaddrinfo
    port = int(url.split("/")[2].rpartition(":")[2])

    def resolve(host: Any, to: Any, *more: Any, **options: Any) -> Any:
        if (host, to) != ("127.0.0.1", port):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(host, to, *more, **options)

    socket.getaddrinfo = resolve  # type: ignore[assignment]
    try:
        yield
    finally:
        socket.getaddrinfo = real


def _send(theirs: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):
        theirs.sendall(content)
        theirs.shutdown(socket.SHUT_WR)


def _event(data: bytes) -> None:
    if (event := read_json(data)) is not None:
        check_event(event)


ALL: dict[str, Callable[[bytes], None]] = {
    **TARGETS,
    "archive": check_archive,
    "event": _event,
    "http": lambda data: check_http("HEAD" if data[:1] == b"H" else "GET", data[1:]),
}
