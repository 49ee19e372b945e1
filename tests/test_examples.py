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


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_synthesizes_with_the_checks_of_the_cdk(example: Path, tmp_path: Path) -> None:
    archive, outdir = tmp_path / "archive", tmp_path / "cdk.out"
    archive.mkdir()
    (archive / "index.json").touch()
    context = {"digest": DIGEST, "worker": DIGEST, "archive": str(archive)}
    run = subprocess.run(
        [sys.executable, str(example)],
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
