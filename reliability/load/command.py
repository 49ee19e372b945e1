"""Try many at once, with little room, and print what came of it."""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Sequence

from reliability.options import add_choice
from reliability.report import write_section

from .tables import TABLES, Problems


def main(given: Sequence[str]) -> int:
    """Try it; the exit code is 1 when something did not hold."""
    arguments = _parse(given)
    logging.disable(logging.INFO)

    began = time.monotonic()
    tables: list[str] = []
    broken: Problems = []
    for name in arguments.only or TABLES:
        tables.append(TABLES[name](broken, arguments))
        print(f"{tables[-1]}\n", flush=True)
    for name, why in broken:
        print(f"broken: {name}: {why}")
    told = f"{len(broken)} broken, in {time.monotonic() - began:.0f} s"
    print(told)
    if arguments.write:
        write_section("load", "\n\n".join([*tables, f"{told}."]))
    return bool(broken)


def _parse(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reliability load", description="Try many at once, with little room."
    )
    add_choice(parser, "--only", TABLES)
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each crowd is tried on either side"
    )
    parser.add_argument("--stacks", type=int, default=20, help="how many of them at once")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="crowds at a time")
    parser.add_argument(
        "--write", action="store_true", help="put the tables into docs/reliability.md"
    )
    return parser.parse_args(given)
