"""The CDK command line, run as a user runs it, and ended when the run is interrupted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.cdk_program import Ended, event_in, run_cdk
from reliability import ROOT

from . import interruption


@dataclass
class Cdk:
    """The command line for the app of one run.

    Its environment is asked for anew for each command; `doing` gets each event of the stack.
    """

    folder: Path
    context: Mapping[str, str]
    environment: Callable[[], Mapping[str, str]]
    doing: Callable[[str], None] = lambda _: None

    def synth(self, archive: Path) -> Ended:
        """Synthesize the app for an archive."""
        return self._run("synth", "--quiet", archive=archive)

    def deploy(self, archive: Path) -> Ended:
        """Deploy the image of an archive."""
        return self._run("deploy", "--require-approval", "never", archive=archive)

    def destroy(self) -> Ended:
        """Destroy the stack, by what was synthesized last."""
        return self._run("destroy", "--force")

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
        return self.folder / "cdk.out"

    def _run(self, *words: str, archive: Path | None = None) -> Ended:
        return run_cdk(
            *words,
            assembly=self._output,
            environment={**self.environment(), "CDK_VALIDATION": "false"},
            app=f'"{sys.executable}" -m live.app' if archive else str(self._output),
            context={**self.context, "archive": str(archive)},
            on_line=self._see,
        )

    def _see(self, line: str) -> None:
        interruption.check()
        if event := event_in(line):
            self.doing(event)
