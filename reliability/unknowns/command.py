"""Run every lifecycle under every assumption about what AWS does not document of Lightsail.

Each assumption by itself, and all pairs of them, by rows that have every pair (see --rows), in the
simulated world; with --faults also with faults injected. The exit code is 1 when something does not
hold; each broken run is printed with the command that repeats it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import replace

from reliability.faults import inject
from reliability.faults.matrix import Made, Matrix, is_broken, runs_of
from reliability.faults.run import Run
from reliability.lifecycles import LIFECYCLES
from reliability.options import add_choice
from reliability.progress import Progress
from reliability.report import write_section

from .findings import Finding, tabulate
from .sides import Row, rows


def main(arguments: Sequence[str]) -> int:
    """Make the runs, and return the exit code."""
    options = _options(arguments)
    if options.rows:
        for row in rows():
            sys.stdout.write(f"{row.number}: {row}\n")
        return 0
    names = options.lifecycle or list(LIFECYCLES)
    chosen = [rows()[number - 1] for number in options.row or range(1, len(rows()) + 1)]
    findings: list[Finding] = []
    broken: list[tuple[Row, Made]] = []
    with Matrix(options.jobs) as matrix:
        wanted = [(row, run) for row in chosen for run in _runs(matrix, names, row, options)]
        progress = Progress(len(wanted), "starting simulated worlds")
        made_of_all = matrix.make([run for _, run in wanted])
        for (row, run), made in zip(wanted, made_of_all, strict=True):
            findings.append(Finding(run.lifecycle, row, is_broken=is_broken(made)))
            progress.add(run.lifecycle, is_broken=is_broken(made))
            if is_broken(made):
                broken.append((row, made))
    progress.end()
    found = tabulate(findings)
    summary = (
        f"{len(findings)} runs on {len(chosen)} rows, {len(broken)} of them broken, in "
        f"{progress.seconds:.0f} s with {options.jobs} at a time"
    )
    sys.stdout.write(f"{found}\n\n{summary}\n")
    for row, made in broken:
        problems = "".join(f"  {problem}\n" for problem in made.result.problems)
        sys.stdout.write(f"\n{row}\n{problems}  {_command(row, made.run)}\n")
    if options.write:
        write_section("unknowns", f"{found}\n\n{summary}.")
    return int(bool(broken))


def run_on(row: Row, lifecycle: str) -> Run:
    """Return the run of a lifecycle on a row, without a fault."""
    switches = tuple(row.switches().items())
    may_fail = not set(switches).isdisjoint(LIFECYCLES[lifecycle].refused)
    return Run(lifecycle, switches=switches, may_fail=may_fail)


def _runs(matrix: Matrix, names: Sequence[str], row: Row, options: argparse.Namespace) -> list[Run]:
    """Return a run of each lifecycle on a row, and a sample of them with faults."""
    runs = [run_on(row, name) for name in names]
    if options.faults:
        name = random.Random(row.number).choice(list(names))  # noqa: S311 - no secret
        calls = matrix.calls([name], 0)
        runs += [
            replace(run, switches=runs[0].switches)
            for run in runs_of(calls, inject.NAMES, row.number, options.faults)
        ]
    return runs


def _command(row: Row, run: Run) -> str:
    words = f"python -m reliability unknowns --row {row.number} --lifecycle '{run.lifecycle}'"
    return f"{words}, with {run.fault} at {run.call}" if run.call else words


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reliability unknowns", description=__doc__, allow_abbrev=False
    )
    add_choice(parser, "--lifecycle", LIFECYCLES)
    parser.add_argument(
        "--row",
        action="append",
        type=int,
        choices=range(1, len(rows()) + 1),
        metavar=f"1-{len(rows())}",
        help="one of the rows of assumptions; may be repeated",
    )
    parser.add_argument("--rows", action="store_true", help="print the rows, and run nothing")
    parser.add_argument(
        "--faults",
        type=int,
        default=0,
        metavar="COUNT",
        help="so many runs with a fault on each row",
    )
    jobs = 2 * (os.cpu_count() or 1)
    parser.add_argument("--jobs", type=int, default=jobs, help=f"how many at once ({jobs})")
    parser.add_argument(
        "--write", action="store_true", help="put the table into docs/reliability.md"
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs is at least 1")
    if options.write and (options.row or options.lifecycle):
        parser.error("--write wants all rows and lifecycles")
    return options
