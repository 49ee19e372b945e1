"""Every example synthesizes, and those that the local cloud can carry are deployed there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cdk_commands import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DIGEST = "sha256:" + "0123456789abcdef" * 4
# The example as it is, with the checks that a user may have in an app.
CHECKED = """
import runpy, sys
import aws_cdk
from cdk_nag import AwsSolutionsChecks
synth = aws_cdk.App.synth
def checked(app):
    aws_cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return synth(app)
aws_cdk.App.synth = checked
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_synthesizes_with_the_checks_of_the_cdk_and_cdk_nag(example: Path, tmp_path: Path) -> None:
    archive, outdir = tmp_path / "archive", tmp_path / "cdk.out"
    archive.mkdir()
    (archive / "index.json").touch()
    context = {"digest": DIGEST, "worker": DIGEST, "archive": str(archive)}
    run = subprocess.run(
        [sys.executable, "-c", CHECKED, str(example)],
        env={
            **os.environ,
            "CDK_VALIDATION": "true",
            "CDK_OUTDIR": str(outdir),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr, run.stderr
    assert len(list(outdir.glob("*.template.json"))) == 1
    report = json.loads((outdir / "validation-report.json").read_text())
    assert [one["violations"] for one in report["pluginReports"] if one["violations"]] == []


def test_the_checks_would_find_what_an_example_has_not(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "from aws_cdk import App, Stack, aws_ec2\n"
        "app = App()\n"
        "aws_ec2.Vpc(Stack(app, 'Stack'), 'Vpc')\n"
        "app.synth()\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", CHECKED, str(app)],
        env={**os.environ, "CDK_VALIDATION": "true", "CDK_OUTDIR": str(tmp_path / "cdk.out")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert "AwsSolutions-VPC7" in run.stderr


def test_the_archive_that_is_missing_is_asked_for() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "from_archive.py")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert "context 'archive' is missing: -c archive=<" in run.stderr


def test_each_is_listed_on_the_index_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()

    named = set(re.findall(r"\(\.\./examples/(\w+)\.py\)", index))
    assert named == {example.stem for example in EXAMPLES}


def test_each_is_deployed_on_the_local_cloud_but_the_one_that_needs_a_network() -> None:
    tests = [path.read_text() for path in (ROOT / "tests" / "e2e").glob("test_*.py")]

    deployed = {name for text in tests for name in re.findall(r"examples/(\w+)\.py", text)}
    assert deployed == {example.stem for example in EXAMPLES} - {"function_in_a_vpc"}
