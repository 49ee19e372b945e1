"""Secrets, kept out of what is shown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .plain_text import CONTROL, LINE_END, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = "***"
# A shorter one is in any text, which would be unreadable without it, and is no secret.
_SHORTEST = 4
# Of a longer string only the beginning is shown. Twice as much is searched, so that a secret which
# goes on behind what is shown is found.
_LONGEST = 32 << 10
# How often a string may have been escaped, such as JSON in JSON in JSON.
_MOST_ESCAPES = 8

# Compiled by the first secret: it takes longer than all other expressions of the function together.
_ESCAPED = (
    r"\\(?:u\{(?P<braced>[0-9A-Fa-f]{1,6})\}|U(?P<long>[0-9A-Fa-f]{8})|u(?P<short>[0-9A-Fa-f]{4})"
    r"|x(?P<byte>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2})|(?P<letter>[^uUx0-9\x80-\U0010ffff]))"
    r"|%(?:25)*(?P<percent>[0-9A-Fa-f]{2})"
    # What the escapes of a single character may leave: the halves of UTF-16, the bytes of UTF-8.
    r"|(?P<halves>[\ud800-\udbff][\udc00-\udfff])"
    r"|(?P<bytes>[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
    rf"|(?P<end>{LINE_END})|(?P<control>{CONTROL})"
)
_LETTERS = {"b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
# JSON and shells put these into a string: ' as '\'' or '"'"', " as \" or \\\".
_QUOTING = frozenset("\\'\"")
# A form writes a space as +.
_SPACES = str.maketrans("+\n\t", "   ")

_USER_INFO = re.compile(r"(:\\*/\\*/)[^\s/@\\\"']*@(?!sha256:)")
_QUERY = re.compile(r"\?[^\s\"'<>]*")


class Mask:
    """Takes secrets, and what steers a terminal, out of words that come from elsewhere.

    A secret is found as it is, and as it is after JSON, a shell or a URL has escaped it, more than
    once or in part. Both are read back to what was escaped and compared there. This takes a time
    that is linear in the length of the text.

    Not for words of ours: a secret such as `live` would make them unreadable.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._read_secrets: set[str] = set()

    def hide(self, secret: str) -> None:
        """Replace a secret from here on, each line of it, and each string of one in JSON."""
        whole = plain(secret)
        for part in (whole, *whole.split("\n")):
            if len(text := part.strip()) >= _SHORTEST:
                self._secrets.add(text)
                readings = {_without_quoting(reading).text for reading in _readings(text)}
                self._read_secrets |= {one for one in readings if len(one.strip()) >= _SHORTEST}
        for string in _strings(secret):
            self.hide(string)

    def __call__(self, text: str) -> str:
        """Return words from elsewhere as they may be shown."""
        found = plain(text)[: 2 * _LONGEST]
        shown = _replaced(found, self._spans(found) if self._secrets else (), _LONGEST)
        return _without_credentials(shown)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where there are secrets."""
        for reading in _readings(text):
            yield from reading.find(self._secrets)
            yield from _without_quoting(reading).find(self._read_secrets)


@dataclass(frozen=True)
class _Reading:
    """One reading of what is written.

    Args:
        text: the text.
        starts: where each of its characters begins in what is written.
        ends: where it ends there.
    """

    text: str
    starts: list[int]
    ends: list[int]

    def find(self, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Yield where secrets are in what is written."""
        for secret in secrets:
            at = self.text.find(secret)
            while at >= 0:
                end = at + len(secret)
                yield self.starts[at], self.ends[end - 1]
                # It may begin again before it ends, such as aba in ababa.
                again = self.text.rfind(secret, at + 1, end + len(secret) - 1)
                at = again if again >= 0 else self.text.find(secret, end)


def _strings(document: str) -> Iterator[str]:
    """Yield the strings in a JSON object or list, none of another text."""
    try:
        found = [json.loads(document)] if document.lstrip().startswith(("{", "[")) else []
    except (ValueError, RecursionError):
        return
    while found:
        value = found.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            found += value.values() if isinstance(value, dict) else value


def _readings(text: str) -> Iterator[_Reading]:
    """Yield what is written as it is, and then with one layer of escapes less each time."""
    reading = _Reading(text, list(range(len(text))), list(range(1, len(text) + 1)))
    for _ in range(_MOST_ESCAPES):
        yield reading
        unescaped = _unescaped(reading)
        if unescaped.text == reading.text:
            return
        reading = unescaped
    yield reading


def _unescaped(reading: _Reading) -> _Reading:
    """Return a reading without the outermost escapes."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for escape in re.finditer(_ESCAPED, reading.text, re.DOTALL):
        first, last = escape.span()
        character = _meant(escape)
        parts += (reading.text[at:first], character)
        starts += reading.starts[at:first]
        ends += reading.ends[at:first]
        if character:
            starts.append(reading.starts[first])
            ends.append(reading.ends[last - 1])
        at = last
    parts.append(reading.text[at:])
    return _Reading("".join(parts), starts + reading.starts[at:], ends + reading.ends[at:])


def _meant(escape: re.Match[str]) -> str:
    """Return the character that an escape stands for, nothing for what steers a terminal."""
    kind = str(escape.lastgroup)
    written = escape[kind]
    if kind in ("control", "end"):
        return "\n" if kind == "end" else ""
    if kind == "letter":
        return _LETTERS.get(written, written)
    if kind == "halves":
        return written.encode("utf-16", "surrogatepass").decode("utf-16")
    if kind == "bytes":
        return written.encode("latin-1").decode(errors="replace")[0]
    number = int(written, 8 if kind == "octal" else 16)
    return chr(number) if number <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 - Unicode's last


def _without_quoting(reading: _Reading) -> _Reading:
    """Return a reading without what quotes it, and with one kind of space."""
    kept = [at for at, character in enumerate(reading.text) if character not in _QUOTING]
    text = "".join(reading.text[at] for at in kept).translate(_SPACES)
    return _Reading(text, [reading.starts[at] for at in kept], [reading.ends[at] for at in kept])


def _replaced(text: str, spans: Iterable[tuple[int, int]], limit: int) -> str:
    """Return the beginning with each span replaced, and those that overlap once."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start >= limit:
            break
        if start >= at:
            parts += (text[at:start], _SHOWN)
        at = max(at, end)
    parts.append(text[at:limit])
    if len(text) > limit:
        parts.append("...")
    return "".join(parts)


def _without_credentials(text: str) -> str:
    """Remove logins and queries from addresses: a query may be a signature."""
    if "/" not in text:
        return text
    text = _USER_INFO.sub(rf"\1{_SHOWN}@", text)
    return re.sub(r"\S+", lambda word: _without_query(word[0]), text) if "?" in text else text


def _without_query(word: str) -> str:
    scheme, colon, rest = word.partition("://")
    return f"{scheme}{colon}{_QUERY.sub(f'?{_SHOWN}', rest)}" if colon else word
