"""The client could be lifted out: its layers stand on each other and the standard library."""

import ast
import sys
from pathlib import Path

import pytest

from cdk_lightsail_containers_handler import registry

FOLDER = Path(registry.__path__[0])
# Each may import only what stands before it.
LAYERS = (
    ("url",),
    ("errors", "reference"),
    ("descriptor",),
    ("manifest", "auth"),
    ("http/wire",),
    ("docker_manifest",),
    ("http/proxy", "http/response"),
    ("http/connection", "http/request"),
    ("http/transport",),
    ("login", "pull"),
    ("repository",),
    ("upload",),
    ("blob_copy",),
    ("archive/archive_file", "found_image", "archive/archived_names", "signatures"),
    ("archive/image_layout",),
    ("archive/tar", "archive/zip_file", "archive/docker_archive"),
    ("archive/archive",),
    ("copy",),
)
WITHOUT_IO = {"url", "errors", "reference", "descriptor", "manifest", "auth", "docker_manifest"}
IO = {"socket", "ssl", "http", "threading", "time", "os", "pathlib", "urllib.request"}


def imports(name: str) -> tuple[set[str], set[str]]:
    """Return what a module imports: of its own folder, and from elsewhere."""
    ours, others = set(), set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            others |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folder = name.split("/")[:-1]
            assert node.level <= len(folder) + 1, "leaves the registry's folder"
            if node.level:
                folder = folder[: len(folder) - node.level + 1]
                ours.add("/".join([*folder, *(node.module or "").split(".")]))
            else:
                others.add(node.module or "")
    return ours, others


def test_all_modules_have_a_layer() -> None:
    names = {
        str(path.relative_to(FOLDER).with_suffix(""))
        for path in FOLDER.rglob("*.py")
        if path.stem != "__init__"
    }

    assert names == {name for layer in LAYERS for name in layer}


@pytest.mark.parametrize("depth", range(len(LAYERS)))
def test_imports_only_downwards_and_only_the_standard_library(depth: int) -> None:
    below = {name for layer in LAYERS[:depth] for name in layer}

    for name in LAYERS[depth]:
        ours, others = imports(name)
        assert ours <= below
        assert {other.partition(".")[0] for other in others} <= sys.stdlib_module_names
        assert name not in WITHOUT_IO or not others & IO
