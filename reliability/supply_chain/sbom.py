"""Writes what the package and its function consist of into `dist/`.

Two documents in CycloneDX's JSON, made by cyclonedx-py from what is installed: one of the package
with all that it needs, one of the function's asset. https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from reliability import ROOT

from .dependencies import PACKAGE, required
from .licences import IN_THE_FUNCTION

DIST = ROOT / "dist"
_ROOT_COMPONENT = "root-component"


def documents() -> dict[str, dict[str, Any]]:
    """Return the documents by the name of their file."""
    everything = _environment()
    version = everything["metadata"]["component"]["version"]
    package = _only(everything, required())
    function = _only(everything, [IN_THE_FUNCTION])
    function["metadata"]["component"] |= {
        "name": f"{PACKAGE}-function",
        "type": "application",
        "description": "The asset of the function behind the stack's resources",
    }
    return {
        f"{PACKAGE}-{version}.cdx.json": package,
        f"{PACKAGE}-{version}-function.cdx.json": function,
    }


def check(document: Mapping[str, Any]) -> None:
    """Check a document against CycloneDX's schema.

    Raises:
        ValueError: it breaks it.
    """
    # They take two seconds, also of every process that collects the tests.
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    if problem is not None:
        raise ValueError(f"no CycloneDX document: {problem}")


def write(folder: Path = DIST) -> list[Path]:
    """Write the documents into a folder, and return where they are."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, document in documents().items():
        check(document)
        path = folder / name
        path.write_text(json.dumps(document, indent=2) + "\n")
        written.append(path)
    return written


def _environment() -> dict[str, Any]:
    """Return the document of everything that is installed here."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library"]
    # Checked is what is written, a part of this: the schema takes 14 seconds for the whole.
    command += ["--spec-version", "1.6", "--no-validate", sys.executable]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return dict(json.loads(run.stdout))


def _only(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a document with some of its components, and what holds between them."""
    components = [one for one in document["components"] if canonicalize_name(one["name"]) in names]
    kept = {_ROOT_COMPONENT, *(one["bom-ref"] for one in components)}
    dependencies = []
    for one in document["dependencies"]:
        if one["ref"] in kept:
            on = [ref for ref in one.get("dependsOn", []) if ref in kept]
            dependencies.append({"ref": one["ref"], **({"dependsOn": on} if on else {})})
    metadata = {**document["metadata"], "component": dict(document["metadata"]["component"])}
    return {
        **document,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    }


def main(arguments: Sequence[str]) -> int:
    """Write the documents."""
    parser = argparse.ArgumentParser(prog="python -m reliability sbom", description=__doc__)
    parser.parse_args(arguments)
    for path in write():
        print(path.relative_to(ROOT))
    return 0
