#!/usr/bin/env python3
"""Plays the Docker command line as the CDK's calls it, where there is no engine.

It builds nothing: what it pushes is an image that a test has made. It pushes that as Docker does,
with the login that it was given.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oci_images import Made

_FOLDER = "FAKE_IMAGE_BUILDER"


@dataclass(frozen=True)
class FakeImageBuilder:
    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes the CDK's command line use it."""
        program = self.folder / "builder"
        if not program.exists():
            path = os.pathsep.join(path for path in sys.path if path)
            program.write_text(
                f"#!/bin/sh\nPYTHONPATH='{path}' {_FOLDER}={self.folder} "
                f'exec "{sys.executable}" "{__file__}" "$@"\n'
            )
            program.chmod(0o700)
        return {"CDK_DOCKER": str(program)}

    def build(self, made: Made) -> None:
        """Build this for any build that it is asked for."""
        (self.folder / "image").write_bytes(pickle.dumps(made))

    def commands(self, command: str) -> list[list[str]]:
        """Return the arguments of each command of a kind that it was given."""
        lines = [json.loads(line) for line in (self.folder / "commands").read_text().splitlines()]
        return [arguments for name, *arguments in lines if name == command]


def main(command: str, *arguments: str) -> int:
    folder = Path(os.environ[_FOLDER])
    with (folder / "commands").open("a") as commands:
        commands.write(json.dumps([command, *arguments]) + "\n")
    if command == "inspect":
        return 1  # there is no such image yet
    if command == "login":
        user = arguments[arguments.index("--username") + 1]
        login = base64.b64encode(f"{user}:{sys.stdin.read()}".encode()).decode()
        (folder / "login").write_text(json.dumps([arguments[-1], login]))
    if command == "push":
        push(folder, arguments[-1])
    return 0


def push(folder: Path, reference: str) -> None:
    """Push the image to where the last login was."""
    from ecr_client import EcrClient  # noqa: PLC0415 - the other commands need it not

    host, login = json.loads((folder / "login").read_text())
    registry, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    assert registry == host, (reference, host)
    made = pickle.loads((folder / "image").read_bytes())  # noqa: S301 - the test's own
    client = EcrClient(host, Path(os.environ["SSL_CERT_FILE"]), login)
    pushed = client.push(repository, made, tag)
    assert pushed.status == 201, pushed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
