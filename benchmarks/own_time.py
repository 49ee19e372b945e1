"""How long a deploy waits by itself when Lightsail is ready, in simulated time.

    python -m benchmarks.own_time [--beside CHECKOUT]

The function of this checkout, and of another one if you name it, runs before the simulated
Lightsail with a clock that moves only when the function sleeps: calls take no time, so what is
left is the function's own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import ROOT
from .copiers import name_of
from .options import checkout
from .runs import NO_ACCOUNT

if TYPE_CHECKING:
    from stack_requests import Stack

_DEPLOYMENTS = 50
_SECONDS = (20.0, 300.0)
_INVOCATION_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class OwnTime:
    """What the function takes by itself.

    Args:
        after_active: seconds from each deployment's ACTIVE to the answer.
        calls: calls to Lightsail of each deployment.
        clean_up: seconds of the Delete that follows an update.
    """

    after_active: Sequence[float]
    calls: Sequence[int]
    clean_up: float

    def cells(self) -> list[str]:
        """Return the cells of a table."""
        return [
            f"{statistics.mean(self.after_active):.2f}",
            f"{max(self.after_active):.1f}",
            f"{statistics.mean(self.calls):.1f}",
            f"{self.clean_up:.1f}",
        ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--beside", type=checkout, metavar="CHECKOUT", help="measure this one, too")
    parser.add_argument("--json", action="store_true", help="print the measurements alone")
    options, _ = parser.parse_known_args(arguments)
    if options.json:
        print(json.dumps(asdict(measured())))
        return 0
    shortest, longest = _SECONDS
    print(
        f"Simulated seconds of the function alone; {_DEPLOYMENTS} deployments that take "
        f"{shortest:.0f} to {longest:.0f} s"
    )
    print("| function | ACTIVE to answer, mean | most | calls, mean | clean-up after an update |")
    print("|---|---|---|---|---|")
    folders = [ROOT, *([options.beside] if options.beside else [])]
    for folder in folders:
        print(f"| {' | '.join([name_of(folder), *_measured_apart(folder).cells()])} |", flush=True)
    return 0


def measured() -> OwnTime:
    """Measure the function that this process imports."""
    os.environ.update(NO_ACCOUNT)
    # The handler makes its client of Lightsail when it is imported.
    import stack_requests  # noqa: PLC0415

    after_active: list[float] = []
    calls: list[int] = []
    durations = random.Random(0)  # noqa: S311 - no secret
    with stack_requests.stack() as stack:
        stack.seconds = _INVOCATION_SECONDS
        stack.becomes("UPDATE_IN_PROGRESS")
        for number in range(_DEPLOYMENTS):
            seconds = durations.uniform(*_SECONDS)
            took, called = _deploy(stack, f"nginx:{number}", seconds)
            after_active.append(took - seconds)
            calls.append(called)
    with stack_requests.stack() as stack:
        clean_up = _clean_up(stack)
    return OwnTime(after_active=after_active, calls=calls, clean_up=clean_up)


def _measured_apart(folder: Path) -> OwnTime:
    """Measure the function of a checkout in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.own_time", "--json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder / "lambda")},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SystemExit(f"the function of {folder} could not be measured: {found.stderr}")
    return OwnTime(**json.loads(found.stdout))


def _deploy(stack: Stack, image: str, seconds: float) -> tuple[float, int]:
    """Deploy, and return how long it took from the call on, and how many calls."""
    from deployment_requests import deployment  # noqa: PLC0415

    stack.time.now += 60
    stack.lightsail.behaviour.deployment_seconds = seconds
    began, called = stack.time.now, len(stack.lightsail.requests)
    _check(stack.send(deployment("Update", stack, image)))
    return stack.time.now - began, len(stack.lightsail.requests) - called


def _clean_up(stack: Stack) -> float:
    """Replace an image, and return how long the Delete of the old one took."""
    old = _check(stack.create(Label="old"))
    stack.becomes("UPDATE_IN_PROGRESS")
    stack.time.now += 60
    new = _check(stack.update(old))
    stack.lists(new, "UPDATE_COMPLETE")
    stack.becomes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    stack.time.now += 60
    began = stack.time.now
    _check(stack.delete(old, Label="old"))
    took = stack.time.now - began
    if old in stack.images():
        raise SystemExit(f"{old} was not deleted")
    return took


def _check(answer: dict[str, str]) -> str:
    """Return the physical id of a success."""
    if answer["Status"] != "SUCCESS":
        raise SystemExit(str(answer))
    return answer["PhysicalResourceId"]


if __name__ == "__main__":
    sys.exit(main())
