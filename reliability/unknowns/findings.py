"""The table of what has become of runs, side by side with the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reliability.report import table

from .scenarios import SCENARIOS
from .sides import cover, sides

if TYPE_CHECKING:
    from .runs import Result

_TOLD = (
    ("side", "what cannot be", "what the stack's event tells"),
    (
        "`unregistered_seconds=0`",
        "to register by digest what is gone already; what the function has pushed is pushed again",
        "`Lightsail has no pushed image sha256:...: push it again, ...`",
    ),
    (
        "`unregistered_seconds=0`, `missing_digest=accepted`",
        "to notice before a deployment that what was registered is gone",
        "`container 'web': the image :site.web.1 could not be pulled`",
    ),
    (
        "`missing_digest=refused`",
        "to register what was never pushed",
        "`Lightsail has no pushed image sha256:...: push it again, ...`",
    ),
    ("`other_platforms=refused`", "to register an index by its digest", "Lightsail's sentence"),
    (
        "`zstd_layers=false`",
        "to push such layers; compressed in another way they would be others",
        "the registry's sentence",
    ),
    ("`latest=refused`", "to deploy `:site.web.latest`", "Lightsail's sentence"),
)
LEGEND = f"""\
A cell has the runs that held, of those on this side; a pair of sides holds when every run of a row
with both held. What no program can bring about has to be told, and to leave nothing behind; the
scenario goes on with what Lightsail takes:

{table(_TOLD)}

On `media_types=docker`, images of OCI are registered with Docker's manifest of the same layers. On
`latest=echoed`, a deployment of `.latest` holds every version of its label. On
`unregistered_seconds=0`, a push is gone until somebody has tried once to register it: what is
always gone, nobody can register."""


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
