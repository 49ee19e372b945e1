"""Sentences for the owner of the stack."""

import json

import pytest

from cdk_lightsail_containers_handler.errors import HandlerError, Unfinished
from cdk_lightsail_containers_handler.mask import Mask

SECRET = "Xq7#vZkW2jR9"
MASK = Mask()
MASK.hide(SECRET)


def test_says_the_problem_and_then_the_fix() -> None:
    error = HandlerError("container service 'shop' does not exist", "create it")

    assert error.sentence(MASK) == "container service 'shop' does not exist: create it"


def test_says_what_others_say_before_the_fix() -> None:
    error = HandlerError("Lightsail refused it", "correct it", said="Port 0\nis not valid.")

    assert error.sentence(MASK) == "Lightsail refused it: Port 0 is not valid: correct it"


def test_says_what_others_say_alone_where_they_say_it_all() -> None:
    assert HandlerError("", "try again later", said="no").sentence(MASK) == "no: try again later"


def test_shortens_a_long_problem_and_never_the_fix() -> None:
    sentence = HandlerError("x" * 1000, "create it").sentence(MASK)

    assert len(sentence) == 240
    assert sentence.endswith("...: create it")


def test_gives_a_longer_problem_the_room_that_it_is_given() -> None:
    error = HandlerError("no", "create it", said="x" * 1000, limit=800)

    assert len(error.sentence(MASK)) == 800


def test_counts_the_bytes_of_the_answer() -> None:
    sentence = HandlerError("ü" * 1000, "create it").sentence(MASK)

    assert 230 < len(json.dumps(sentence)) <= 242


def test_is_one_line_without_what_steers_a_terminal() -> None:
    said = "got '\x1b[31mred\x1b[0m'\r\n and\u202e more"

    assert HandlerError(said, "fix").sentence(MASK) == "got 'red' and more: fix"
    assert HandlerError("no", "fix", said=said).sentence(MASK) == "no: got 'red' and more: fix"


@pytest.mark.parametrize("before", range(200, 240))
def test_hides_a_secret_wherever_it_is_cut(before: int) -> None:
    error = HandlerError("no", "fix", said=f"{'-' * before}{SECRET} is not valid")

    sentence = error.sentence(MASK)

    assert "Xq" not in sentence
    assert len(sentence) <= 240


def test_hides_secrets_in_the_words_of_others_alone() -> None:
    mask = Mask()
    mask.hide("shop")

    sentence = HandlerError("no service 'shop'", "make shop", said="shop?").sentence(mask)

    assert sentence == "no service 'shop': ***?: make shop"


@pytest.mark.parametrize("kind", [HandlerError, Unfinished])
def test_holds_only_words_of_ours_until_it_is_shown(kind: type[HandlerError]) -> None:
    error = kind("Lightsail refused it", "correct it", said=f"{SECRET} is not valid")

    assert str(error) == "Lightsail refused it: correct it"
    assert SECRET not in repr(error)
