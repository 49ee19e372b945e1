"""Prints the licences of what is installed along.

A licence that is unknown, or that is none of those that may go along with this one, fails it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Iterable, Sequence
from email.message import Message
from typing import cast

from reliability.report import table, write_section

from .dependencies import required

IN_THE_FUNCTION = "crhelper"
ACCEPTED = frozenset({"Apache-2.0", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0"})
# https://spdx.org/licenses/, for what older metadata says in words of its own.
_CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}


def licence(metadata: Message) -> str:
    """Return the SPDX expression of a distribution's licence, nothing if it is unknown.

    Args:
        metadata: the distribution's, https://packaging.python.org/en/latest/specifications/core-metadata/
    """
    if expression := metadata.get("License-Expression"):
        return str(expression)
    named = [_CLASSIFIERS.get(one, "") for one in metadata.get_all("Classifier", [])]
    if any(named):
        return " OR ".join(sorted(filter(None, named)))
    given = metadata.get("License", "")
    return given if given in ACCEPTED else ""


def is_accepted(expression: str) -> bool:
    """Return whether a licence, or one of several to choose from, is accepted in all its parts."""
    return any(ACCEPTED.issuperset(one.split(" AND ")) for one in expression.split(" OR "))


def rows(names: Iterable[str], along: Iterable[str] = ()) -> list[tuple[str, str, str, str]]:
    """Return a row for each distribution, also an extra's: name, version, licence, place."""
    places = dict.fromkeys(along, "with the extra `local`")
    places |= dict.fromkeys(names, "where stacks are synthesized")
    places[IN_THE_FUNCTION] = "there, and in the function"
    found = []
    for name in sorted(places):
        # It is one at run time, also if its declared type does not say so.
        metadata = cast("Message", importlib.metadata.metadata(name))
        expression = licence(metadata) or "unknown"
        found.append((name, metadata["Version"], expression, places[name]))
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the licences; fail on one that is not accepted."""
    parser = argparse.ArgumentParser(prog="python -m reliability licences", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into docs/reliability.md")
    is_written = parser.parse_args(arguments).write
    found = rows(required(), required("local"))
    text = table([("package", "version", "licence", "ends up"), *found])
    print(text)
    if is_written:
        write_section("licences", text)
    refused = [row for row in found if not is_accepted(row[2])]
    for name, version, expression, _ in refused:
        print(f"{name} {version} has the licence: {expression}", file=sys.stderr)
    return bool(refused)
