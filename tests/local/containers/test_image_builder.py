"""Which program builds the images of a deploy."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightsail_local.containers.image_builder import find_image_builder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all programs that there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def write(program: Path, status: int) -> None:
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && exit {status}\n')
    program.chmod(0o700)


def test_it_is_the_first_that_answers(programs: Path) -> None:
    write(programs / "docker", 1)  # Its daemon is not there.
    write(programs / "podman", 0)
    write(programs / "nerdctl", 0)

    assert find_image_builder() == str(programs / "podman")


def test_it_is_none_where_none_answers(programs: Path) -> None:
    write(programs / "docker", 1)

    assert find_image_builder() == ""
