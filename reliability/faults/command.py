"""Make the runs that the command line asks for, and print what came of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from reliability.lifecycles import LIFECYCLES
from reliability.progress import Progress
from reliability.report import write_section
from world.gate import Call

from . import inject
from .matrix import Made, Matrix, command, is_broken, runs_of, show, tell
from .run import Run


def main(given: Sequence[str]) -> int:
    """Make them; the exit code is 1 when something did not hold."""
    arguments = _parse(given)
    with Matrix(arguments.jobs) as matrix:
        lifecycles = arguments.lifecycle or list(LIFECYCLES)
        calls = matrix.calls(lifecycles, arguments.seed)
        if arguments.list:
            for name, of_lifecycle in calls.items():
                print(f"{name}: {len(of_lifecycle)} calls")
                print(*(f"  {call}" for call in of_lifecycle), sep="\n")
            return 0
        faults = arguments.fault or inject.NAMES
        if arguments.call:
            runs = [
                Run(name, arguments.call, fault, arguments.seed)
                for name in lifecycles
                for fault in faults
            ]
        else:
            runs = runs_of(calls, faults, arguments.seed, arguments.runs)
        made: list[Made] = []
        progress = Progress(len(runs))
        for one in matrix.make(runs):
            made.append(one)
            progress.add(one.run.lifecycle, is_broken=is_broken(one))
            if is_broken(one):
                print(command(one.run))
                print(*(f"  {problem}" for problem in one.result.problems), sep="\n", flush=True)
        progress.end()
    text = show(made)
    print(text)
    print()
    told = f"{tell(made)}, in {progress.seconds:.0f} s with {arguments.jobs} at a time"
    print(told)
    if arguments.write:
        write_section("faults", f"{text}\n\n{told}.")
    return any(map(is_broken, made))


def _parse(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reliability faults",
        description="Inject each fault into each call of each lifecycle, and see what holds.",
    )
    parser.add_argument(
        "--lifecycle",
        action="append",
        choices=LIFECYCLES,
        metavar="NAME",
        help=f"only this one, may be given again: {', '.join(LIFECYCLES)}",
    )
    parser.add_argument(
        "--fault",
        action="append",
        choices=inject.NAMES,
        metavar="NAME",
        help=f"only this one, may be given again: {', '.join(inject.NAMES)}",
    )
    parser.add_argument(
        "--call",
        type=_call,
        metavar="SERVER/OPERATION/NUMBER",
        help="only this call, as --list shows it",
    )
    parser.add_argument(
        "--runs", type=int, metavar="COUNT", help="only so many runs, spread over all by the seed"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the function's randomness")
    parser.add_argument(
        "--jobs",
        type=int,
        default=2 * (os.cpu_count() or 1),
        help="how many runs at a time (default: %(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="show the calls, and inject nothing")
    parser.add_argument("--write", action="store_true", help="put the table into the documentation")
    return parser.parse_args(given)


def _call(text: str) -> Call:
    server, _, rest = text.partition("/")
    operation, _, number = rest.rpartition("/")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no SERVER/OPERATION/NUMBER")
    return Call(server, operation, int(number))
