"""Copies images from one docker-registry to another, side by side with `skopeo copy`.

    python -m benchmarks.copy_image [--small] [--rounds 5] [--workers 4]

Each figure is of a whole process with its cold start. Each run has an empty destination, and
skopeo's blob-info cache is removed first. Runs of the two alternate, and the ratios are medians
over pairs: on loopback absolute times are noise.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Sequence

from .picture import draw
from .runs import IMAGES, ROOT, Run, machine, measured, ours, ratio, skopeo, typical

from docker_registry import DockerRegistry, docker_registry  # isort: skip
from oci_images import Made, push  # isort: skip

WANTED = 0.85


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="leave out 500 MB and 1 GB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=4)
    options, _ = parser.parse_known_args(arguments)
    names = [name for name, (is_small, _) in IMAGES.items() if is_small or not options.small]
    print(machine())
    print(f"idle process: {measured(ours([], options.workers), ()).memory:.0f} MiB\n")
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
        draw(ROOT / "docs/copy.svg", title, list(ratios.items()), wanted=WANTED)
    return 0


def _compare(name: str, made: Made, rounds: int, workers: int) -> tuple[float, str]:
    """Return the ratio of wall times, and a row of the table; `ours / skopeo` in each cell."""
    mine, theirs = [], []
    with docker_registry() as source:
        push(source.host, "web", made, "1")
        for _ in range(rounds):
            mine.append(_run(source, lambda ends: ours(ends, workers)))
            theirs.append(_run(source, skopeo))
    wall = ratio([run.wall for run in mine], [run.wall for run in theirs])
    cpu = ratio([run.cpu for run in mine], [run.cpu for run in theirs])
    our, their = typical(mine), typical(theirs)
    cells = [
        name,
        f"{wall:.2f}",
        f"{cpu:.2f}",
        f"{our.wall:.2f} / {their.wall:.2f}",
        f"{our.cpu:.2f} / {their.cpu:.2f}",
        f"{our.memory:.0f} / {their.memory:.0f}",
        f"{our.requests} / {their.requests}",
    ]
    return wall, f"| {' | '.join(cells)} |"


def _run(source: DockerRegistry, command: Callable[[Sequence[str]], list[str]]) -> Run:
    with docker_registry() as destination:
        ends = f"{source.host}/web:1", f"{destination.host}/sr:1"
        return measured(command(ends), (source, destination))


if __name__ == "__main__":
    sys.exit(main())
