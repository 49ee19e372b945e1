"""The code of the function, copied from the installed packages."""

import functools
import importlib.metadata
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aws_cdk.aws_lambda import AssetCode, Code
from constructs import Construct

from . import imports
from .condensed_source import condensed

_OWN_PACKAGE = "cdk_lightsail_containers_handler"
# Its modules are in a file beside it, see `imports`.
_PACKAGE_END = """
__path__ = []
import_from(Path(__file__).with_suffix(".txt"))
"""
# Both are under the Apache License 2.0; the asset has its text once.
_LICENSES = {"cdk-lightsail-containers": "LICENSE", "crhelper": "NOTICE"}


@dataclass(frozen=True, kw_only=True)
class FunctionCode:
    """Which modules a function has.

    Args:
        entry_point: what AWS Lambda calls.
        description: what the function does.
        role_description: what its role is for.
        without: the folders and modules of the package that it leaves out.
        needed: the modules in them that it needs all the same.
    """

    entry_point: str
    description: str
    role_description: str
    without: tuple[str, ...]
    needed: tuple[str, ...] = ()

    def has(self, module: str) -> bool:
        """Return whether the function has a module of the package."""
        return module in self.needed or not module.startswith(self.without)


IMAGES = FunctionCode(
    entry_point=f"{_OWN_PACKAGE}.main.handler",
    description="Carries out the resources of cdk-lightsail-containers",
    role_description="What the function of cdk-lightsail-containers may do",
    without=("domains", "properties/domains.py"),
)
"""The function for images and deployments."""

DOMAINS = FunctionCode(
    entry_point=f"{_OWN_PACKAGE}.domains_main.handler",
    description="Validates certificates and writes DNS records for cdk-lightsail-containers",
    role_description="What the function for domains of cdk-lightsail-containers may do",
    without=("aws/secret_values.py", "deployments/", "images/", "main.py", "registry/"),
    needed=("registry/__init__.py", "registry/reference.py", "registry/url.py"),
)
"""The function for certificates and DNS records: no code that can pull or push is in it."""

ENTRY_POINT = IMAGES.entry_point


@contextmanager
def handler_code(scope: Construct, code: FunctionCode = IMAGES) -> Iterator[AssetCode]:
    """Give the code of a function while it is created: the handler, crhelper, licenses.

    boto3 and urllib3 come with the runtime. The packages are neither downloaded nor imported, so
    the asset's hash is the same offline, from a checkout or a wheel, and on every Python.
    """
    folder = Path(tempfile.mkdtemp(prefix="cdk-lightsail-containers-"))
    try:
        for name, content in _files(code).items():
            _write(folder / name, content)
        yield Code.from_asset(str(folder))
    finally:
        # The function has it in the assembly; with `--no-staging` the assembly refers to it.
        if not scope.node.try_get_context("aws:cdk:disable-asset-staging"):
            shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _files(code: FunctionCode) -> dict[str, str]:
    """Return the files of the asset."""
    modules = "".join(
        f"{imports.START}{path}\n{condensed(source)}"
        for path, source in _sources(_OWN_PACKAGE).items()
        if code.has(path.partition("/")[2])
    )
    package = condensed(Path(imports.__file__).read_text("utf-8")) + _PACKAGE_END
    files = {f"{_OWN_PACKAGE}.py": package, f"{_OWN_PACKAGE}.txt": modules, **_sources("crhelper")}
    for distribution, name in _LICENSES.items():
        files[f"licenses/{distribution}/{name}"] = _license(distribution, name).read_text("utf-8")
    return files


def _sources(package: str) -> dict[str, str]:
    """Return the source of each module of an installed package, by its path."""
    folder = _package_directory(package)
    return {
        module.relative_to(folder.parent).as_posix(): module.read_text("utf-8")
        for module in sorted(folder.rglob("*.py"))
    }


def _package_directory(package: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        raise ValueError(f"package {package!r} is not installed: install it again with pip")
    return Path(spec.origin).parent


def _license(distribution: str, name: str) -> Path:
    """Return the license file of an installed distribution."""
    files = importlib.metadata.files(distribution) or []
    found = [Path(str(file.locate())) for file in files if file.name == name]
    if not found:
        raise ValueError(
            f"{distribution!r} is installed without its {name}: install it again with pip"
        )
    return found[0]


def _write(target: Path, content: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, "utf-8", newline="\n")
    # The runtime's user must be able to read it, also with a strict umask here.
    target.chmod(0o644)
