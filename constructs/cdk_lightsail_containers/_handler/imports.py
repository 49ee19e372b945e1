"""Imports modules that are in one file. The asset has this module's text, under the package's name.

In a zip, a file for each module takes 40% more than one file with all of them. In that file a line
with a form feed and a path stands before each module.
"""

import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path

START = "\f"


class _Loader(SourceFileLoader):
    """Loads a module from the source for its path, which tracebacks show too."""

    def __init__(self, name: str, path: str, sources: Mapping[str, str]) -> None:
        super().__init__(name, path)
        self._sources = sources

    def get_data(self, path: str) -> bytes:
        return self._sources[path].encode()


class _Finder:
    """Finds the modules of a file, each at its path from there."""

    def __init__(self, file: Path) -> None:
        self._paths = {}
        self._sources = {}
        for module in file.read_text("utf-8").split(START)[1:]:
            relative, _, source = module.partition("\n")
            name = relative.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            path = self._paths[name] = str(file.parent / relative)
            self._sources[path] = source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if (path := self._paths.get(name)) is None:
            return None
        return spec_from_file_location(name, path, loader=_Loader(name, path, self._sources))


def import_from(file: Path) -> None:
    """Let the modules of a file be imported: after all others, so that it slows no other import."""
    sys.meta_path.append(_Finder(file))
