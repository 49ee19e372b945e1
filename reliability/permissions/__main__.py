"""Prints what stacks may do beside what they do: `python -m reliability.permissions [--write]`."""

from __future__ import annotations

import argparse
import sys

from reliability.local_aws import leave_real_accounts

leave_real_accounts()  # the CDK is imported next

from reliability.report import write_section  # noqa: E402

from .report import examine, problems, tables  # noqa: E402
from .stacks import kinds  # noqa: E402


def main() -> int:
    """Examine every kind of stack; fail if something is missing or unused."""
    parser = argparse.ArgumentParser(prog="reliability.permissions", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into docs/reliability.md")
    is_written = parser.parse_args().write
    findings = [examine(name, build, live) for name, (build, live) in kinds().items()]
    text = tables(findings)
    print(text)
    for problem in problems(findings):
        print(problem, file=sys.stderr)
    if is_written:
        write_section("permissions", text)
    return bool(problems(findings))


if __name__ == "__main__":
    sys.exit(main())
