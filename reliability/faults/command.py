"""Make the runs that the command line asks for, and print what came of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence

from reliability.lifecycles import LIFECYCLES
from reliability.options import add_choice
from reliability.progress import Progress
from reliability.report import write_section
from world.gate import Call

from . import inject
from .matrix import Made, Matrix, command, is_broken, pairs_of, runs_of, show, show_pairs, tell
from .run import Run


def main(given: Sequence[str]) -> int:
    """Make them; the exit code is 1 when something did not hold."""
    arguments = _parse(given)
    with Matrix(arguments.jobs) as matrix:
        if arguments.list:
            for name, calls in _calls(matrix, arguments).items():
                print(f"{name}: {len(calls)} calls")
                print(*(f"  {call}" for call in calls), sep="\n")
            return 0
        total, ends = _runs(matrix, arguments)
        made: list[Made] = []
        progress = Progress(total)
        for one in ends:
            made.append(one)
            progress.add(one.run.lifecycle, is_broken=is_broken(one))
            if is_broken(one):
                print(command(one.run))
                print(*(f"  {problem}" for problem in one.result.problems), sep="\n", flush=True)
        progress.end()
    text = show_pairs(made) if arguments.pairs else show(made)
    told = f"{tell(made)}, in {progress.seconds:.0f} s with {arguments.jobs} at a time"
    print(text, told, sep="\n\n")
    if arguments.write:
        write_section("pairs" if arguments.pairs else "faults", f"{text}\n\n{told}.")
    return any(map(is_broken, made))


def _runs(matrix: Matrix, arguments: argparse.Namespace) -> tuple[int | None, Iterator[Made]]:
    """Return how many runs are made, if that is known, and the runs as they end."""
    seed, faults = arguments.seed, arguments.fault or inject.NAMES
    lifecycles = arguments.lifecycle or list(LIFECYCLES)
    if arguments.call and len(arguments.call) == len(faults):  # all of them in one life
        first, *others = zip(arguments.call, faults, strict=True)
        runs = [Run(name, *first, seed, second=next(iter(others), None)) for name in lifecycles]
    elif arguments.call:
        call = arguments.call[0]
        runs = [Run(name, call, fault, seed) for name in lifecycles for fault in faults]
    elif arguments.pairs:
        pairs = pairs_of(_calls(matrix, arguments), faults, seed)
        return None, matrix.make_for(arguments.pairs, pairs)
    else:
        runs = runs_of(_calls(matrix, arguments), faults, seed, arguments.runs)
    return len(runs), matrix.make(runs)


def _calls(matrix: Matrix, arguments: argparse.Namespace) -> dict[str, list[Call]]:
    return matrix.calls(arguments.lifecycle or list(LIFECYCLES), arguments.seed)


def _parse(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reliability faults",
        description="Inject each fault into each call of each lifecycle, and see what holds.",
    )
    add_choice(parser, "--lifecycle", LIFECYCLES)
    add_choice(parser, "--fault", inject.NAMES)
    parser.add_argument(
        "--call",
        action="append",
        type=_call,
        metavar="SERVER/OPERATION/NUMBER",
        help="only this call, as --list shows it; with two calls and their faults, both in one run",
    )
    parser.add_argument(
        "--pairs",
        type=float,
        metavar="SECONDS",
        help="two faults in one life, as many pairs as fit this time, chosen by the seed",
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
    arguments = parser.parse_args(given)
    if arguments.call and len(arguments.call) not in (1, len(arguments.fault or ())):
        parser.error("two calls want two faults, in the same order")
    return arguments


def _call(text: str) -> Call:
    server, _, rest = text.partition("/")
    operation, _, number = rest.rpartition("/")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no SERVER/OPERATION/NUMBER")
    return Call(server, operation, int(number))
