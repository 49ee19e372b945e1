"""Copies images over a network of 20 ms and 75 MB/s, side by side with the peers.

    python -m benchmarks.copy_over_network [--small] [--rounds 3] [--beside CHECKOUT] [--only IMAGE]
        [--delay 20] [--has nothing|most|all] [--peers-workers N]

As `copy_image`, with a network before each of the registries; see `network`. No copy is faster
than the image's bytes at its rate. With `--has` the destination has the image already, or another
one that shares all layers but the uppermost tenth.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .copiers import Copier, machine, ours, peers
from .images import MB, chosen, copied_digest, size_of
from .network import RATE, network, seconds_of_a_get
from .options import Options, options_of
from .runs import (
    Run,
    check_copied,
    compared,
    in_turns,
    mean,
    measured,
    typical,
)

from docker_registry import DockerRegistry, docker_registry  # isort: skip
from oci_images import Made, digest_of, image, push, some_bytes  # isort: skip

_GET = 200 * MB


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = options_of(__doc__, 3, arguments)
    images = chosen(options)
    copiers = [ours(options.workers), *peers(options)]
    print(f"Copies over {options.delay:.0f} ms a request and {RATE / MB:.0f} MB/s each way,")
    print(f"{machine()}; {_plain_gets()}")
    print(f"the destination has {options.has} of the image before\n")
    print("| image | beside | wall | CPU | wall, s | CPU, s | MiB | requests | bytes alone, s |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios: dict[str, dict[str, float]] = {}
    for name, make in images.items():
        made = make()
        alone = size_of(made) / RATE
        runs = _runs(made, copiers, options)
        for peer, theirs in list(zip(copiers, runs, strict=True))[1:]:
            wall, cpu, both = compared(runs[0], theirs)
            requests = f"{typical(runs[0]).requests} / {typical(theirs).requests}"
            row = " | ".join([f"{wall:.2f}", f"{cpu:.2f}", *both, requests, f"{alone:.2f}"])
            ratios.setdefault(peer.name, {})[name] = wall
            print(f"| {name} | {peer.name} | {row} |", flush=True)
    print()
    for peer_name, walls in ratios.items():
        print(f"geometric mean beside {peer_name}: wall {mean(walls.values()):.2f}")
    if options.beside:
        ratios.pop(next(iter(ratios)))  # the build before, which is no peer
    if len(ratios) > 1:
        fastest = [max(found) for found in zip(*map(dict.values, ratios.values()), strict=True)]
        print(
            f"beside the fastest of them in each image: {', '.join(f'{a:.2f}' for a in fastest)};"
        )
        print(f"geometric mean {mean(fastest):.2f}")
    return 0


def _runs(made: Made, copiers: Sequence[Copier], options: Options) -> list[list[Run]]:
    """Return the runs of each copier, in turns."""
    delay = options.delay / 1000
    with docker_registry() as source, network(source.host, delay) as reached:
        push(source.host, "web", made, "1")
        digest = copied_digest(made)

        def run(copier: Copier) -> Run:
            with docker_registry() as destination, network(destination.host, delay) as sent_to:
                _prepare(destination, made, options.has)
                command = copier.command(f"{reached}/web:1", f"{sent_to}/sr:1")
                done = measured(command, (source, destination))
                check_copied(destination, digest, copier)
                return done

        return in_turns(copiers, options.rounds, run)


def _prepare(destination: DockerRegistry, made: Made, has: str) -> None:
    """Push what the destination has before a copy."""
    one = made.manifests[-1] if made.manifests else made
    if has == "all":
        push(destination.host, "sr", one, "before")
    elif has == "most":
        _, *found = one.blobs.values()  # the config comes first
        push(destination.host, "sr", image(*found[: -1 - len(found) // 10]), "before")


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
