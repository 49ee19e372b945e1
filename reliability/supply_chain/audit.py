"""Looks up whether what is installed has known vulnerabilities.

It asks pip-audit, which asks a service in the internet for each package. When that is not reached,
nothing is known, which is said, and fails nothing unless `--insist` is given.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliability import ROOT

# Several, for pip-audit takes no package in two versions. The second has all that the runtime has.
LOCKED = tuple(ROOT / f"requirements-{name}.txt" for name in ("dev", "runtime-tests", "fuzz"))
_SECONDS = 120.0
_ATTEMPT_SECONDS = 5
# What pip-audit ends with when its service does not answer, or answers that it cannot now.
_NOT_REACHED = re.compile(
    r"requests\.exceptions\.|[A-Za-z]*ServiceError|may be blocking this service"
)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What is known of some packages."""

    vulnerable: tuple[str, ...] = ()  # a line for each vulnerability
    audited: int = 0  # how many packages were looked up
    unknown: str = ""  # why nothing is known of the others
    failure: str = ""  # why there was no audit, when the network is not the reason

    def is_good(self, *, insist: bool) -> bool:
        """Return whether this may pass; who insists takes what is not known for bad."""
        return not self.vulnerable and not self.failure and not (insist and self.unknown)

    def __str__(self) -> str:
        """Return it in some lines."""
        lines = [*self.vulnerable]
        if self.failure:
            lines.append(f"pip-audit failed:\n{self.failure}")
        if self.unknown:
            lines.append(f"NOT AUDITED for known vulnerabilities: {self.unknown}")
        if self.audited:
            count = len(self.vulnerable) or "no"
            lines.append(f"{count} known vulnerabilities in {self.audited} packages")
        return "\n".join(lines)


def audit(locked: Path, osv_url: str = "", seconds: float = _SECONDS) -> Audit:
    """Look up pinned and hashed requirements; the service is pip-audit's own, OSV, by default."""
    # Not the other service that pip-audit has: what that one cannot find it calls audited.
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv"]
    command += ["--requirement", str(locked), "--disable-pip", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", str(_ATTEMPT_SECONDS)]
    command += ["--osv-url", osv_url] if osv_url else []
    try:
        run = subprocess.run(  # noqa: S603 - our interpreter
            command, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return Audit(unknown=f"the service took more than {seconds:.0f} s")
    try:
        document = json.loads(run.stdout)
    except ValueError:
        last = run.stderr.strip().rpartition("\n")[2]
        if _NOT_REACHED.search(last):
            return Audit(unknown=f"the service was not reached ({last[:200]})")
        return Audit(failure=run.stderr)
    return _read(document["dependencies"])


def _read(dependencies: Iterable[dict[str, Any]]) -> Audit:
    """Return what pip-audit says of packages."""
    looked_up = [one for one in dependencies if "skip_reason" not in one]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    vulnerable = [
        f"{one['name']} {one['version']}: {found['id']}, "
        f"fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for one in looked_up
        for found in one["vulns"]
    ]
    return Audit(vulnerable=tuple(vulnerable), audited=len(looked_up), unknown=", ".join(skipped))


def main(arguments: Sequence[str]) -> int:
    """Print what is known; fail on a vulnerability."""
    parser = argparse.ArgumentParser(prog="python -m reliability audit", description=__doc__)
    parser.add_argument("--insist", action="store_true", help="fail when nothing is known, too")
    insist = parser.parse_args(arguments).insist
    is_good = True
    for locked in LOCKED:
        found = audit(locked)
        print(f"{locked.name}: {found}")
        is_good = is_good and found.is_good(insist=insist)
    return not is_good
