import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from live.address import Address
from live.waiting import Waiting

import certificates
from fake_server import FakeTlsServer
from fake_time import FakeTime
from lightsail_local.wire.http_server import Answer, Connection

Answers = list[tuple[int, str]]


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def address(time: FakeTime, tmp_path: Path) -> Iterator[Callable[[Answers], Address]]:
    """Serve answers over TLS, the last of them again and again."""
    made = certificates.certificate(tmp_path, "localhost")
    with ExitStack() as running:

        def serve(answers: Answers) -> Address:
            def respond(connection: Connection) -> None:
                status, text = answers.pop(0) if len(answers) > 1 else answers[0]
                connection.send(Answer(status=status, body=text.encode()))

            server = FakeTlsServer(
                respond, certificate=made.certificate, key=made.key, names="localhost"
            )
            running.enter_context(closing(server))
            waiting = Waiting(clock=time.clock, sleep=time.sleep)
            trusted = ssl.create_default_context(cafile=made.certificate)
            return Address(f"https://localhost:{server.server_port}/", waiting, trusted)

        yield serve


def test_the_text_is_waited_for(address: Callable[[Answers], Address], time: FakeTime) -> None:
    reply = address([(404, "not yet"), (503, "not yet"), (200, "first"), (200, "second")]).reply(
        "second"
    )

    assert (str(reply), reply.is_possible) == ("answers 'second'", True)
    assert len(time.slept) == 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, "first"), "answers 'first', not 'second'"),
        ((503, "busy"), "answers 503, not 'second'"),
    ],
)
def test_another_answer_is_wrong_in_the_end(
    address: Callable[[Answers], Address], answer: tuple[int, str], told: str
) -> None:
    reply = address([answer]).reply("second")

    assert (str(reply), reply.is_possible) == (told, False)


def test_an_address_that_is_not_reached_from_here_may_be_right(time: FakeTime) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"https://127.0.0.1:{taken.getsockname()[1]}/"
        reply = Address(url, Waiting(clock=time.clock, sleep=time.sleep)).reply("first")

    assert "was not reached from here" in str(reply)
    assert reply.is_possible
    assert time.slept == []


def test_who_is_not_trusted_is_not_asked(
    address: Callable[[Answers], Address], time: FakeTime
) -> None:
    known = address([(200, "first")])
    stranger = Address(known._url, Waiting(clock=time.clock, sleep=time.sleep))

    assert "certificate" in str(stranger.reply("first"))


def test_no_address_at_all_is_wrong(time: FakeTime) -> None:
    reply = Address("", Waiting(clock=time.clock, sleep=time.sleep)).reply("first")

    assert not reply.is_possible
