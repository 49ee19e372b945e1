"""Secrets in strings that are shown."""

import json
import random
import re
import shlex
import string
import time
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_lightsail_containers_handler.mask import Mask

KEY = "-----BEGIN KEY-----\nTUlJRXZ\n  aGFsZg==\n-----END KEY-----"
SECRET = "Zk9+q2/8Xw==&x<y>'d4"
Writer = Callable[[str], str]


def masked(text: str, *secrets: str) -> str:
    mask = Mask()
    for secret in secrets:
        mask.hide(secret)
    return mask(text)


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def of_php(text: str) -> str:
    return in_json(text).replace("/", "\\/")


def of_dotnet(text: str) -> str:
    return "".join(
        in_json(one).upper().replace("U", "u")
        if not one.isascii()
        else f"\\u{ord(one):04X}"
        if one in "+<>&'\"`"
        else in_json(one)
        for one in text
    )


def of_go(text: str) -> str:
    return "".join(f"\\u{ord(one):04x}" if one in "<>&" else in_json(one) for one in text)


def escaped_throughout(text: str) -> str:
    units = text.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def percent_encoded_throughout(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def in_octal(text: str) -> str:
    return "".join(
        in_json(one) if one.isascii() else "".join(f"\\{byte:o}" for byte in one.encode())
        for one in text
    ).replace("'", "\\'")


WRITERS: dict[str, Writer] = {
    "as it is": str,
    "Python's json": in_json,
    "JSON without ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "PHP's json_encode": of_php,
    ".NET's System.Text.Json": of_dotnet,
    "Go's encoding/json": of_go,
    "JSON with an escape for everything": escaped_throughout,
    "JavaScript": lambda text: "".join(f"\\u{{{ord(one):X}}}" for one in text),
    "Python's repr of bytes": lambda text: repr(text.encode())[2:-1],
    "Python's ascii": lambda text: ascii(text)[1:-1],
    "a shell's trace": lambda text: text.replace("'", "'\\''"),
    "shlex.quote": lambda text: shlex.quote(f"{text} ")[1:-2],
    "a shell's trace in ASCII": in_octal,
    "a URL": lambda text: urllib.parse.quote(text, safe=""),
    "a URL's path": urllib.parse.quote,
    "a URL in lower case": percent_encoded_throughout,
    "a URL that is encoded in part": lambda text: urllib.parse.quote(text, safe="/:@!$'(),;=&ü€"),
    "a URL in a URL": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe="")),
    "a form": urllib.parse.quote_plus,
    "a line feed instead of a return": lambda text: text.replace("\r\n", "\n"),
    "colours": lambda text: f"{text[:2]}\x1b[31m{text[2:]}",
    "colours in JSON": lambda text: in_json(f"{text[:2]}\x1b[31m{text[2:]}"),
}
writers = st.lists(
    st.sampled_from(sorted(name for name in WRITERS if "colours" not in name)), max_size=3
)


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("hunter22", "the password is hunter22!", "the password is ***!"),
        ("hunter22", "hunter22hunter22", "******"),
        (KEY, f"read {KEY}", "read ***"),
        (KEY, "line TUlJRXZ and aGFsZg==", "line *** and ***"),
        ("one line\r\nanother", "another, one line", "***, ***"),
        ('say "so"', json.dumps({"line": 'say "so"'}), '{"line": "***"}'),
        ('{"password": "hunter22", "port": 1, "of": ["friend"]}', "hunter22 friend", "*** ***"),
        (json.dumps({"key": KEY}), "line TUlJRXZ and aGFsZg==", "line *** and ***"),
        ('["hunter22"', "hunter22", "hunter22"),
        ("", "nothing", "nothing"),
        ("\\n\\t\\n\\t", "four    spaces, \\n\\t\\n\\t", "four    spaces, ***"),
        ("80", "port 80", "port 80"),
        ('""""', 'an odd """" secret', "an odd *** secret"),
        ("night-pass/1", '"CORP\\\\night-pass\\/1"', '"CORP\\\\***"'),
        ("aaaa", "aaaaaa", "***"),
        ("p\u00adss", "p\u00adss", "***"),
        ("hunter22", "\\U0010ffffhunter22\\U99999999", "\\U0010ffff***\\U99999999"),
    ],
)
def test_shows_no_secret(secret: str, text: str, shown: str) -> None:
    assert masked(text, secret) == shown


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    "secret", [SECRET, 'a"b\\c-1234567', "pässwörd €uro 😀, so", "a%41b%c d\\n"]
)
def test_shows_no_secret_that_another_program_writes(secret: str, writer: str) -> None:
    written = WRITERS[writer](secret)

    shown = masked(f'{{"PASSWORD": "{written}", "MODE": "live"}}', secret)

    assert shown.strip("'").startswith('{"PASSWORD": "')
    assert "***" in shown
    assert shown.endswith('", "MODE": "live"}')
    assert len(shown) <= len('{"PASSWORD": "\'***\'", "MODE": "live"}') + 2


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Z")), min_size=6), writers)
def test_shows_no_secret_that_several_programs_wrote_one_after_the_other(
    secret: str, names: list[str]
) -> None:
    written = secret
    for name in names:
        written = WRITERS[name](written)

    shown = masked(f"before: {written} :after", secret)

    # A quote or a backslash may be left at its ends.
    quotes = r"\\+u\{?(?:0x)?(?:00)?(22|27|5[cC])\}?|%(?:25)*(?:22|27|5[cC])|['\"\\]"
    assert re.sub(quotes, "", shown) == "before: *** :after"


