"""Copies images from one docker-registry to another, side by side with the peers.

    python -m benchmarks.copy_image [--small] [--tls] [--rounds 5] [--beside CHECKOUT]
        [--only IMAGE] [--peers-workers N]

Peers are skopeo, crane and oras, as far as this machine has them, and the build of another
checkout. Each measurement is of a whole process with its cold start. Each run has an empty
destination, which must have the source's digest afterwards, and skopeo's blob-info cache is
removed first. Each copier has started once before. Each peer copies as many layers at once as it
does by itself; with `--peers-workers` as many as are named. Runs alternate, there and back, and
the ratios are medians over pairs: on loopback absolute times are noise.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from unittest import mock

from .copiers import Copier, machine, ours, peers
from .images import chosen, copied_digest
from .options import options_of
from .runs import (
    Run,
    check_copied,
    compared,
    in_turns,
    mean,
    measured,
    ratio,
    typical,
)

from certificates import certificate  # isort: skip
from docker_registry import DockerRegistry, docker_registry, over_tls  # isort: skip
from oci_images import Made, push  # isort: skip

Reaching = Callable[[DockerRegistry], AbstractContextManager[DockerRegistry]]

IDLE_ROUNDS = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = options_of(__doc__, 5, arguments)
    images = chosen(options)
    copiers = [ours(options.workers), *peers(options, is_tls=options.tls)]
    idle = list(map(typical, in_turns(copiers, IDLE_ROUNDS, lambda one: measured(one.idle))))
    print(f"Copies over loopback{', TLS' if options.tls else ''}, {machine()}")
    for copier, alone in zip(copiers, idle, strict=True):
        print(f"idle process of {copier.name}: {alone.wall:.3f} s, {alone.memory:.0f} MiB")
    print("\nratios, ours / peer; in the last four columns the values of both\n")
    print("| image | beside | wall | wall less idle | CPU | wall, s | CPU, s | MiB | requests |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios: dict[str, dict[str, tuple[float, float, float]]] = {}
    for name, make in images.items():
        with _reaching(is_tls=options.tls) as reached:
            runs = _runs(make(), copiers, options.rounds, reached)
        for peer, theirs, their_idle in list(zip(copiers, runs, idle, strict=True))[1:]:
            found, row = _compared(runs[0], theirs, idle[0], their_idle)
            ratios.setdefault(peer.name, {})[name] = found
            print(f"| {name} | {peer.name} | {row} |", flush=True)
    print()
    for peer_name, found_by_image in ratios.items():
        means = [mean(values) for values in zip(*found_by_image.values(), strict=True)]
        print(
            f"geometric mean beside {peer_name}: wall {means[0]:.2f}, less idle {means[1]:.2f}, "
            f"CPU {means[2]:.2f}"
        )
    return 0


@contextmanager
def _reaching(*, is_tls: bool) -> Iterator[Reaching]:
    """Return how registries are reached: as they are, or over TLS that all copiers verify."""
    if not is_tls:
        yield nullcontext
        return
    name = socket.gethostname()
    if socket.gethostbyname(name) != "127.0.0.1":
        raise SystemExit(f"TLS needs a name of 127.0.0.1 other than localhost, '{name}' is none")
    with tempfile.TemporaryDirectory() as folder:
        made = certificate(Path(folder), name)
        trusted = Path(folder) / "trusted.pem"
        trusted.write_text(_authorities() + made.certificate.read_text())
        # As before afterwards: what is measured next is not to look for a file that is gone.
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(trusted)):
            yield lambda registry: over_tls(registry, name, made)


def _authorities() -> str:
    """Return the certificates that this machine trusts.

    A copier reads all of them before its first request, and that takes Python longer than Go: with
    the registry's certificate alone, each copy would look cheaper than it is, ours most of all.
    """
    file = ssl.get_default_verify_paths().cafile
    if file is None:
        raise SystemExit("TLS needs the system's authorities in one file, as ca-certificates has")
    return Path(file).read_text()


def _runs(made: Made, copiers: Sequence[Copier], rounds: int, reached: Reaching) -> list[list[Run]]:
    """Return the runs of each copier, in turns."""
    with docker_registry() as plain, reached(plain) as source:
        push(plain.host, "web", made, "1")
        digest = copied_digest(made)

        def run(copier: Copier) -> Run:
            with docker_registry() as stored, reached(stored) as destination:
                command = copier.command(f"{source.host}/web:1", f"{destination.host}/sr:1")
                done = measured(command, (source, destination))
                check_copied(stored, digest, copier)
                return done

        return in_turns(copiers, rounds, run)


def _compared(
    mine: Sequence[Run], theirs: Sequence[Run], my_idle: Run, their_idle: Run
) -> tuple[tuple[float, float, float], str]:
    """Return the ratios of wall time, wall time less idle and CPU, and the cells of a row."""
    wall, cpu, both = compared(mine, theirs)
    less_idle = ratio(_less(my_idle, mine), _less(their_idle, theirs))
    requests = f"{typical(mine).requests} / {typical(theirs).requests}"
    cells = [f"{wall:.2f}", f"{less_idle:.2f}", f"{cpu:.2f}", *both, requests]
    return (wall, less_idle, cpu), " | ".join(cells)


def _less(idle: Run, runs: Sequence[Run]) -> list[float]:
    # A busy machine can make a copy of little look shorter than an idle process.
    return [max(run.wall - idle.wall, 0.001) for run in runs]


if __name__ == "__main__":
    sys.exit(main())
