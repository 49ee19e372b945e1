"""The document of what stops an attacker names modules and tests that are there."""

import re
from collections.abc import Iterator
from pathlib import Path

from demo.cdk_program import ROOT

DOCUMENT = ROOT / "docs" / "security.md"
FOLDERS = {
    "constructs": ROOT / "constructs" / "cdk_lightsail_containers",
    "local": ROOT / "local" / "lightsail_local",
    "tests": ROOT / "tests",
}
HANDLER = ROOT / "lambda" / "cdk_lightsail_containers_handler"


def named() -> Iterator[Path]:
    """The files that stand in brackets; a test alone is in the folder of the one before."""
    for bracket in re.findall(r"\[(`[^\]]+`)\](?!\()", DOCUMENT.read_text()):
        folder = HANDLER
        for name in re.findall(r"`([^`]+)`", bracket):
            top, _, rest = name.partition("/")
            if top in FOLDERS and rest:
                path = FOLDERS[top] / f"{rest}.py"
            elif name.startswith("test_"):
                path = folder / f"{name}.py"
            else:
                path = HANDLER / f"{name}.py"
            folder = path.parent
            yield path


def test_names_what_holds_it() -> None:
    files = list(named())

    assert len(files) > 40
    assert [str(path.relative_to(ROOT)) for path in files if not path.is_file()] == []


def test_leads_to_what_is_there() -> None:
    for document in (DOCUMENT, ROOT / "SECURITY.md"):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            assert (document.parent / link).exists(), link
