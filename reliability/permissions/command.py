"""Compare what stacks may do with what they do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from reliability.progress import Progress
from reliability.report import write_section

from .report import examine, problems, tables
from .stacks import kinds


def main(arguments: Sequence[str]) -> int:
    """Examine every kind of stack; fail if something is missing or unused."""
    parser = argparse.ArgumentParser(prog="python -m reliability permissions", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into docs/reliability.md")
    is_written = parser.parse_args(arguments).write
    progress = Progress(len(kinds()))
    findings = []
    for name, (build, live) in kinds().items():
        findings.append(examine(name, build, live))
        progress.add(name, is_broken=bool(problems(findings[-1:])))
    progress.end()
    text = tables(findings)
    print(text)
    for problem in problems(findings):
        print(problem, file=sys.stderr)
    if is_written:
        write_section("permissions", text)
    return bool(problems(findings))
