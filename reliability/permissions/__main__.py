"""Prints what stacks may do beside what they do: `python -m reliability.permissions [--write]`."""

from __future__ import annotations

import argparse
import os
import sys

# What the fakes are called with, whatever the shell around is set to.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "000000000000",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    # jsii and the CDK read these when they are first imported.
    "CDK_VALIDATION": "false",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
}

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
