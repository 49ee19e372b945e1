"""Runs of whole processes, ours and the peers', measured from outside."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from .copiers import Copier

from docker_registry import DockerRegistry  # isort: skip

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
