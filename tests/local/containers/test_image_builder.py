"""Which program builds the images of a deploy, and whether it can push to this computer."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lightsail_local.containers.image_builder import ImageBuilder, find_image_builder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all programs that there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def write(program: Path, status: int, host: str = "", server: str = "Server:") -> str:
    """Write an engine that answers, or does not, and says the name of its machine."""
    name = "{{.Host.Hostname}}" if program.name == "podman" else "{{.Name}}"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo {program.name} version 1\n'
        f'[ "$1" = version ] && echo "{server}" && exit {status}\n'
        f'[ "$*" = "info --format {name}" ] && echo {host}\n'
    )
    program.chmod(0o700)
    return str(program)


def test_it_is_the_first_that_answers(programs: Path) -> None:
    write(programs / "docker", 1)  # Its daemon is not there.
    podman = write(programs / "podman", 0, socket.gethostname())
    write(programs / "nerdctl", 0)

    assert find_image_builder() == ImageBuilder(program=podman, is_remote=False)


def test_it_is_none_where_none_answers(programs: Path) -> None:
    write(programs / "docker", 1)

    assert find_image_builder() is None


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_one_of_another_machine_is_remote(programs: Path, name: str) -> None:
    assert ImageBuilder.of(write(programs / name, 0, "docker-desktop")).is_remote


def test_podman_without_a_server_is_of_this_computer(programs: Path) -> None:
    podman = write(programs / "podman", 0, "a name that is not asked for", server="")

    assert not ImageBuilder.of(podman).is_remote


def test_one_that_does_not_say_where_it_runs_is_of_this_computer(programs: Path) -> None:
    assert not ImageBuilder.of(write(programs / "docker", 0)).is_remote
