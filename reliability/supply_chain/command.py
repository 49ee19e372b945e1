"""Look at what is installed along with the package: `audit`, `licences` or `sbom`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from . import audit, licences, sbom

_PARTS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "audit": audit.main,
    "licences": licences.main,
    "sbom": sbom.main,
}


def main(arguments: Sequence[str]) -> int:
    """Run a part."""
    parser = argparse.ArgumentParser(prog="python -m reliability supply-chain", description=__doc__)
    parser.add_argument("part", choices=_PARTS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    return _PARTS[given.part](given.arguments)
