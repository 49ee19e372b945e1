"""Each finding is a script that runs as it is, and shows in its first lines what it checks."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from demo.cdk_program import ROOT

FINDINGS = sorted((ROOT / "findings").glob("*.sh"))


def parts(finding: Path) -> tuple[str, str]:
    """What a script says of itself, and what it does."""
    about, separator, program = finding.read_text().partition("\nset -euo pipefail\n")
    assert separator
    return about, program


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda path: path.stem)
def test_says_what_it_checks(finding: Path) -> None:
    about, program = parts(finding)
    shown = re.findall(r"(?m)^#(?: {5}| {3}(?=.*: ))(\S.*)$", about.rpartition("Seen:")[2])

    assert re.search(r"(Seen with|Versions:) .*\d+\.\d+", about)
    assert shown
    # Three dots are what differs each time.
    pieces = [piece for line in shown for piece in re.split(r"\.\.\.|`", line) if piece]
    assert [piece for piece in pieces if piece not in program] == []


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda path: path.stem)
def test_needs_nothing_of_this_project(finding: Path) -> None:
    _, program = parts(finding)

    assert not re.search(r"lightsail_(containers|local)|(?<!\.)\.\./|\$0|BASH_SOURCE", program)
    assert re.fullmatch(r"[a-z0-9-]+\.sh", finding.name)
    assert os.access(finding, os.X_OK)
    subprocess.run(["bash", "-n", str(finding)], check=True)
