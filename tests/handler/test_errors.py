"""Sentences for the owner of the stack."""

import json

from cdk_lightsail_containers_handler.errors import HandlerError


def test_says_the_problem_and_then_the_fix() -> None:
    error = HandlerError("container service 'shop' does not exist", "create it")

    assert str(error) == "container service 'shop' does not exist: create it"


def test_shortens_a_long_problem_and_never_the_fix() -> None:
    error = HandlerError("x" * 1000, "create it")

    assert len(str(error)) == 240
    assert str(error).endswith("...: create it")


def test_gives_a_longer_problem_the_room_that_it_is_given() -> None:
    error = HandlerError("x" * 1000, "create it", 800)

    assert len(str(error)) == 800


def test_counts_the_bytes_of_the_answer() -> None:
    error = HandlerError("ü" * 1000, "create it")

    assert 230 < len(json.dumps(str(error))) <= 242


def test_is_one_line_without_what_steers_a_terminal() -> None:
    error = HandlerError("got '\x1b[31mred\x1b[0m'\r\n and\u202e more", "create it")

    assert str(error) == "got 'red' and more: create it"
