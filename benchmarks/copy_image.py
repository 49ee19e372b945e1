"""Copies images from one docker-registry to another, side by side with `skopeo copy`.

    python -m benchmarks.copy_image [--small] [--rounds 5] [--workers 4]

Each figure is of a whole process with its cold start. Each run has an empty destination, and
skopeo's blob-info cache is removed first. Runs of the two alternate, and the ratios are medians
over pairs: on loopback absolute times are noise.
"""

from __future__ import annotations

import argparse
import json
import math
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
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from benchmarks.picture import draw  # noqa: E402
from docker_registry import DockerRegistry, docker_registry  # noqa: E402
from oci_images import Made, image, layers, multi_arch, push  # noqa: E402

MB = 1_000_000
WANTED = 0.85
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="leave out 500 MB and 1 GB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args(arguments)
    names = [name for name, (is_small, _) in IMAGES.items() if is_small or not options.small]
    print(_machine())
    print(f"idle process: {_measured(_ours([], options.workers), ()).memory:.0f} MiB\n")
    print("| image | wall | CPU | wall, s | CPU, s | MiB | requests |")
    print("|---|---|---|---|---|---|---|")
    ratios = {}
    for name in names:
        ratios[name], row = _compare(name, IMAGES[name][1](), options.rounds, options.workers)
        print(row, flush=True)
    mean = math.exp(statistics.fmean(map(math.log, ratios.values())))
    print(f"\nwall, geometric mean: {mean:.2f}")
    if not options.small:
        title = f"Time of a copy beside skopeo's, geometric mean {mean:.2f}"
        draw(ROOT / "docs/copy.svg", title, list(ratios.items()), WANTED)
    return 0


def _compare(name: str, made: Made, rounds: int, workers: int) -> tuple[float, str]:
    """Return the ratio of wall times, and a row of the table; `ours / skopeo` in each cell."""
    ours, skopeo = [], []
    with docker_registry() as source:
        push(source.host, "web", made, "1")
        for _ in range(rounds):
            ours.append(_run(source, lambda *ends: _ours(ends, workers)))
            skopeo.append(_run(source, _skopeo))
    wall = statistics.median(a.wall / b.wall for a, b in zip(ours, skopeo, strict=True))
    cpu = statistics.median(a.cpu / b.cpu for a, b in zip(ours, skopeo, strict=True))
    mine, theirs = _typical(ours), _typical(skopeo)
    cells = [
        name,
        f"{wall:.2f}",
        f"{cpu:.2f}",
        f"{mine.wall:.2f} / {theirs.wall:.2f}",
        f"{mine.cpu:.2f} / {theirs.cpu:.2f}",
        f"{mine.memory:.0f} / {theirs.memory:.0f}",
        f"{mine.requests} / {theirs.requests}",
    ]
    return wall, f"| {' | '.join(cells)} |"


def _run(source: DockerRegistry, command: Callable[..., list[str]]) -> Run:
    for cache in SKOPEO_CACHES:
        cache.unlink(missing_ok=True)
    with docker_registry() as destination:
        ends = f"{source.host}/web:1", f"{destination.host}/sr:1"
        return _measured(command(*ends), (source, destination))


def _measured(command: list[str], registries: Sequence[DockerRegistry]) -> Run:
    before = sum(len(registry.requests()) for registry in registries)
    launched = [sys.executable, "-S", "-E", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    time.sleep(0.05)  # the log is written after the answer
    requests = sum(len(registry.requests()) for registry in registries) - before
    wall, cpu, memory = json.loads(done.stderr.splitlines()[-1])
    return Run(wall=wall, cpu=cpu, memory=memory, requests=requests)


def _ours(references: Sequence[str], workers: int) -> list[str]:
    return [sys.executable, str(ROOT / "benchmarks/copy_once.py"), str(workers), *references]


def _skopeo(source: str, destination: str) -> list[str]:
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    one = ["--override-os=linux", "--override-arch=amd64"]
    return ["skopeo", *one, "copy", *plain, f"docker://{source}", f"docker://{destination}"]


def _typical(runs: Sequence[Run]) -> Run:
    return Run(
        wall=statistics.median(run.wall for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        memory=max(run.memory for run in runs),
        requests=max(run.requests for run in runs),
    )


def _machine() -> str:
    command = ["skopeo", "--version"]
    peer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    python = f"Python {platform.python_version()}"
    return f"{python} against {peer.stdout.strip()}, {os.cpu_count()} cores, ours / skopeo"


if __name__ == "__main__":
    sys.exit(main())
