"""What the package needs, as its own metadata and that of the others say."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "cdk-lightsail-containers"


def required(extra: str = "") -> list[str]:
    """Return the names of all that is installed along with the package and an extra, sorted."""
    found: set[str] = set()
    waiting = list(_requirements(PACKAGE, extra))
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in found:
            found.add(name)
            for one in ("", *requirement.extras):
                waiting += _requirements(name, one)
    return sorted(found)


def _requirements(name: str, extra: str) -> Iterator[Requirement]:
    """Return what a distribution needs directly, on this machine and this Python."""
    for text in importlib.metadata.requires(name) or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement
