"""The CDK command line, run as a user runs it, and ended when the run is interrupted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reliability import ROOT

from . import interruption
from .account import CDK

_EVENT = re.compile(r"\| (?P<status>[A-Z_]{6,}) +\| (?P<type>\S+) +\|")
_END_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class CdkRun:
    """What came of a command.

    Args:
        returncode: its exit code.
        output: what it printed.
        outputs: the outputs of the stack, after a deploy.
    """

    returncode: int
    output: str
    outputs: Mapping[str, str]

    def value(self, name: str) -> str:
        """Return the output whose name has a part, nothing without one."""
        return next((value for key, value in self.outputs.items() if name in key), "")


class Cdk:
    """The command line for the app of one run.

    Args:
        folder: where what it writes goes.
        context: the app's context.
        environment: gives what the command line runs in, which is asked anew for each command.
        doing: gets each event of the stack.
    """

    def __init__(
        self,
        folder: Path,
        context: Mapping[str, str],
        environment: Callable[[], Mapping[str, str]],
        doing: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._context = context
        self._environment = environment
        self._doing = doing
        self._synthesized: Path | None = None

    def synth(self, archive: Path) -> CdkRun:
        """Synthesize the app for an archive; the next deploy of it takes what came out."""
        run = self._run("synth", "--quiet", archive=archive)
        if run.returncode == 0:
            self._synthesized = archive
        return run

    def deploy(self, archive: Path) -> CdkRun:
        """Deploy the image of an archive."""
        file = self._folder / "outputs.json"
        file.unlink(missing_ok=True)
        options = ("--require-approval", "never", "--outputs-file", str(file))
        run = self._run("deploy", *options, archive=archive)
        outputs: dict[str, str] = {}
        if file.exists():
            for stack in json.loads(file.read_text()).values():
                outputs |= stack
        return CdkRun(returncode=run.returncode, output=run.output, outputs=outputs)

    def destroy(self, archive: Path) -> CdkRun:
        """Destroy the stack, by what was synthesized last, if anything was."""
        if (self._output / "manifest.json").exists():
            self._synthesized = archive
        return self._run("destroy", "--force", archive=archive)

    @property
    def version(self) -> str:
        """The version of the command line."""
        package = ROOT / "node_modules" / "aws-cdk" / "package.json"
        return str(json.loads(package.read_text())["version"])

    @property
    def needed_bootstrap(self) -> int:
        """The version of the bootstrap that the last synthesis needs."""
        manifest = json.loads((self._output / "manifest.json").read_text())
        properties = [one.get("properties", {}) for one in manifest["artifacts"].values()]
        return max(int(one.get("requiresBootstrapStackVersion", 0)) for one in properties)

    @property
    def assets(self) -> list[str]:
        """The keys of the files that the last synthesis has in the bootstrap's bucket."""
        keys = {
            place["objectKey"]
            for manifest in self._output.glob("*.assets.json")
            for file in json.loads(manifest.read_text())["files"].values()
            for place in file["destinations"].values()
        }
        return sorted(keys)

    @property
    def _output(self) -> Path:
        return self._folder / "cdk.out"

    def _run(self, *words: str, archive: Path) -> CdkRun:
        app = f'"{sys.executable}" -m live.app'
        if archive == self._synthesized:
            app = str(self._output)
        self._synthesized = None
        context = {**self._context, "archive": str(archive)}
        given = [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
        output: list[str] = []
        with subprocess.Popen(  # noqa: S603 - the words are ours
            [
                *(str(CDK), *words, "--app", app),
                *("--output", str(self._output), "--no-notices", "--no-color", *given),
            ],
            cwd=ROOT,
            env={**self._environment(), "CDK_VALIDATION": "false"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C in a terminal goes to every process of its group: this one is ended by us.
            start_new_session=True,
        ) as process:
            try:
                for line in process.stdout or []:
                    interruption.check()
                    output.append(line)
                    if event := _EVENT.search(line):
                        self._doing(f"{event['status']} {event['type']}")
                process.wait()
            except BaseException:
                _end(process)
                raise
        return CdkRun(returncode=process.returncode, output="".join(output), outputs={})


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            return
