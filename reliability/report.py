"""Tables, and the document that keeps them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from . import ROOT

RELIABILITY = ROOT / "docs" / "reliability.md"


def table(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as an aligned table of Markdown; the first one is its head."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write_section(name: str, text: str, document: Path = RELIABILITY) -> None:
    """Write what stands between the marks `<!-- NAME -->` and `<!-- /NAME -->` of a document.

    Raises:
        ValueError: it has no such section.
    """
    before = document.read_text()
    mark = re.escape(name)
    section = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    after, count = section.subn(lambda found: f"{found[1]}{text}\n{found[2]}", before)
    if not count:
        raise ValueError(f"{document.name} has no section {name!r}")
    document.write_text(after)
