"""Live through every scenario on every side of what nobody knows of Lightsail.

Each side by itself, and all pairs of sides, by rows of sides that have every pair (see --rows). The
exit code is 1 when something does not hold; each broken run is told with the command that runs it
alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from reliability.progress import Progress
from reliability.report import write_section

from .findings import tabulate
from .runs import Result, Run, Runs
from .scenarios import SCENARIOS
from .sides import rows

_JOBS = 8


def main(arguments: Sequence[str]) -> int:
    """Run what the command line says, and return the exit code."""
    options = _options(arguments)
    if options.rows:
        for row in rows():
            sys.stdout.write(f"{row.number}: {row}\n")
        return 0
    runs = [
        Run(scenario=scenario, row=rows()[number - 1])
        for number in options.row or range(1, len(rows()) + 1)
        for scenario in SCENARIOS
        if scenario in (options.scenario or SCENARIOS)
    ]
    results: list[Result] = []
    progress = Progress(len(runs), "synthesizing, and starting local clouds")
    with Runs(options.jobs) as running:
        for result in running.results(runs):
            results.append(result)
            progress.add(result.run.scenario, is_broken=bool(result.problem))
    progress.end()
    found = tabulate(results)
    broken = [result for result in results if result.problem]
    sys.stdout.write(f"{found}\n\n")
    summary = (
        f"{len(results)} runs on {len(rows())} rows, {len(broken)} of them broken, in "
        f"{progress.seconds:.0f} s with {options.jobs} at a time"
    )
    sys.stdout.write(f"{summary}\n")
    for result in broken:
        sys.stdout.write(f"\n{result.run.row}\n  {result.problem}\n  {result.run.command}\n")
    if options.write:
        write_section("unknowns", f"{found}\n\n{summary}.")
    return 1 if broken else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reliability unknowns", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="one of them; may be repeated"
    )
    parser.add_argument(
        "--row",
        action="append",
        type=int,
        choices=range(1, len(rows()) + 1),
        metavar=f"1-{len(rows())}",
        help="one of the rows of sides; may be repeated",
    )
    parser.add_argument("--rows", action="store_true", help="print the rows, and run nothing")
    parser.add_argument("--jobs", type=int, default=_JOBS, help=f"how many at once ({_JOBS})")
    parser.add_argument(
        "--write", action="store_true", help="put the table into docs/reliability.md"
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs is at least 1")
    if options.write and (options.row or options.scenario):
        parser.error("--write wants all rows and scenarios")
    return options
