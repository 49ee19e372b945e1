"""The code of the function, staged from the packages that are installed."""

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
# Both are under the Apache License 2.0, whose text is there once.
_LICENCES = {"cdk-lightsail-containers": "LICENSE", "crhelper": "NOTICE"}


def handler_code() -> AssetCode:
    """Return the function's code: the handler, crhelper and their licences.

    boto3 and urllib3 come with the runtime. Nothing is fetched and nothing is imported, so the
    hash of the asset is the same offline, from a checkout or a wheel, and on any Python.
    """
    return Code.from_asset(
        str(_package_directory(_OWN_PACKAGE)),
        # The hash of the source would not notice another crhelper.
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(
            # CDK wants an image to fall back to; the local bundling below never fails over to it.
            image=DockerImage.from_registry("never-pulled"),
            local=_InstalledPackages(),
        ),
    )


@jsii.implements(ILocalBundling)
class _InstalledPackages:
    """Bundles the installed packages by copying their sources."""

    # jsii passes the options by name and calls this rightly only with a keyword-only parameter.
    def try_bundle(self, output_dir: str, *, image: object, **_: object) -> bool:  # noqa: ARG002
        """Copy the packages and licences into the asset."""
        target = Path(output_dir)
        for package in _PACKAGES:
            source = _package_directory(package)
            for module in sorted(source.rglob("*.py")):
                content = module.read_bytes()
                if package == _OWN_PACKAGE:
                    content = condensed(content)
                # A folder is a package without it, too, and each costs more than it holds.
                if content.strip() != b'""':
                    _write(target / package / module.relative_to(source), content)
        for distribution, name in _LICENCES.items():
            text = _licence(distribution, name).read_bytes()
            _write(target / "licenses" / distribution / name, text)
        return True


def _package_directory(package: str) -> Path:
    """Return where a package is installed, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        raise ValueError(f"package {package!r} is not installed: pip install it again")
    return Path(spec.origin).parent


def _licence(distribution: str, name: str) -> Path:
    """Return a licence text of an installed distribution."""
    files = importlib.metadata.files(distribution) or []
    found = [Path(str(file.locate())) for file in files if file.name == name]
    if not found:
        raise ValueError(f"{distribution!r} is installed without its {name}: pip install it again")
    return found[0]


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    # Whatever the umask was here, the runtime's user reads it.
    target.chmod(0o644)
