"""What is measured of a build before."""

import shutil
from pathlib import Path

import pytest
from benchmarks import options, own_time

PARTS = ["lambda/cdk_lightsail_containers_handler/__init__.py", "benchmarks/copy_once.py"]


def make(folder: Path, parts: list[str]) -> Path:
    for part in parts:
        file = folder / part
        file.parent.mkdir(parents=True)
        file.write_text("raise SystemExit('this is the build before')")
    return folder


@pytest.mark.parametrize("parts", [[], PARTS[:1], PARTS[1:]])
def test_a_folder_that_is_no_checkout_is_refused_before_anything_is_measured(
    parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--beside", str(make(tmp_path / "before", parts))]
    with pytest.raises(SystemExit, match="2"):
        own_time.main(words)
    with pytest.raises(SystemExit, match="2"):
        options.options_of(None, 1, words)
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.count("is no checkout: it has no ") == 2


def test_the_function_of_that_folder_is_measured(tmp_path: Path) -> None:
    before = make(tmp_path / "before", PARTS)
    with pytest.raises(SystemExit, match=r"(?s)before could not be measured: .*the build before"):
        own_time._measured_apart(before)


def test_a_checkout_is_named_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make(tmp_path / "before", PARTS)
    monkeypatch.chdir(before)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    assert options.options_of(None, 1, ["--beside", "."]).beside == before
