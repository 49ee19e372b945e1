"""Runs of whole processes, ours and the peers', measured from outside."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "simulation"), str(ROOT / "tests/support")]

from docker_registry import DockerRegistry  # noqa: E402

# An environment in which boto3 makes clients that reach no account.
NO_ACCOUNT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "000000000000",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}
# A process starts with its parent's peak memory, and this one holds whole images. With real-time
# priority the registries and the network go before the copier: they are other machines. Otherwise
# they may wait 100 ms for their turn.
LAUNCHER = """
import json, os, sys, time
policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
if priority > 1:
    os.sched_setscheduler(0, policy, os.sched_param(priority - 1))
began = time.perf_counter()
child = os.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
took = [time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
print(json.dumps(took), file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)

_PEERS = ("skopeo", "crane", "oras")
NOTHING_TO_COMPARE = "nothing to compare with: install skopeo, or name a checkout --beside"

Command = Callable[[str, str], list[str]]


@dataclass(frozen=True, kw_only=True)
class Copier:
    """A program that copies an image.

    Args:
        name: its name and version.
        command: its command line, by source and destination.
        idle: a command line that starts it and copies nothing.
    """

    name: str
    command: Command
    idle: list[str]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one process took: seconds, CPU seconds, peak MiB and requests."""

    wall: float
    cpu: float
    memory: float
    requests: int


def measured(command: list[str], registries: Sequence[DockerRegistry] = ()) -> Run:
    """Run a command, without what skopeo remembers of the runs before."""
    for cache in _skopeo_cache().glob("blob-info-cache-v1.*"):  # boltdb, since 2023 sqlite
        cache.unlink()
    before = sum(len(registry.requests()) for registry in registries)
    launched = [sys.executable, "-S", "-E", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    time.sleep(0.05)  # the log is written after the answer
    requests = sum(len(registry.requests()) for registry in registries) - before
    wall, cpu, memory = json.loads(done.stderr.splitlines()[-1])
    return Run(wall=wall, cpu=cpu, memory=memory, requests=requests)


def _skopeo_cache() -> Path:
    """Return where skopeo keeps what it knows of blobs; root's folder is closed to others."""
    if os.geteuid() == 0:
        return Path("/var/lib/containers/cache")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(data) / "containers/cache"


def check_copied(registry: DockerRegistry, wanted: str, copier: Copier) -> None:
    """Validate that the same image arrived: a peer that writes another one did other work."""
    connection = HTTPConnection(registry.host, timeout=60)
    try:
        connection.request("HEAD", "/v2/sr/manifests/1", headers={"Accept": _MANIFESTS})
        found = connection.getresponse().getheader("Docker-Content-Digest")
    finally:
        connection.close()
    if found != wanted:
        raise SystemExit(f"{copier.name} copied {found}, not {wanted}")


def ours(workers: int, checkout: Path = ROOT) -> Copier:
    """Return the copier of a checkout."""
    # A function has its bytecode too: nothing is compiled at each start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Without this environment's paths: the function has its own.
    command = [sys.executable, "-IS", str(checkout / "benchmarks/copy_once.py"), str(workers)]
    name = "this" if checkout == ROOT else checkout.name
    return Copier(name=name, command=lambda source, to: [*command, source, to], idle=command)


def peers(options: Options, *, is_tls: bool = False) -> list[Copier]:
    """Return whom a copy is compared with: a build before, and the peers on this machine."""
    found = [ours(options.workers, options.beside)] if options.beside else []
    # Otherwise as they come: skopeo copies 6 blobs at once, crane 4 and oras 3.
    number = options.peers_workers
    at_once = f", {number} at once" if number else ""

    def told(option: str) -> list[str]:
        return [f"{option}={number}"] if number else []

    if shutil.which("skopeo"):
        plain = [] if is_tls else ["--src-tls-verify=false", "--dest-tls-verify=false"]
        skopeo = ["skopeo", "--override-os=linux", "--override-arch=amd64", "copy", *plain]
        skopeo += told("--image-parallel-copies")
        found.append(
            Copier(
                name=f"skopeo {_version('skopeo', '--version')}{at_once}",
                command=lambda source, to: [*skopeo, f"docker://{source}", f"docker://{to}"],
                idle=["skopeo", "--version"],
            )
        )
    if shutil.which("crane"):
        plain = [] if is_tls else ["--insecure"]
        crane = ["crane", "copy", *plain, *told("--jobs"), "--platform=linux/amd64"]
        found.append(
            Copier(
                name=f"crane {_version('crane', 'version')}{at_once}",
                command=lambda source, to: [*crane, source, to],
                idle=["crane", "version"],
            )
        )
    if shutil.which("oras"):
        plain = [] if is_tls else ["--from-plain-http", "--to-plain-http"]
        oras = ["oras", "cp", *plain, *told("--concurrency"), "--platform=linux/amd64"]
        found.append(
            Copier(
                name=f"oras {_version('oras', 'version')}{at_once}",
                command=lambda source, to: [*oras, source, to],
                idle=["oras", "version"],
            )
        )
    if not found:
        raise SystemExit(NOTHING_TO_COMPARE)
    return found


def lacking() -> list[str]:
    """Return the peers that this machine does not have."""
    return [name for name in _PEERS if not shutil.which(name)]


def _version(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    words = done.stdout.split()
    return next((word for word in words if word.strip("v")[:1].isdigit()), "without a version")


def in_turns(
    copiers: Sequence[Copier], rounds: int, run: Callable[[Copier], Run]
) -> list[list[Run]]:
    """Run each copier once a round, there and back, and return the runs of each.

    What becomes slower meanwhile is so for all of them, and none always follows the same other one.
    """
    # Bytecode is written and programs are read from the disk before anything counts.
    for copier in copiers:
        measured(copier.idle)
    runs: list[list[Run]] = [[] for _ in copiers]
    for number in range(rounds):
        pairs = list(zip(copiers, runs, strict=True))
        for copier, done in reversed(pairs) if number % 2 else pairs:
            done.append(run(copier))
    return runs


def compared(mine: Sequence[Run], theirs: Sequence[Run]) -> tuple[float, float, list[str]]:
    """Return the ratios of wall time and CPU, and the cells with seconds and MiB of both."""
    our, their = typical(mine), typical(theirs)
    cells = [
        f"{our.wall:.2f} / {their.wall:.2f}",
        f"{our.cpu:.2f} / {their.cpu:.2f}",
        f"{our.memory:.0f} / {their.memory:.0f}",
    ]
    wall = ratio((run.wall for run in mine), (run.wall for run in theirs))
    cpu = ratio((run.cpu for run in mine), (run.cpu for run in theirs))
    return wall, cpu, cells


def typical(runs: Sequence[Run]) -> Run:
    """Return medians of times, and the maximum of the rest."""
    return Run(
        wall=statistics.median(run.wall for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        memory=max(run.memory for run in runs),
        requests=max(run.requests for run in runs),
    )


def ratio(mine: Iterable[float], theirs: Iterable[float]) -> float:
    """Return the median of the ratios of pairs."""
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def mean(ratios: Iterable[float]) -> float:
    """Return the geometric mean."""
    return math.exp(statistics.fmean(map(math.log, ratios)))


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


def machine() -> str:
    """Return what this is measured on."""
    without = f", without {' and '.join(lacking())}" if lacking() else ""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores{without}"


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
        return self.beside is not None or len(lacking()) < len(_PEERS)
