"""What copies an image: this function, a build before, and the peers that this machine has."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import ROOT

if TYPE_CHECKING:
    from .options import Options

NOTHING_TO_COMPARE = "nothing to compare with: install skopeo, or name a checkout --beside"


@dataclass(frozen=True, kw_only=True)
class Copier:
    """A program that copies an image.

    Args:
        name: its name and version.
        command: its command line, by source and destination.
        idle: a command line that starts it and copies nothing.
    """

    name: str
    command: Callable[[str, str], list[str]]
    idle: list[str]


@dataclass(frozen=True, kw_only=True)
class _Peer:
    """The words of a peer's command lines.

    Args:
        version: for its version.
        copy: for a copy of the image for linux/amd64.
        plain: for registries without TLS.
        at_once: the option for how many layers are copied at once.
        scheme: what stands before an image.
    """

    version: str
    copy: Sequence[str]
    plain: Sequence[str]
    at_once: str
    scheme: str = ""

    def copier(self, program: str, at_once: int | None, *, is_tls: bool) -> Copier:
        """Return the peer as it copies: so many layers at once, or else as many as it does."""
        told = [f"{self.at_once}={at_once}"] if at_once else []
        command = [program, *self.copy, *([] if is_tls else self.plain), *told]
        idle = [program, self.version]
        return Copier(
            name=f"{program} {_version(idle)}{f', {at_once} at once' if at_once else ''}",
            command=lambda source, to: [*command, self.scheme + source, self.scheme + to],
            idle=idle,
        )


# As they come, skopeo copies 6 blobs at once, crane 4 and oras 3.
_PEERS = {
    "skopeo": _Peer(
        version="--version",
        copy=("--override-os=linux", "--override-arch=amd64", "copy"),
        plain=("--src-tls-verify=false", "--dest-tls-verify=false"),
        at_once="--image-parallel-copies",
        scheme="docker://",
    ),
    "crane": _Peer(
        version="version",
        copy=("copy", "--platform=linux/amd64"),
        plain=("--insecure",),
        at_once="--jobs",
    ),
    "oras": _Peer(
        version="version",
        copy=("cp", "--platform=linux/amd64"),
        plain=("--from-plain-http", "--to-plain-http"),
        at_once="--concurrency",
    ),
}


def ours(workers: int, checkout: Path = ROOT) -> Copier:
    """Return the copier of a checkout."""
    # A function has its bytecode too: nothing is compiled at each start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Without this environment's paths: the function has its own.
    command = [sys.executable, "-IS", str(checkout / "benchmarks/copy_once.py"), str(workers)]
    return Copier(
        name=name_of(checkout), command=lambda source, to: [*command, source, to], idle=command
    )


def name_of(checkout: Path) -> str:
    """Return how a table names the build of a checkout."""
    return "this" if checkout == ROOT else checkout.name


def peers(options: Options, *, is_tls: bool = False) -> list[Copier]:
    """Return whom a copy is compared with: a build before, and the peers on this machine."""
    if not options.is_compared:
        raise SystemExit(NOTHING_TO_COMPARE)
    before = [ours(options.workers, options.beside)] if options.beside else []
    there = [
        peer.copier(program, options.peers_workers, is_tls=is_tls)
        for program, peer in _PEERS.items()
        if shutil.which(program)
    ]
    return [*before, *there]


def lacking() -> list[str]:
    """Return the peers that this machine does not have."""
    return [program for program in _PEERS if not shutil.which(program)]


def has_peers() -> bool:
    """Return whether this machine has any of them."""
    return len(lacking()) < len(_PEERS)


def machine() -> str:
    """Return what this is measured on."""
    without = f", without {' and '.join(lacking())}" if lacking() else ""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores{without}"


def _version(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    words = done.stdout.split()
    return next((word for word in words if word.strip("v")[:1].isdigit()), "without a version")
