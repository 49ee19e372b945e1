"""The table of runs, by assumption and lifecycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reliability.report import table

from .sides import Row, cover, sides


class Finding(NamedTuple):
    """What a run has shown."""

    lifecycle: str
    row: Row
    is_broken: bool


def tabulate(findings: Sequence[Finding]) -> str:
    """Return the tables of findings, by assumption and by lifecycle."""
    by_side = [
        (side, _held(found))
        for side in sides()
        if (found := [one for one in findings if side in one.row.sides])
    ]
    by_lifecycle = []
    for name in dict.fromkeys(one.lifecycle for one in findings):
        found = [one for one in findings if one.lifecycle == name]
        by_lifecycle.append((name, _held(found), _pairs(found)))
    of_sides = table([("assumption", "held"), *by_side])
    return f"{of_sides}\n\n{table([('lifecycle', 'held', 'pairs of assumptions'), *by_lifecycle])}"


def _held(findings: Sequence[Finding]) -> str:
    return f"{sum(not one.is_broken for one in findings)}/{len(findings)}"


def _pairs(findings: Sequence[Finding]) -> str:
    """Return how many pairs of assumptions have held, of those in the rows that have all pairs."""
    of_cover = [one for one in findings if one.row in cover()]
    tried = {pair for one in of_cover for pair in one.row.pairs()}
    broken = {pair for one in of_cover if one.is_broken for pair in one.row.pairs()}
    return f"{len(tried - broken)}/{len(tried)}"
