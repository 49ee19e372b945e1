"""What several commands take on their command lines."""

from __future__ import annotations

import argparse
from collections.abc import Collection


def add_choice(parser: argparse.ArgumentParser, option: str, names: Collection[str]) -> None:
    """Add an option that chooses one of some names, and may be given again."""
    told = f"only this one, may be given again: {', '.join(names)}"
    parser.add_argument(option, action="append", choices=names, metavar="NAME", help=told)
