"""A step of the product, as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Step:
    """A step of the product, and what came of it.

    Args:
        title: what was done.
        seconds: how long the command took.
        results: what came out.
        is_right: whether it came out as it should.
        parts: how long our resources took, by type.
    """

    title: str
    seconds: float = 0.0
    results: list[str] = field(default_factory=list)
    is_right: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)
