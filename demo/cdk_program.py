"""The CDK command line, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess  # nosec B404 # each call says what it runs
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
CDK = ROOT / "node_modules" / ".bin" / "cdk"
"""The program."""
QUICK_POLLS = {"NODE_OPTIONS": f'--require="{Path(__file__).with_name("quick_polls.cjs")}"'}
"""The environment in which it looks often whether a stack is done."""
_EVENT = re.compile(r"\| (?P<status>[A-Z_]{6,}) +\| (?P<type>\S+) +\|")
_END_SECONDS = 10.0
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Ended:
    """What came of a command.

    Args:
        returncode: its exit code.
        output: what it printed.
        outputs: the outputs of all stacks, after a deploy.
    """

    returncode: int
    output: str
    outputs: Mapping[str, str] = field(default_factory=dict)


def run_cdk(
    *words: str,
    assembly: Path,
    environment: Mapping[str, str],
    app: str = "",
    context: Mapping[str, object] = _NOTHING,
    folder: Path = ROOT,
    on_line: Callable[[str], None] = lambda _: None,
) -> Ended:
    """Run a command, and end it if this program is interrupted.

    Args:
        words: the command.
        assembly: the folder of what it synthesizes.
        environment: what it runs in.
        app: the app, if it is not that of cdk.json.
        context: the app's context.
        folder: where it runs.
        on_line: gets each line that it prints, at once.
    """
    outputs = assembly.with_name("outputs.json")
    outputs.unlink(missing_ok=True)
    given = ["--app", app] if app else []
    given += ["--outputs-file", str(outputs)] if words[0] == "deploy" else []
    given += [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
    output = []
    with subprocess.Popen(  # nosec B603  # noqa: S603 - the words are ours
        [str(CDK), *words, *given, "--output", str(assembly), "--no-notices", "--no-color"],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Ctrl-C in a terminal goes to every process of its group: this one is ended by us.
        start_new_session=True,
    ) as process:
        try:
            for line in process.stdout or []:
                output.append(line)
                on_line(line)
            process.wait()
        except BaseException:
            _end(process)
            raise
    stacks = json.loads(outputs.read_text()) if outputs.exists() else {}
    found = {name: value for of_stack in stacks.values() for name, value in of_stack.items()}
    return Ended(process.returncode, "".join(output), found)


def event_in(line: str) -> str:
    """Return the event of a stack that a line tells of, nothing if it tells of none."""
    event = _EVENT.search(line)
    return f"{event['status']} {event['type']}" if event else ""


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            return
