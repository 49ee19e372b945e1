"""The documents: their links lead somewhere, and what they print can be pasted."""

import os
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from demo.cdk_program import ROOT

README = ROOT / "README.md"
CI = ROOT / "docs" / "ci.md"
FOLDERS = ("*.md", "docs/*.md", "findings/*.md", "tests/**/README.md", ".github/*.md")
DOCUMENTS = sorted(document for folder in FOLDERS for document in ROOT.glob(folder))
# A stack of an app for each block, and what the block makes in it. A process takes seconds to
# start, so one does all.
APPS = """
import runpy, sys, traceback
import aws_cdk
make = aws_cdk.App
for name in sys.argv[1:]:
    aws_cdk.App = lambda: make(outdir=f"{name}.out")
    try:
        stack = aws_cdk.Stack(aws_cdk.App(), "Stack")
        stack = runpy.run_path(f"{name}.py", {"stack": stack})["stack"]
        make.of(stack).synth()
    except Exception:
        traceback.print_exc()
"""
# Pages of the repository's host, not files of the repository.
HOSTED = "../../actions/"


def without_code(text: str) -> str:
    return re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", text)


def links(document: Path) -> Iterator[str]:
    """Yield the links to files and headings of this repository."""
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text())):
        if "://" not in link and not link.startswith(HOSTED):
            yield link


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text())
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", document.read_text())


def commands(document: Path) -> Iterator[str]:
    """Yield the commands of the shell blocks, each with its continued lines."""
    for block in blocks(document, "console"):
        yield from re.findall(r"(?m)^\$ ((?:.*\\\n)*.*)$", block)


COMMANDS = [(one.name, command) for one in DOCUMENTS for command in commands(one)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    for link in links(document):
        name, _, anchor = unquote(link).partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_page_leads_to_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}

    assert {*ROOT.glob("docs/*.md")} - {index} <= linked


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 180


PYTHON_BLOCKS = dict(enumerate([*blocks(README, "python"), *blocks(CI, "python")]))


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of what the blocks synthesize, and the errors of those that do not."""
    folder: Path = tmp_path_factory.mktemp("blocks")
    (folder / "site").mkdir()
    (folder / "site" / "Dockerfile").write_text("FROM scratch\n")
    (folder / "index.json").write_text("{}")
    with tarfile.open(folder / "site.tar", "w") as archive:
        archive.add(folder / "index.json", "index.json")
    for number, block in PYTHON_BLOCKS.items():
        (folder / f"{number}.py").write_text(block)

    # In a process of its own, whose folder is the CDK's too.
    command = [sys.executable, "-c", APPS, *map(str, PYTHON_BLOCKS)]
    run = subprocess.run(command, cwd=folder, check=True, stderr=subprocess.PIPE, text=True)
    return folder, run.stderr


@pytest.mark.parametrize("number", PYTHON_BLOCKS)
def test_each_python_block_synthesizes_as_printed(
    synthesized: tuple[Path, str], number: int
) -> None:
    folder, errors = synthesized

    templates = [path.read_text() for path in (folder / f"{number}.out").rglob("*.template.json")]
    assert any('"Custom::LightsailContainerServiceDeployment"' in one for one in templates), errors


def test_every_python_block_is_tried() -> None:
    assert len(blocks(README, "python")) == README.read_text().count("```python") == 6
    assert len(blocks(CI, "python")) == CI.read_text().count("```python") == 2


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_each_command_is_one_that_a_shell_and_its_program_take(document: str, command: str) -> None:
    """Parse, not run: what needs an account, Docker or minutes is run by tests of its own."""
    subprocess.run(["bash", "-n", "-c", command], check=True)
    program, *arguments = shlex.split(command, comments=True)
    if program == "make":
        subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)
    if local := re.search(r"lightsail-local( [a-z][^)\"]*)", command.partition("#")[0]):
        subcommand, *options = shlex.split(local[1])
        module = [sys.executable, "-m", "lightsail_local", subcommand, "--help"]
        shown = subprocess.run(module, check=True, capture_output=True, text=True).stdout
        assert [one for one in options if one.startswith("--") and one not in shown] == []
    if "npx cdk deploy" in command:
        app = (ROOT / "app.py").read_text()
        for key in re.findall(r"-c (\w+)=", command):
            assert f'"{key}"' in app


@pytest.mark.parametrize(
    "command", [one for name, one in COMMANDS if name == "README.md" and one.startswith("pip ")]
)
def test_each_way_to_install_is_one_that_pip_takes(command: str, tmp_path: Path) -> None:
    if "git+" in command and not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    # pip takes no space in a URL.
    checkout = tmp_path / "checkout"
    checkout.symlink_to(ROOT)
    # Only resolved and built, with the build tool that is here, and without the dependencies.
    options = "--dry-run --no-deps --no-build-isolation --no-index --quiet"
    run = subprocess.run(
        ["bash", "-c", f"{shlex.quote(sys.executable)} -m {command.partition('#')[0]} {options}"],
        cwd=checkout,
        env={**os.environ, "PWD": str(checkout)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 0, run.stderr
