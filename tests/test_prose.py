"""The words to avoid are found in prose, comments and names, and nowhere else."""

import subprocess
import sys
from pathlib import Path

import pytest
from demo.cdk_program import ROOT

# Cut in two, so that the check holds for this file too.
NO_ONE, FIX, TEXT, HAVE = (
    word.replace("|", "") for word in ("no|body", "m|end", "a te|xt", "Ha|ve")
)


def prose(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prose", *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    "line",
    [
        f"{FIX}ed, it works",
        f'"""Return what {NO_ONE} else has."""',
        f"def test_{NO_ONE}_asks() -> None: ...",
        f"The value is {TEXT} that is short.",
        f"# it is {TEXT.replace(' ', chr(10) + '# ')}",
        f'"""{HAVE} it go on."""',
    ],
)
def test_finds_a_word_in_a_sentence_a_name_and_across_lines(line: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"\n{line}\n")

    found = prose(tmp_path)

    assert found.returncode == 1
    assert found.stdout.startswith(f"{tmp_path}/module.py:2: ")
    assert ": write " in found.stdout


@pytest.mark.parametrize("line", ["recommended", "amendment", f"{TEXT} file", "They have it."])
def test_leaves_other_words_alone(line: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(line)

    assert prose(tmp_path).stdout == ""


def test_reads_a_file_of_another_kind_only_by_its_name(tmp_path: Path) -> None:
    other = tmp_path / "data.json"
    other.write_text(FIX)

    assert prose(tmp_path).returncode == 0
    assert prose(other).returncode == 1


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    assert f"{tmp_path / 'none'} does not exist" in prose(tmp_path / "none").stderr
