"""Every example is named, and deployed if the local cloud can; test_findings.py checks each."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_commands_that_it_shows_can_be_pasted(example: Path) -> None:
    text = example.read_text()
    shown = re.findall(r"(?m)^    ((?:.*\\\n)*.*)$", text.split('"""')[1])
    # In place of what only the user knows, and of what the shell puts there.
    filled = [re.sub(r"<[^>]+>|\$\([^)]+\)", "x", command) for command in shown]
    commands = [shlex.split(command.replace("\\\n", "")) for command in filled]
    of_cdk = [words for words in commands if words[0] == "cdk"]

    assert of_cdk
    for words in of_cdk:
        assert words[2:4] == ["--app", f"python examples/{example.name}"]
        options = [word for word in words[4:] if word != "--force"]
        assert options[::2] == ["-c"] * (len(options) // 2)
        assert all(f'"{pair.partition("=")[0]}"' in text for pair in options[1::2])


def test_each_is_listed_on_the_index_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()

    named = set(re.findall(r"\(\.\./examples/(\w+)\.py\)", index))
    assert named == {example.stem for example in EXAMPLES}


def test_each_is_deployed_on_the_local_cloud_but_the_one_that_needs_a_network() -> None:
    tests = [path.read_text() for path in (ROOT / "tests" / "e2e").glob("test_*.py")]

    deployed = {name for text in tests for name in re.findall(r"examples/(\w+)\.py", text)}
    assert deployed == {example.stem for example in EXAMPLES} - {"function_in_a_vpc"}
