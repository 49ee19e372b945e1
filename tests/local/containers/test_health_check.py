from __future__ import annotations

import pytest

from lightsail_local.containers.health_check import check_health, is_success
from lightsail_local.wire.http_server import Answer, LoopbackServer

CHECK = {"path": "/health", "successCodes": "200-299", "timeoutSeconds": 60}


@pytest.mark.parametrize(
    ("codes", "good", "bad"),
    [("200", 200, 201), ("200,301", 301, 300), ("200-299", 299, 300), ("200-204,404", 404, 205)],
)
def test_success_codes_are_single_ones_lists_and_ranges(codes: str, good: int, bad: int) -> None:
    assert is_success(good, codes)
    assert not is_success(bad, codes)


@pytest.mark.parametrize(
    ("status", "health"), [(200, ("healthy", "200")), (503, ("unhealthy", "503"))]
)
def test_its_path_is_asked(status: int, health: tuple[str, str]) -> None:
    asked = []

    def respond(connection: object) -> None:
        asked.append(connection.path)  # type: ignore[attr-defined]
        connection.send(Answer(status=status))  # type: ignore[attr-defined]

    server = LoopbackServer(0, respond)
    try:
        assert check_health(server.server_port, CHECK) == health
    finally:
        server.close()
    assert asked == ["/health"]


def test_a_path_may_have_any_characters() -> None:
    asked = []

    def respond(connection: object) -> None:
        asked.append(connection.path)  # type: ignore[attr-defined]
        connection.send(Answer(status=200))  # type: ignore[attr-defined]

    server = LoopbackServer(0, respond)
    try:
        for path in ("/gesundheit/größe", "/a b", "/a%20b?c=d&e='f'"):
            assert check_health(server.server_port, {**CHECK, "path": path})[0] == "healthy"
    finally:
        server.close()
    assert asked == ["/gesundheit/gr%C3%B6%C3%9Fe", "/a%20b", "/a%20b?c=d&e='f'"]


def test_one_that_does_not_answer_in_time_is_unhealthy() -> None:
    server = LoopbackServer(0, lambda connection: connection.hang(None))
    try:
        health = check_health(server.server_port, {**CHECK, "timeoutSeconds": 0.2})
    finally:
        server.close()
    assert health == ("unhealthy", "no answer in 0.2 seconds")


def test_one_that_does_not_listen_or_ends_the_connection_is_silent() -> None:
    silent = ("silent", "does not listen")
    server = LoopbackServer(0, lambda connection: connection.reset())
    try:
        assert check_health(server.server_port, CHECK) == silent
    finally:
        server.close()
    assert check_health(server.server_port, CHECK) == silent
