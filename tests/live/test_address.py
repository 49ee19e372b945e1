import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from live.address import Reply, ask
from live.waiting import Waiting

import certificates
from fake_server import FakeTlsServer
from fake_time import FakeTime
from lightsail_local.wire.http_server import Answer, Connection

Answers = list[tuple[int, str]]
Serve = Callable[[Answers], tuple[str, ssl.SSLContext]]


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def waiting(time: FakeTime) -> Waiting:
    return Waiting(clock=time.clock, sleep=time.sleep)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve answers over TLS, the last of them again and again; return the URL and its trust."""
    made = certificates.certificate(tmp_path, "localhost")
    with ExitStack() as running:

        def serve(answers: Answers) -> tuple[str, ssl.SSLContext]:
            def respond(connection: Connection) -> None:
                status, text = answers.pop(0) if len(answers) > 1 else answers[0]
                connection.send(Answer(status=status, body=text.encode()))

            server = FakeTlsServer(
                respond, certificate=made.certificate, key=made.key, names="localhost"
            )
            running.enter_context(closing(server))
            trusted = ssl.create_default_context(cafile=made.certificate)
            return f"https://localhost:{server.server_port}/", trusted

        yield serve


def test_the_text_is_waited_for(serve: Serve, waiting: Waiting, time: FakeTime) -> None:
    url, trusted = serve([(404, "not yet"), (503, "not yet"), (200, "first"), (200, "second")])

    assert ask(url, "second", waiting, trusted) == Reply("answers 'second'", is_possible=True)
    assert len(time.slept) == 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, "first"), "answers 'first', not 'second'"),
        ((503, "busy"), "answers 503, not 'second'"),
    ],
)
def test_another_answer_is_wrong_in_the_end(
    serve: Serve, waiting: Waiting, answer: tuple[int, str], told: str
) -> None:
    url, trusted = serve([answer])

    assert ask(url, "second", waiting, trusted) == Reply(told, is_possible=False)


def test_an_address_that_is_not_reached_from_here_may_be_right(
    waiting: Waiting, time: FakeTime
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        reply = ask(f"https://127.0.0.1:{taken.getsockname()[1]}/", "first", waiting)

    assert "was not reached from here" in reply.text
    assert reply.is_possible
    assert time.slept == []


def test_who_is_not_trusted_is_not_asked(serve: Serve, waiting: Waiting) -> None:
    url, _ = serve([(200, "first")])

    assert "certificate" in ask(url, "first", waiting).text


def test_no_address_at_all_is_wrong(waiting: Waiting) -> None:
    assert not ask("", "first", waiting).is_possible
