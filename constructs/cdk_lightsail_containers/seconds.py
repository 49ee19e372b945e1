"""Durations in whole seconds."""

from __future__ import annotations

from aws_cdk import Duration


def check_seconds(value: object, what: str, lowest: int, highest: int) -> None:
    """Raise the `ValueError` that says how long something may be."""
    rule = f"{what} must be a Duration of {lowest} to {highest} seconds, whole ones"
    if not isinstance(value, Duration):
        raise ValueError(f"{rule}, got {value!r}")  # noqa: TRY004 - one kind of error for a user
    if value.is_unresolved():
        return
    seconds = value.to_seconds(integral=False)
    if not lowest <= seconds <= highest or seconds % 1:
        raise ValueError(f"{rule}, got {seconds:g} seconds")
