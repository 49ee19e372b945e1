"""What makes a run one that does not hold."""

from __future__ import annotations

from typing import TypeVar

_T = TypeVar("_T")


class Broken(Exception):
    """Something was not as it has to be; the sentence says what."""


def hold(condition: bool, otherwise: str) -> None:
    """Check that something holds.

    Raises:
        Broken: it does not.
    """
    if not condition:
        raise Broken(otherwise)


def check(what: str, found: _T, wanted: _T) -> None:
    """Check that something is as it has to be.

    Raises:
        Broken: it is not.
    """
    if found != wanted:
        raise Broken(f"{what}: {found!r}, not {wanted!r}")


def check_told(sentences: list[str], part: str) -> None:
    """Check that the newest of some sentences, which tell of a failure, has a part.

    Raises:
        Broken: it has not.
    """
    newest = sentences[0] if sentences else "nothing"
    if part not in newest:
        raise Broken(f"the stack's event tells {newest!r}, and not {part!r}")
