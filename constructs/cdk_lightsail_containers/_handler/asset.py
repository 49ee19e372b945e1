"""The code of the function, copied from the installed packages."""

import importlib.metadata
import importlib.util
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk.aws_lambda import AssetCode, Code

from .condensed_source import condensed

ENTRY_POINT = "cdk_lightsail_containers_handler.main.handler"

_OWN_PACKAGE = "cdk_lightsail_containers_handler"
_PACKAGES = (_OWN_PACKAGE, "crhelper")
# Both are under the Apache License 2.0; the asset has its text once.
_LICENSES = {"cdk-lightsail-containers": "LICENSE", "crhelper": "NOTICE"}


def handler_code() -> AssetCode:
    """Return the function's code: the handler, crhelper and their licenses.

    boto3 and urllib3 come with the runtime. The packages are neither downloaded nor imported, so
    the asset's hash is the same offline, from a checkout or a wheel, and on every Python.
    """
    return Code.from_asset(
        str(_package_directory(_OWN_PACKAGE)),
        # The default, the hash of the handler's folder, would not change with crhelper.
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(
            # The CDK requires an image as a fallback; the local bundling below never fails.
            image=DockerImage.from_registry("never-pulled"),
            local=_InstalledPackages(),
        ),
    )


@jsii.implements(ILocalBundling)
class _InstalledPackages:
    """Bundles the installed packages: copies their modules."""

    # jsii passes the options by keyword, which works only with a keyword-only parameter.
    def try_bundle(self, output_dir: str, *, image: object, **_: object) -> bool:  # noqa: ARG002
        """Copy the packages and licenses into the asset."""
        target = Path(output_dir)
        for package in _PACKAGES:
            source = _package_directory(package)
            for module in sorted(source.rglob("*.py")):
                content = module.read_bytes()
                if package == _OWN_PACKAGE:
                    content = condensed(content)
                # A folder without it is a package too, and each file has a price in the zip.
                if content.strip() != b'""':
                    _write(target / package / module.relative_to(source), content)
        for distribution, name in _LICENSES.items():
            text = _license(distribution, name).read_bytes()
            _write(target / "licenses" / distribution / name, text)
        return True


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
