"""The code of the function, copied from the installed packages."""

import atexit
import functools
import importlib.metadata
import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aws_cdk.aws_lambda import AssetCode, Code
from constructs import Construct

from .condensed_source import condensed

_OWN_PACKAGE = "cdk_lightsail_containers_handler"
# The zip has the path of each module twice, so our package is a file that names a shorter folder.
_FOLDER = "handler"
_PACKAGE_FILE = f"""# The modules of this package are in the folder {_FOLDER}.
__path__ = [__file__.rpartition("/")[0] + "/{_FOLDER}"]
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
    needed=("registry/reference.py", "registry/url.py"),
)
"""The function for certificates and DNS records: no code that can pull or push is in it."""

ENTRY_POINT = IMAGES.entry_point


def handler_code(scope: Construct, code: FunctionCode = IMAGES) -> AssetCode:
    """Return the code of a function that is about to be created: the handler, crhelper, licenses.

    boto3 and urllib3 come with the runtime. The packages are neither downloaded nor imported, so
    the asset's hash is the same offline, from a checkout or a wheel, and on every Python.
    """
    folder = Path(tempfile.mkdtemp(prefix="cdk-lightsail-containers-"))
    # The CDK copies the folder into the assembly; with `--no-staging` the assembly refers to it.
    if not scope.node.try_get_context("aws:cdk:disable-asset-staging"):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, content in _files(code).items():
        _write(folder / name, content)
    return Code.from_asset(str(folder))


@functools.cache
def _files(code: FunctionCode) -> dict[str, bytes]:
    """Return the files of the asset."""
    files = {f"{_OWN_PACKAGE}.py": _PACKAGE_FILE.encode()}
    for package, folder, change in (
        (_OWN_PACKAGE, _FOLDER, condensed),
        ("crhelper", "crhelper", bytes),
    ):
        source = _package_directory(package)
        for module in sorted(source.rglob("*.py")):
            path = module.relative_to(source).as_posix()
            if package == _OWN_PACKAGE and not code.has(path):
                continue
            content = change(module.read_bytes())
            # A folder without `__init__.py` is a package too, and each file has a price in the zip.
            if content.strip():
                files[f"{folder}/{path}"] = content
    for distribution, name in _LICENSES.items():
        files[f"licenses/{distribution}/{name}"] = _license(distribution, name).read_bytes()
    return files


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


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    # The runtime's user must be able to read it, also with a strict umask here.
    target.chmod(0o644)
