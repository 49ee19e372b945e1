"""Apps synthesized with the checks that users run over theirs: cdk-nag's, and the CDK's own.

A process takes seconds to load the checks, so one synthesizes all apps.
"""

import json
import os
import runpy
import subprocess
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_CHECKS = {"@aws-cdk/core:validateAgainstDefaultRules": True}


@dataclass(frozen=True, kw_only=True)
class CheckedApp:
    """An app to check."""

    file: str
    outdir: str  # where its assembly goes, which is not there yet
    context: Mapping[str, Any] = field(default_factory=dict)
    acknowledges: bool = True  # whether what it acknowledges counts

    @property
    def error(self) -> str:
        """What ended its synthesis, or nothing."""
        file = Path(f"{self.outdir}.error")
        return file.read_text() if file.exists() else ""

    @property
    def templates(self) -> list[Path]:
        return sorted(Path(self.outdir).glob("*.template.json"))

    @property
    def violations(self) -> list[Any]:
        report = json.loads((Path(self.outdir) / "validation-report.json").read_text())
        return [one for plugin in report["pluginReports"] for one in plugin["violations"]]


def synthesize(apps: Iterable[CheckedApp]) -> subprocess.CompletedProcess[str]:
    """Synthesize apps, and return the process: its standard error has the warnings of all."""
    return subprocess.run(
        [sys.executable, __file__, json.dumps([asdict(app) for app in apps])],
        env=without_coverage() | {"CDK_VALIDATION": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


def without_coverage() -> dict[str, str]:
    """The environment of a process whose coverage is not measured, which would take longer."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def _synthesize(apps: Iterable[CheckedApp]) -> None:
    import aws_cdk  # noqa: PLC0415 - takes a second, which the tests' own process need not
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415

    make_app, acknowledge = aws_cdk.App, aws_cdk.Validations.acknowledge
    for app in apps:

        def checked(app: CheckedApp = app) -> aws_cdk.App:
            made = make_app(outdir=app.outdir, context={**_CHECKS, **app.context})
            aws_cdk.Validations.of(made).add_plugins(AwsSolutionsChecks(made))
            return made

        aws_cdk.App = checked
        aws_cdk.Validations.acknowledge = acknowledge if app.acknowledges else lambda *_: None
        try:
            runpy.run_path(app.file, run_name="__main__")
        except Exception:  # noqa: BLE001 - the others have their turn all the same
            Path(f"{app.outdir}.error").write_text(traceback.format_exc())


if __name__ == "__main__":
    _synthesize(CheckedApp(**app) for app in json.loads(sys.argv[1]))
