"""How the processes are run that are measured."""

import os
from pathlib import Path

import pytest
from benchmarks import copiers, images, runs
from benchmarks.options import options_of

PROGRAMS = {
    "skopeo": 'case "$1" in --version) echo "skopeo version 1.22.0";; esac',
    "crane": 'case "$1" in version) echo "0.20.7";; esac',
    "oras": 'case "$1" in version) echo "Version:        1.3.3";; esac',
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of peers that do nothing, the only ones of this machine."""
    for name, script in {**PROGRAMS, "docker-registry": ""}.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_peers_copy_as_many_layers_at_once_as_they_do_by_themselves(programs: Path) -> None:
    found = copiers.peers(options_of(None, 1, []))
    assert [one.name for one in found] == ["skopeo 1.22.0", "crane 0.20.7", "oras 1.3.3"]
    words = [word for one in found for word in one.command("a", "b")]
    assert not [word for word in words if word.startswith(("--jobs", "--conc", "--image-par"))]


def test_peers_are_told_how_many_layers_to_copy_at_once(programs: Path) -> None:
    found = copiers.peers(options_of(None, 1, ["--peers-workers", "16"]))
    assert [one.name.partition(", ")[2] for one in found] == ["16 at once"] * 3
    options = ["--image-parallel-copies=16", "--jobs=16", "--concurrency=16"]
    for one, option in zip(found, options, strict=True):
        command = one.command("a", "b")
        assert option in command[command.index("copy" if "copy" in command else "cp") :]


@pytest.mark.parametrize("name", ["blob-info-cache-v1.boltdb", "blob-info-cache-v1.sqlite"])
def test_skopeo_remembers_nothing_of_the_run_before(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "containers/cache"
    folder.mkdir(parents=True)
    (folder / name).touch()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    runs.measured(["true"])
    assert not list(folder.iterdir())


def test_root_has_a_cache_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_DATA_HOME", "/of/a/user")
    assert runs._skopeo_cache() == Path("/var/lib/containers/cache")


def test_what_is_lacking_is_named(programs: Path) -> None:
    assert "without" not in copiers.machine()
    (programs / "crane").unlink()
    (programs / "oras").unlink()
    assert copiers.machine().endswith(", without crane and oras")
    options = options_of(None, 1, [])
    assert options.is_compared
    (programs / "skopeo").unlink()
    assert not options.is_compared
    with pytest.raises(SystemExit, match="nothing to compare with"):
        copiers.peers(options)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rounds", "0"], "at least 1"),
        (["--workers", "0"], "at least 1"),
        ([], "docker-registry is not installed"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(
    words: list[str], message: str, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not words:
        (programs / "docker-registry").unlink()
    with pytest.raises(SystemExit, match="2"):
        options_of(None, 1, words)
    assert message in capsys.readouterr().err


def test_so_is_an_image_that_there_is_not(programs: Path) -> None:
    options = options_of(None, 1, ["--small", "--only", "1 x 500"])
    with pytest.raises(SystemExit, match="no such image: 1 x 500; there are 5 x 10 MB, "):
        images.chosen(options)
    assert list(images.chosen(options_of(None, 1, ["--only", "40 x"]))) == ["40 x 1 MB"]


def test_copiers_start_once_before_they_count_and_take_turns_there_and_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []
    nothing = runs.Run(wall=1, cpu=1, memory=1, requests=0)

    def idle(command: list[str]) -> runs.Run:
        ran.append(f"idle {command[0]}")
        return nothing

    def run(copier: copiers.Copier) -> runs.Run:
        ran.append(copier.name)
        return nothing

    monkeypatch.setattr(runs, "measured", idle)
    both = [copiers.Copier(name=name, command=lambda a, b: [a, b], idle=[name]) for name in "ab"]
    found = runs.in_turns(both, 3, run)
    assert ran == ["idle a", "idle b", "a", "b", "b", "a", "a", "b"]
    assert [len(of_one) for of_one in found] == [3, 3]
