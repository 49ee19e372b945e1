"""Text without what steers a terminal, and no longer than an answer has room for."""

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_lightsail_containers_handler.plain_text import plain, shortened, size

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to take out, über 😀", "nothing to take out, über 😀"),
        ("\x1b[31mERROR\x1b[0m no \x1b[1;38;5;196mdb\x1b[m", "ERROR no db"),
        ("\x9b31mERROR\x9b0m", "ERROR"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x1bPq#0\x1b\\\x1b^private\x1b\\\x1b_app\x9ctext", "text"),
        ("\x1b(B\x1b7\x1bctext\x1b#8", "text"),
        ("\x1b[2J\x1b[1;1Htext\x1b[31", "text"),
        ("an end \x1b", "an end "),
        ("an open string \x1b]0;title", "an open string 0;title"),
        ("panic\x08\x08\x00\x07\x7f\x84", "panic"),
        ("10 %\r100 %\r\ndone\x0b\x0c\x1c\x85\u2028\u2029", "10 %\n100 %\ndone\n\n\n\n\n\n"),
        ("a\tb\nc", "a\tb\nc"),
        (f"to{BIDI}gether", "together"),
        ("zero\u200b\u2060\ufeffwidth\U000e0041", "zerowidth"),
    ],
    ids=ascii,
)
def test_has_nothing_that_steers_a_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.sampled_from("\x1b[]P\\;0?m \x07\x08\r\n\x9b\x9c\x9d\u202e\u2028aü")))
def test_never_has_a_control_character(text: str) -> None:
    left = [unicodedata.category(character) for character in plain(text) if character not in "\n\t"]

    assert not {"Cc", "Cf", "Zl", "Zp"} & set(left)


@pytest.mark.parametrize("piece", ["\x1b", "\x1b]", "\x9d", "\x1b[0;", "\x9b ", "\x1b]x", "\r"])
def test_takes_a_time_that_is_linear_in_the_length(piece: str) -> None:
    began = time.process_time()

    plain(piece * (1 << 20))

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("fits", 4, "fits"),
        ("does not", 7, "does..."),
        ("üüü", 14, "ü..."),
        ("😀😀", 15, "😀..."),
        ('""""', 7, '""...'),
        ("none", 3, "..."),
        ("none", -1, "..."),
    ],
)
def test_is_cut_by_the_bytes_of_the_answer(text: str, room: int, shown: str) -> None:
    assert shortened(text, room) == shown


@given(st.text(), st.integers(3, 60))
def test_that_is_cut_fits(text: str, room: int) -> None:
    cut = shortened(text, room)

    assert size(cut) == len(json.dumps(cut)) - 2 <= room
