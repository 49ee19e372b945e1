"""Every example is named, and deployed if the local cloud can; test_findings.py checks each."""

import re
import subprocess
import sys

from demo.cdk_program import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


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
