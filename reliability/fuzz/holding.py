"""What must hold of any input that a target is given."""

from __future__ import annotations


def hold(what: str, condition: bool) -> None:
    """Look that something holds.

    Raises:
        AssertionError: it does not.
    """
    if not condition:
        raise AssertionError(f"it does not hold that {what}")
