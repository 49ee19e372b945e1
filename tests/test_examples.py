"""Every example synthesizes to its template on record, and is deployed on the local cloud."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdk_commands import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DIGEST = "sha256:" + "0123456789abcdef" * 4
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
APP_CONTEXTS = {
    "app_with_image": {"service_name": "shop", "label": "web", "image": "nginx:1.27"},
    "app_with_digest": {"service_name": "shop", "label": "web", "digest": DIGEST},
}
TEMPLATES = ROOT / "tests" / "releases" / "templates"
# The hash of an asset differs with each change to the code of the function.
HASH = re.compile(r"(?<!sha256:)\b[0-9a-f]{64}\b")
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


def environment(outdir: Path, context: Mapping[str, str]) -> dict[str, str]:
    """The environment in which an app synthesizes into a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDK_")}
    return {**kept, "CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps(context)}


def template_in(outdir: Path) -> str:
    """The resources and outputs of an app's only template, one per line."""
    (path,) = outdir.glob("*.template.json")
    template = json.loads(path.read_text())
    lines = (
        f"{section} {name} {json.dumps(part, sort_keys=True)}\n"
        for section in ("Resources", "Outputs")
        for name, part in sorted(template[section].items())
    )
    return HASH.sub("<hash>", "".join(lines))


def on_record(name: str, template: str) -> str:
    """The recorded template of an app. To record it anew, delete the file and run the test."""
    record = TEMPLATES / f"{name}.txt"
    if not record.exists():
        record.write_text(template)
        pytest.fail(f"no template was on record: wrote {record}")
    return record.read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_synthesizes_its_template_with_the_checks_of_the_cdk_and_cdk_nag(
    example: Path, tmp_path: Path
) -> None:
    archive, outdir = tmp_path / "archive", tmp_path / "cdk.out"
    archive.mkdir()
    (archive / "index.json").touch()
    context = {
        "digest": DIGEST,
        "worker": DIGEST,
        "archive": str(archive),
        "key": KEY_ARN,
        "reference": f"ghcr.io/acme/web@{DIGEST}",
    }
    run = subprocess.run(
        [sys.executable, "-c", CHECKED, str(example)],
        env={**environment(outdir, context), "CDK_VALIDATION": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr, run.stderr
    report = json.loads((outdir / "validation-report.json").read_text())
    assert [one["violations"] for one in report["pluginReports"] if one["violations"]] == []
    # Stacks out there are updated with every difference.
    assert template_in(outdir) == on_record(example.stem, template_in(outdir))


@pytest.mark.parametrize("name", APP_CONTEXTS)
def test_the_app_synthesizes_its_template(name: str, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env=environment(tmp_path, APP_CONTEXTS[name]),
        check=True,
    )

    assert template_in(tmp_path) == on_record(name, template_in(tmp_path))


def test_no_template_of_an_app_that_is_gone_is_on_record() -> None:
    recorded = {record.stem for record in TEMPLATES.iterdir()}
    assert recorded == {*APP_CONTEXTS, *(example.stem for example in EXAMPLES)}


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


def test_each_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    named = set(re.findall(r"examples/(\w+)\.py", readme))
    assert named == {example.stem for example in EXAMPLES}


def test_each_is_deployed_on_the_local_cloud_but_the_one_that_needs_a_network() -> None:
    tests = [path.read_text() for path in (ROOT / "tests" / "e2e").glob("test_*.py")]

    deployed = {name for text in tests for name in re.findall(r"examples/(\w+)\.py", text)}
    assert deployed == {example.stem for example in EXAMPLES} - {"function_in_a_vpc"}
