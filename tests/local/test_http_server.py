"""The HTTP server under the API and the registry, where clients misbehave."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing

import pytest

from lightsail_local.wire.http_server import Answer, Connection, LoopbackServer


@pytest.fixture
def echo() -> Iterator[LoopbackServer]:
    """A server that answers what it was sent."""

    def respond(connection: Connection) -> None:
        connection.send(Answer(status=200, body=b"".join(connection.body)))

    server = LoopbackServer(0, respond)
    yield server
    server.close()


def talk(server: LoopbackServer, *requests: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as connection:
        for request in requests:
            connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_reads_a_body_by_its_length(echo: LoopbackServer) -> None:
    answer = talk(echo, b"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nhello")


def test_reads_a_body_in_chunks(echo: LoopbackServer) -> None:
    answer = talk(
        echo,
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhe\r\n3;name=value\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
    )

    assert answer.endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:4567"])
def test_answers_to_the_names_of_this_computer(echo: LoopbackServer, host: str) -> None:
    answer = talk(echo, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::1", "x:y"])
def test_carries_nothing_out_for_a_page_whose_name_leads_here(host: str) -> None:
    asked = []
    server = LoopbackServer(0, asked.append)
    try:
        answer = talk(server, f"POST / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    finally:
        server.close()

    assert answer.startswith(b"HTTP/1.1 421 ")
    assert asked == []


def test_tells_a_client_that_waits_to_go_on(echo: LoopbackServer) -> None:
    head = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"

    assert talk(echo, head, b"hello").startswith(b"HTTP/1.1 100 Continue\r\n")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel",
        b"PUT / HTTP/1.1\r\nContent-Length: five\r\n\r\nhello",
        b"PUT / HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nhello\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_gives_up_a_connection_whose_body_makes_no_sense(
    echo: LoopbackServer, request_bytes: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    assert talk(echo, request_bytes) == b""
    assert capfd.readouterr() == ("", "")


def test_reads_an_unexpected_body_before_the_next_request() -> None:
    server = LoopbackServer(0, lambda connection: connection.send(Answer(status=204)))
    request = b"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"

    answer = talk(server, request, request)
    server.close()

    assert answer.count(b"HTTP/1.1 204 ") == 2
    assert b"Content-Length" not in answer


@pytest.mark.parametrize("gone", [ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError])
def test_is_silent_about_a_client_that_goes_away(
    gone: type[OSError], capfd: pytest.CaptureFixture[str]
) -> None:
    def respond(connection: Connection) -> None:
        raise gone

    server = LoopbackServer(0, respond)

    assert talk(server, b"GET / HTTP/1.1\r\n\r\n") == b""
    server.close()
    assert capfd.readouterr() == ("", "")


def test_shows_mistakes_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    def respond(connection: Connection) -> None:
        raise ZeroDivisionError

    server = LoopbackServer(0, respond)

    assert talk(server, b"GET / HTTP/1.1\r\n\r\n") == b""
    server.close()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_what_it_answers_can_be_changed_or_taken_over() -> None:
    def respond(connection: Connection) -> None:
        def take_over(answer: Answer) -> None:
            connection.wfile.write(b"HTTP/1.1 201 \r\nContent-Length: 0\r\n\r\n")
            assert answer.status == 200

        def change(answer: Answer) -> Answer:
            return Answer(status=answer.status + 2)

        connection.on_answer = take_over if connection.path == "/taken" else change
        connection.send(Answer(status=200, body=b"hello"))

    server = LoopbackServer(0, respond)
    with closing(server):
        taken = talk(server, b"GET /taken HTTP/1.1\r\n\r\n")
        changed = talk(server, b"GET / HTTP/1.1\r\n\r\n")

    assert taken.startswith(b"HTTP/1.1 201 ")
    assert changed.startswith(b"HTTP/1.1 202 ")
    assert b"hello" not in taken + changed