def test_shows_no_secret_in_json_in_json_in_json() -> None:
    line = SECRET
    for _ in range(5):
        line = json.dumps({"msg": line})

    shown = masked(line, SECRET)

    for _ in range(5):
        shown = json.loads(shown)["msg"]
    assert shown == "***"


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (["open", "open sesame"], "say open sesame", "say ***"),
        (["open sesame", "sesame street"], "open sesame street", "***"),
        (["hunter22", "r22-more"], "hunter22-more or hunter22", "*** or ***"),
        (["abcd", "cdef", "efgh"], "abcdefgh-cdef", "***-***"),
    ],
)
def test_leaves_nothing_of_secrets_that_overlap(secrets: list[str], text: str, shown: str) -> None:
    assert masked(text, *secrets) == shown


@pytest.mark.parametrize(
    "written", ["hun\x1b[1mter\x1b[0m22", "hunter\x08\x0822", "\u202ehunter22", "hun\u200bter22"]
)
def test_shows_no_secret_that_control_characters_interrupt(written: str) -> None:
    assert masked(f"password {written}.", "hunter22") == "password ***."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://shop:word@db:5432/x failed", "postgres://***@db:5432/x failed"),
        ('{"url":"https:\\/\\/a:b@c.d"}', '{"url":"https:\\/\\/***@c.d"}'),
        (
            "PUT https://b.s3.aws/key?X-Amz-Signature=1 (403), see /up?x",
            "PUT https://b.s3.aws/key?*** (403), see /up?x",
        ),
        ("is it at https://a.b/c?", "is it at https://a.b/c?***"),
        ("docker://web@sha256:12 of me@example.com", "docker://web@sha256:12 of me@example.com"),
    ],
)
def test_shows_neither_the_login_nor_the_query_of_an_address(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_shows_the_beginning_of_a_text_without_end_and_nothing_of_a_secret_at_the_cut() -> None:
    secret = "".join(random.Random(1).choices(string.ascii_letters, k=4000))  # noqa: S311
    text = f"{'-' * ((32 << 10) - 9)}{secret}{'-' * 100_000}"

    assert masked(text, secret) == f"{'-' * ((32 << 10) - 9)}***..."


@pytest.mark.parametrize(
    "text",
    [
        "\\" * (64 << 10),
        "\\u" * (32 << 10),
        "%25" * (22 << 10),
        "\\u0061" * (11 << 10),
        "://" * (22 << 10),
        "x" * (64 << 10),
        "a?" * (32 << 10),
    ],
    ids=lambda text: text[:6],
)
def test_takes_a_time_that_is_linear_for_strings_that_are_made_to_be_slow(text: str) -> None:
    secrets = ["x" * 40 + "y", *(f"{'x' * 40}{number}" for number in range(99))]
    began = time.process_time()

    masked(text, *secrets)

    assert time.process_time() - began < 3


def test_finds_a_hundred_secrets_in_a_text_that_is_made_of_their_beginnings() -> None:
    draw = random.Random(2)  # noqa: S311
    secrets = ["".join(draw.choices(string.printable, k=60)) for _ in range(100)]
    text = "".join(secret[:-1] for secret in secrets * 11) + secrets[50]
    began = time.process_time()

    shown = masked(text, *secrets)

    assert len(text) > 64_000
    assert secrets[50] not in shown
    assert time.process_time() - began < 3
