"""Copies images over a network of 20 ms and 75 MB/s, side by side with `skopeo copy`.

    python -m benchmarks.copy_over_network [--small] [--network-rounds 3]

As `copy_image`, with a network before each of the registries; see `network`. Nobody is faster than
the image's bytes at its rate.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Sequence

from .network import DELAY, RATE, network, seconds_of_a_get
from .picture import draw
from .runs import IMAGES, MB, ROOT, Run, measured, ours, ratio, skopeo, typical

from docker_registry import DockerRegistry, docker_registry  # isort: skip
from oci_images import Made, digest_of, image, push, some_bytes  # isort: skip

WORKERS = (4, 8)
_GET = 200 * MB


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="leave out 500 MB and 1 GB")
    parser.add_argument("--network-rounds", type=int, default=3)
    options, _ = parser.parse_known_args(arguments)
    names = [name for name, (is_small, _) in IMAGES.items() if is_small or not options.small]
    print(f"{DELAY * 1000:.0f} ms a request, {RATE / MB:.0f} MB/s each way; {_plain_gets()}\n")
    print("| image | wall, 4 workers | wall, 8 workers | wall, s | CPU, s | MiB | bytes alone, s |")
    print("|---|---|---|---|---|---|---|")
    ratios: dict[str, list[float]] = {}
    least = []
    for name in names:
        ratios[name], network_alone, row = _compare(name, IMAGES[name][1](), options.network_rounds)
        least.append(network_alone)
        print(row, flush=True)
    means = [
        math.exp(statistics.fmean(math.log(walls[number]) for walls in ratios.values()))
        for number in range(len(WORKERS))
    ]
    said = ", ".join(f"{mean:.2f} with {n}" for mean, n in zip(means, WORKERS, strict=True))
    print(f"\nwall, geometric mean: {said}")
    if not options.small:
        title = f"Over 20 ms and 75 MB/s, geometric mean {means[0]:.2f}; dark: the bytes alone"
        rows = [(name, walls[0]) for name, walls in ratios.items()]
        draw(ROOT / "docs/copy-network.svg", title, rows, least=least)
    return 0


def _compare(name: str, made: Made, rounds: int) -> tuple[list[float], float, str]:
    """Return the ratios of wall times, that of the bytes alone, and a row of the table.

    In a row's cells: 4 workers, 8 and skopeo.
    """
    runs: list[list[Run]] = [[], [], []]
    commands: list[Callable[[Sequence[str]], list[str]]] = [
        *(lambda ends, workers=workers: ours(ends, workers) for workers in WORKERS),
        skopeo,
    ]
    with docker_registry() as source, network(source.host) as reached:
        push(source.host, "web", made, "1")
        for _ in range(rounds):
            for command, done in zip(commands, runs, strict=True):
                done.append(_run(source, reached, command))
    walls = [[run.wall for run in done] for done in runs]
    ratios = [ratio(mine, walls[-1]) for mine in walls[:-1]]
    shown = [typical(done) for done in runs]
    amd64 = made.manifests[-1] if made.manifests else made
    least = sum(map(len, amd64.blobs.values())) / RATE
    cells = [
        name,
        *(f"{one:.2f}" for one in ratios),
        " / ".join(f"{run.wall:.2f}" for run in shown),
        " / ".join(f"{run.cpu:.2f}" for run in shown),
        " / ".join(f"{run.memory:.0f}" for run in shown),
        f"{least:.2f}",
    ]
    return ratios, least / shown[-1].wall, f"| {' | '.join(cells)} |"


def _run(
    source: DockerRegistry, reached: str, command: Callable[[Sequence[str]], list[str]]
) -> Run:
    with docker_registry() as destination, network(destination.host) as sent_to:
        return measured(command((f"{reached}/web:1", f"{sent_to}/sr:1")), (source, destination))


def _plain_gets() -> str:
    """Return how fast a plain GET is, with the limits and without."""
    blob = some_bytes(_GET, "get")
    with docker_registry() as registry:
        push(registry.host, "web", image(blob), "1")
        path = f"/v2/web/blobs/{digest_of(blob)}"
        direct = seconds_of_a_get(registry.host, path)
        with network(registry.host, is_limited=False) as free, network(registry.host) as limited:
            unlimited, within = seconds_of_a_get(free, path), seconds_of_a_get(limited, path)
    rates = [f"{_GET / MB / seconds:.0f}" for seconds in (within, unlimited, direct)]
    return (
        f"a plain GET comes with {rates[0]} MB/s, through the same proxy without limits with "
        f"{rates[1]}, without a proxy with {rates[2]}"
    )


if __name__ == "__main__":
    sys.exit(main())
