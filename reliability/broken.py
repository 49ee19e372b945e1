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
    """Check that something is as it has to be."""
    hold(found == wanted, f"{what}: {found!r}, not {wanted!r}")
