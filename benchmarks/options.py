"""The command line that the copies share."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .copiers import has_peers


def checkout(text: str) -> Path:
    """Return a build's folder.

    Without this, Python would find the function that is installed, and measure that one under the
    name of the other.
    """
    folder = Path(text).resolve()
    for part in ("lambda/cdk_lightsail_containers_handler/__init__.py", "benchmarks/copy_once.py"):
        if not (folder / part).is_file():
            raise argparse.ArgumentTypeError(f"'{text}' is no checkout: it has no {part}")
    return folder


def options_of(description: str | None, rounds: int, arguments: Sequence[str] | None) -> Options:
    """Parse the options that the copies share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--small", action="store_true", help="leave out 500 MB and 1 GB")
    parser.add_argument("--rounds", type=_at_least_one, default=rounds)
    ours_at_once = "large layers that the function copies at once; of small ones 4 times as many"
    parser.add_argument("--workers", type=_at_least_one, default=4, help=ours_at_once)
    at_once = "layers that each peer copies at once, otherwise as it comes"
    parser.add_argument("--peers-workers", type=_at_least_one, metavar="N", help=at_once)
    parser.add_argument(
        "--beside", type=checkout, help="a checkout of a build before, compared too"
    )
    parser.add_argument("--only", default="", help="the images whose names have this in them")
    parser.add_argument("--delay", type=float, default=20.0, help="milliseconds a request takes")
    parser.add_argument("--tls", action="store_true", help="copies over loopback with TLS")
    has = "what the destination of a copy over the network has before"
    parser.add_argument("--has", choices=["nothing", "most", "all"], default="nothing", help=has)
    options = Options(**vars(parser.parse_args(arguments)))
    if not shutil.which("docker-registry"):
        parser.error("docker-registry is not installed: images are copied from one to another")
    return options


def _at_least_one(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    small: bool
    rounds: int
    workers: int
    peers_workers: int | None
    beside: Path | None
    only: str
    delay: float
    has: str
    tls: bool

    def includes(self, image: str, *, is_small: bool) -> bool:
        """Return whether an image is measured."""
        return self.only in image and (is_small or not self.small)

    @property
    def is_compared(self) -> bool:
        """Whether there is something to compare a copy with."""
        return self.beside is not None or has_peers()
