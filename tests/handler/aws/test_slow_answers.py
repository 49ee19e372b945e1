"""Calls that take longer than they may, in real time: each is bounded as a whole."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest

from cdk_lightsail_containers_handler import main, resources
from cdk_lightsail_containers_handler.deadline import TooLate, in_time
from cdk_lightsail_containers_handler.errors import Unanswered
from lightsail_local.wire.http_server import Connection, LoopbackServer
from stack_requests import STACK_ID, Handler, Stack

REGISTER = "RegisterContainerImage"
# The deadline of 30 s before the end, and what the calls before it may take on a busy machine. Less
# than 15 s, so that none is left after a call that takes them all.
SECONDS = 44.0
# Longer than anything may be waited for; what goes on so long ends with its server.
ENDLESS = 60.0


class RealTime:
    """The time of the machine."""

    @property
    def now(self) -> float:
        return time.monotonic()


class Context:
    """What AWS Lambda says of an invocation that takes real time."""

    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:handler"

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))


def drip(connection: Connection, answer: bytes, seconds: float) -> None:
    """Send an answer byte by byte, so that no single read takes long."""
    count = 20
    for number in range(count):
        connection.wfile.write(answer[number : number + 1])
        connection.wfile.flush()
        connection.server.stopping.wait(seconds / count)
    connection.wfile.write(answer[count:])
    connection.wfile.flush()


@contextmanager
def slow_lightsail(stack: Stack, seconds: float) -> Iterator[str]:
    """Run what passes on to Lightsail, and answers a registration slowly."""

    def respond(connection: Connection) -> None:
        body = b"".join(connection.body)
        host = stack.lightsail.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(host)) as lightsail:
            sent = {k: v for k, v in connection.headers.items() if k.lower() != "host"}
            lightsail.request("POST", "/", body, sent)
            answer = lightsail.getresponse()
            content = answer.read()
        head = f"HTTP/1.1 {answer.status} -\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        is_slow = connection.headers["X-Amz-Target"].endswith(REGISTER)
        drip(connection, head + content, seconds if is_slow else 0.0)

    with closing(LoopbackServer(0, respond)) as server:
        yield f"http://{server.host}"


def handler_of(stack: Stack, lightsail_url: str) -> Handler:
    """Return a handler in real time, as a cold start makes it."""

    def make_client(service: str, **options: Any) -> Any:
        url = stack.cloudformation.url if service == "cloudformation" else lightsail_url
        return boto3.client(service, endpoint_url=url, config=resources.CLIENT_CONFIG, **options)

    return main.make_handler(make_client)


def test_a_registration_that_drips_beyond_its_time_is_not_answered_as_failed(
    stack: Stack,
) -> None:
    event = stack.request("Create")
    with slow_lightsail(stack, ENDLESS) as url:
        began = time.monotonic()
        with pytest.raises(Unanswered, match="no answer in 15 s"):
            handler_of(stack, url)(event, Context(SECONDS))
        # It is given up before the timer would answer, 15 s before the end.
        assert time.monotonic() - began < SECONDS - 15
    assert stack.response.answers == []

    handler_of(stack, stack.lightsail.url)(event, Context(60))

    assert stack.response.answer["PhysicalResourceId"] == ":shop.web.1"
    assert stack.images() == [":shop.web.1"]


def test_a_registration_that_drips_and_leaves_time_to_look_is_found(stack: Stack) -> None:
    with slow_lightsail(stack, ENDLESS) as url:
        handler_of(stack, url)(stack.request("Create"), Context(90))

    assert stack.response.answer["PhysicalResourceId"] == ":shop.web.1"
    assert stack.images() == [":shop.web.1"]


def test_a_name_that_is_not_resolved_takes_no_longer_than_a_call(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    end = threading.Event()

    def stall(host: Any, *more: Any, **options: Any) -> Any:
        if host == "lightsail.test":
            end.wait(ENDLESS)
            raise socket.gaierror("try again")
        return resolve(host, *more, **options)

    monkeypatch.setattr("socket.getaddrinfo", stall)
    stack.is_dated = False  # for the function it is not 1970
    began = time.monotonic()

    handler_of(stack, "http://lightsail.test")(stack.request("Create"), Context(SECONDS))
    end.set()

    assert time.monotonic() - began < SECONDS - 14
    assert stack.response.answer["Status"] == "FAILED"
    assert "Lightsail did not answer GetContainerImages" in stack.response.answer["Reason"]


def test_an_answer_whose_reply_drips_is_put_again(stack: Stack) -> None:
    drips = [True]

    def respond(connection: Connection) -> None:
        body = b"".join(connection.body)
        stack.response.taken.append(body)
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        drip(connection, reply, ENDLESS if drips and drips.pop() else 0)

    with closing(LoopbackServer(0, respond)) as server:
        event = stack.request("Create")
        event["ResponseURL"] = f"http://{server.host}/answer?X-Amz-Signature=5ec4e7"
        began = time.monotonic()
        handler_of(stack, stack.lightsail.url)(event, Context(60))

    assert time.monotonic() - began < ENDLESS
    first, second = stack.response.answers
    assert first == second
    assert first["StackId"] == STACK_ID


@pytest.mark.parametrize("error", [TimeoutError("of its own"), ValueError("no")])
def test_what_a_call_raises_is_raised(error: Exception) -> None:
    def act() -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        in_time(act, 5)


def test_what_has_not_ended_is_too_late() -> None:
    end = threading.Event()

    with pytest.raises(TooLate, match=r"no answer in 0\.1 s"):
        in_time(end.wait, 0.1)

    end.set()
