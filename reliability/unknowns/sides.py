"""The sides of the unknowns, and the rows of sides that runs have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import NamedTuple

from allpairspy import AllPairs

Value = str | bool | float

KEPT, GONE = 3600, 0
"""Seconds that an unregistered push is kept: long, or so short that the first is gone at once."""

SWITCHES: Mapping[str, tuple[str, tuple[Value, ...]]] = {
    "register_again": ("U1", ("new", "old")),
    "reuse_numbers": ("U2", (False, True)),
    "delete_in_use": ("U3", ("refused", "done")),
    "missing_service": ("U4", ("NotFoundException", "InvalidInputException")),
    "missing_digest": ("U4", ("refused", "accepted")),
    "other_platforms": ("U4", ("accepted", "refused")),
    "manifest_reads": ("U5", ("denied", "answered", "not_found")),
    "blob_uploads": ("U6", ("chunked", "monolithic")),
    "locations": ("U6", ("absolute", "relative")),
    "upload_host": ("U6", ("same", "other")),
    "media_types": ("U7", ("docker_and_oci", "docker")),
    "zstd_layers": ("U7", (True, False)),
    "unregistered_seconds": ("U8", (KEPT, GONE)),
    "busy_service": ("U9", ("works", "refused")),
    "latest": ("U10", ("refused", "echoed", "resolved")),
    "order": ("U11", ("newest_first", "oldest_first", "shuffled")),
    "stale_seconds": ("U12", (0, 2)),
    "blob_mount": ("U13", ("upload", "created")),
    "throttle_every": ("U14", (0, 3)),
    "validates_itself": ("D1", (False, True)),
    "removes_own_records": ("D2", (False, True)),
    "shown_entries": ("D3", ("as_written", "with_dots")),
    "second_alias": ("D4", ("refused", "accepted")),
    "same_txt": ("D5", ("accepted", "refused")),
    "delete_entry_by": ("D6", ("everything", "id")),
    "missing_certificate": ("D7", ("not_found", "invalid", "none")),
    "validation_records": ("D8", ("same", "different")),
    "records_seconds": ("D8", (0.5, 0, 20)),
    "stale_domain_seconds": ("D9", (0, 2)),
}
"""The unknown of each switch of the local Lightsail, and its sides, the default first."""


class Side(NamedTuple):
    """One way that an unknown may turn out: a switch of the local Lightsail, where it stands."""

    switch: str
    value: Value

    def __str__(self) -> str:
        """Return it with its unknown, such as `U9 busy_service=refused`."""
        shown = str(self.value).lower() if isinstance(self.value, bool) else self.value
        return f"{SWITCHES[self.switch][0]} {self.switch}={shown}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A side of every switch, in the order of `SWITCHES`."""

    number: int  # what the command line calls it, from 1
    sides: tuple[Side, ...]

    def switches(self) -> dict[str, Value]:
        """Return where the switches stand."""
        return dict(self.sides)

    def pairs(self) -> frozenset[tuple[Side, Side]]:
        """Return the pairs of its sides."""
        return frozenset(combinations(self.sides, 2))

    def __str__(self) -> str:
        """Return the sides that are not the likelier ones."""
        told = [str(side) for side in self.sides if side not in defaults()]
        return ", ".join(told) or "the likelier side of all"


def sides() -> tuple[Side, ...]:
    """Return every side of every switch."""
    return tuple(
        Side(switch, value) for switch, (_, values) in SWITCHES.items() for value in values
    )


@cache
def defaults() -> tuple[Side, ...]:
    """Return the likelier side of each switch."""
    return tuple(Side(switch, values[0]) for switch, (_, values) in SWITCHES.items())


def likelier_but(**switches: Value) -> Row:
    """Return a row, without a number, with the likelier side of every switch but some."""
    return _row(0, dict(defaults()) | switches)


@cache
def cover() -> tuple[Row, ...]:
    """Return rows that have every pair of sides, the likelier sides first; always the same."""
    # Those with the most sides first: that makes the fewest rows.
    switches = sorted(SWITCHES, key=lambda switch: -len(SWITCHES[switch][1]))
    rows = AllPairs([SWITCHES[switch][1] for switch in switches])
    return tuple(
        _row(number, dict(zip(switches, row, strict=True))) for number, row in enumerate(rows, 1)
    )


@cache
def rows() -> tuple[Row, ...]:
    """Return the cover, and then each side that is not the likelier one by itself."""
    singles = [likelier_but(**dict([side])) for side in sides() if side not in defaults()]
    return tuple(replace(row, number=number) for number, row in enumerate((*cover(), *singles), 1))


def _row(number: int, values: Mapping[str, Value]) -> Row:
    return Row(number=number, sides=tuple(Side(switch, values[switch]) for switch in SWITCHES))
