"""The program that `cdk deploy` builds images with."""

from __future__ import annotations

import socket
import subprocess  # nosec B404 # each call says what it runs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .container_engine import ENGINES, installed_engines

_INFO = {"podman": "{{.Host.Hostname}}"}


@dataclass(frozen=True, kw_only=True)
class ImageBuilder:
    """An engine that builds images.

    Args:
        program: its program.
        is_remote: whether it runs on another machine, such as a virtual one, and so cannot push to
            this computer's 127.0.0.1.
    """

    program: str
    is_remote: bool = False

    @classmethod
    def of(cls, program: str) -> ImageBuilder:
        """Return an engine, once it is asked where it runs."""
        name = Path(program).name
        # Only one that has a server may run elsewhere. `podman info` takes half a second on Debian,
        # where it asks dpkg for the versions of all that it calls.
        if name == "podman" and "Server:" not in _run(program, "version").stdout:
            return cls(program=program)
        template = _INFO.get(name, "{{.Name}}")
        shown = _run(program, "info", "--format", template)
        host = shown.stdout.strip()
        return cls(program=program, is_remote=bool(host) and host != socket.gethostname())


def find_image_builder(names: Sequence[str] = ENGINES) -> ImageBuilder | None:
    """Return the first engine that answers, even one that starts no containers; None for none."""
    for program, _ in installed_engines(names):
        # Of a client without its daemon it ends with an error; `--version` does not.
        if _run(program, "version").returncode == 0:
            return ImageBuilder.of(program)
    return None


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # nosec B603  # noqa: S603 - the user's own engine
        [program, *arguments], capture_output=True, text=True, check=False
    )
