"""The tables of what many at once come to."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from reliability.broken import Broken
from reliability.progress import Progress
from reliability.report import table

from . import crowds, door, memory, releases
from .two_functions import NotHere

STALE_SECONDS = 4.0
"""How far reads lag behind in half of the runs of crowds."""

Row = Sequence[object]


Problems = list[tuple[str, str]]
"""What did not hold, and why."""


def _attempt(broken: Problems, name: str, act: Callable[[], Row]) -> Row:
    """Return a row, or one that says that it is broken."""
    progress = Progress(None, name)
    try:
        return act()
    except Broken as why:
        broken.append((name, str(why)))
        return ("**broken**",)
    finally:
        progress.end()


def _crowds(broken: Problems, arguments: argparse.Namespace) -> str:
    """Return the table of the crowds, half of them with reads that lag behind."""
    runs = [
        (name, stale, arguments.stacks)
        for name in crowds.CASES
        for stale in (0.0, STALE_SECONDS)
        for _ in range(arguments.rounds)
    ]
    made: dict[str, list[crowds.Outcome]] = {name: [] for name in crowds.CASES}
    with ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        for (name, stale, _), outcome in zip(runs, pool.map(_crowd, runs), strict=True):
            if isinstance(outcome, str):
                broken.append((f"{name}, {stale:g} s stale", outcome))
            else:
                made[name].append(outcome)
    head = (f"{arguments.stacks} stacks at once", "held", "answers", "failures, each told")
    rows: list[Row] = [(*head, "calls", "longest, s")]
    rows += [
        (
            name,
            f"{len(outcomes)} of {2 * arguments.rounds}",
            sum(one.answers for one in outcomes),
            sum(one.failures for one in outcomes),
            sum(one.calls for one in outcomes),
            f"{max((one.seconds for one in outcomes), default=0):.0f}",
        )
        for name, outcomes in made.items()
    ]
    return table(rows)


def _crowd(run: tuple[str, float, int]) -> crowds.Outcome | str:
    logging.disable(logging.INFO)
    name, stale_seconds, count = run
    try:
        return crowds.run(name, stale_seconds=stale_seconds, count=count)
    except Broken as broken:
        return str(broken)


def _door(broken: Problems, arguments: argparse.Namespace) -> str:
    def row(rate: int, at_once: int) -> Row:
        passed = door.pass_through(rate, at_once, count=arguments.stacks)
        return (
            passed.answers,
            passed.taken,
            passed.refused,
            f"{(passed.taken + passed.refused) / passed.taken:.1f}",
            f"{passed.seconds:.0f}",
            f"{passed.least:.0f}",
            passed.together,
        )

    head = ("calls a second, at once", "answers", "taken", "refused", "calls for one that is taken")
    rows: list[Row] = [(*head, "s", "s of the limit alone", "at most back together")]
    for rate, at_once in door.LIMITS:
        name = f"{rate}, {at_once}"
        rows.append((name, *_attempt(broken, name, partial(row, rate, at_once))))
    return _table(rows)


def _memory(broken: Problems, _: argparse.Namespace) -> str:
    def row(name: str) -> Row:
        free = memory.measure(name)
        limited = memory.measure(name, limit_mib=memory.MOST_MIB)
        return (f"{free.mib:.0f}", f"{limited.mib:.0f}", f"{limited.seconds:.1f}")

    head = ("a function that starts cold", "MiB at most")
    rows: list[Row] = [(*head, f"limited to {memory.MOST_MIB} MiB of data", "s")]
    rows += [(name, *_attempt(broken, name, partial(row, name))) for name in memory.CASES]
    return _table(rows)


def _releases(broken: Problems, _: argparse.Namespace) -> str:
    def cell(release: str, scenario: str) -> Row:
        if not releases.takes_part(release, scenario):
            return ("",)
        try:
            releases.run(release, scenario)
        except NotHere as missing:
            return (str(missing),)
        return ("held",)

    rows: list[Row] = [("the present function and one that", *releases.SCENARIOS)]
    for release, commit in releases.RELEASES.items():
        cells = [
            _attempt(broken, f"{release}, {scenario}", partial(cell, release, scenario))[0]
            for scenario in releases.SCENARIOS
        ]
        rows.append((f"only {release} ({commit})", *cells))
    return _table(rows)


def _table(rows: Sequence[Row]) -> str:
    width = len(rows[0])
    return table([(*row, *[""] * (width - len(row))) for row in rows])


TABLES: dict[str, Callable[[Problems, argparse.Namespace], str]] = {
    "crowds": _crowds,
    "door": _door,
    "memory": _memory,
    "releases": _releases,
}
