"""The table of what has become of runs, side by side with the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reliability.report import table

from .scenarios import SCENARIOS
from .sides import cover, sides

if TYPE_CHECKING:
    from .runs import Result


def tabulate(results: Sequence[Result]) -> str:
    """Return the table of results, of the scenarios that were run."""
    names = [name for name in SCENARIOS if any(one.run.scenario == name for one in results)]
    rows = [("side of an unknown", *names)]
    for side in sides():
        of_side = [one for one in results if side in one.run.row.sides]
        cells = [_held([one for one in of_side if one.run.scenario == name]) for name in names]
        if any(cells):
            rows.append((str(side), *cells))
    covered = [_pairs([one for one in results if one.run.scenario == name]) for name in names]
    rows.append(("all pairs of sides", *covered))
    return table(rows)


def _held(results: Sequence[Result]) -> str:
    held = sum(not one.problem for one in results)
    return f"{held}/{len(results)}" if results else ""


def _pairs(results: Sequence[Result]) -> str:
    """Return how many pairs of sides have held, of those in the rows of the cover."""
    of_cover = [one for one in results if one.run.row in cover()]
    tried = {pair for one in of_cover for pair in one.run.row.pairs()}
    broken = {pair for one in of_cover if one.problem for pair in one.run.row.pairs()}
    return f"{len(tried - broken)}/{len(tried)}"
