"""What the checks that users run over their stacks find in ours: nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
import sys
from aws_cdk import App, Environment, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lightsail as lightsail
from cdk_nag import AwsSolutionsChecks
from cdk_lightsail_containers import ContainerImage, ContainerService, Handler, ImageSource

outdir, kind = sys.argv[1:]
app = App(outdir=outdir, context={"@aws-cdk/core:validateAgainstDefaultRules": True})
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
placed = Environment(account="111122223333", region="eu-central-1")
stack = Stack(app, "Stack", env=placed if "placed" in kind else None)
handler = None
if "vpc" in kind:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-0a0a0a0a", availability_zones=["eu-central-1a"],
        private_subnet_ids=["subnet-0a0a0a0a"],
    )
    handler = Handler(stack, "Handler", vpc=vpc)
if "named" in kind:
    service = ContainerService.from_service_name(stack, "Service", "shop")
else:
    service = lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
ContainerImage(
    stack, "Image", service=service, label="web", handler=handler, max_versions=3,
    source=ImageSource.from_digest("sha256:" + "0123456789abcdef" * 4),
)
app.synth()
"""

UNACKNOWLEDGED = "Handler._acknowledge = lambda *_: None"


def synthesize(outdir: Path, kind: str, app: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", app, str(outdir), kind],
        env={**os.environ, "CDK_VALIDATION": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", ["made", "named", "named placed", "made vpc placed"])
def test_cdk_nag_and_cfn_lint_and_the_cdk_itself_find_nothing(tmp_path: Path, kind: str) -> None:
    run = synthesize(tmp_path, kind, APP)

    report = json.loads((tmp_path / "validation-report.json").read_text())
    lint = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            "--format",
            "json",
            str(tmp_path / "Stack.template.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr
    assert violations(report) == []
    assert json.loads(lint.stdout) == []


def test_cdk_nag_would_find_what_is_acknowledged(tmp_path: Path) -> None:
    app = APP.replace("handler = None", f"handler = None\n{UNACKNOWLEDGED}")

    run = synthesize(tmp_path, "named", app)

    assert "AwsSolutions-IAM5[Resource::*]" in run.stderr
    assert "ContainerService/*]" in run.stderr
    assert "AwsSolutions-L1" in run.stderr


def violations(report: dict[str, list[dict[str, list[object]]]]) -> list[object]:
    return [violation for plugin in report["pluginReports"] for violation in plugin["violations"]]
