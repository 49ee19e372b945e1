"""Runs of whole processes, ours and `skopeo copy`, measured from outside."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "simulation"), str(ROOT / "tests/support")]

from docker_registry import DockerRegistry  # noqa: E402
from oci_images import Made, image, layers, multi_arch  # noqa: E402

MB = 1_000_000
SKOPEO_CACHES = (
    Path("/var/lib/containers/cache/blob-info-cache-v1.boltdb"),
    Path.home() / ".local/share/containers/cache/blob-info-cache-v1.boltdb",
)
# A process starts with its parent's peak memory, and this one holds whole images.
LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
child = os.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
figures = [time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
print(json.dumps(figures), file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
IMAGES: dict[str, tuple[bool, Callable[[], Made]]] = {
    "5 x 10 MB": (True, lambda: image(*layers(5, 10 * MB, "a"))),
    "200 MB in 8 layers": (True, lambda: image(*layers(8, 25 * MB, "b"))),
    "1 x 500 MB": (False, lambda: image(*layers(1, 500 * MB, "c"))),
    "40 x 1 MB": (True, lambda: image(*layers(40, MB, "d"))),
    "index, amd64 and arm64": (True, lambda: multi_arch(*layers(6, 8 * MB, "e"))),
    "10 x 100 MB": (False, lambda: image(*layers(10, 100 * MB, "f"))),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one process took: seconds, CPU seconds, peak MiB and requests."""

    wall: float
    cpu: float
    memory: float
    requests: int


def measured(command: list[str], registries: Sequence[DockerRegistry]) -> Run:
    """Run a command, without what skopeo remembers of the runs before."""
    for cache in SKOPEO_CACHES:
        cache.unlink(missing_ok=True)
    before = sum(len(registry.requests()) for registry in registries)
    launched = [sys.executable, "-S", "-E", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    time.sleep(0.05)  # the log is written after the answer
    requests = sum(len(registry.requests()) for registry in registries) - before
    wall, cpu, memory = json.loads(done.stderr.splitlines()[-1])
    return Run(wall=wall, cpu=cpu, memory=memory, requests=requests)


def ours(references: Sequence[str], workers: int) -> list[str]:
    """Return our command; without references it only loads everything."""
    return [sys.executable, str(ROOT / "benchmarks/copy_once.py"), str(workers), *references]


def skopeo(references: Sequence[str]) -> list[str]:
    """Return skopeo's command."""
    source, destination = references
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    one = ["--override-os=linux", "--override-arch=amd64"]
    return ["skopeo", *one, "copy", *plain, f"docker://{source}", f"docker://{destination}"]


def typical(runs: Sequence[Run]) -> Run:
    """Return medians of times, and the most of the rest."""
    return Run(
        wall=statistics.median(run.wall for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        memory=max(run.memory for run in runs),
        requests=max(run.requests for run in runs),
    )


def ratio(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of pairs."""
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def machine() -> str:
    """Return what this is measured with."""
    command = ["skopeo", "--version"]
    peer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    python = f"Python {platform.python_version()}"
    return f"{python} against {peer.stdout.strip()}, {os.cpu_count()} cores, ours / skopeo"
