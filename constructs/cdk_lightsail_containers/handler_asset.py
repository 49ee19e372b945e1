"""The code of the function, staged from the packages that are installed."""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk.aws_lambda import AssetCode, Code

ENTRY_POINT = "cdk_lightsail_containers_handler.main.handler"

_PACKAGES = ("cdk_lightsail_containers_handler", "crhelper")
_LICENCES = {
    "cdk-lightsail-containers": ("LICENSE",),
    "crhelper": ("LICENSE", "NOTICE"),
}


def handler_code() -> AssetCode:
    """Return the function's code: the handler, crhelper and their licences.

    boto3 and urllib3 come with the runtime. Nothing is fetched and nothing is imported, so the
    hash of the asset is the same offline, from a checkout or a wheel, and on any Python.
    """
    return Code.from_asset(
        str(_package_directory(_PACKAGES[0])),
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
                _copy(module, target / package / module.relative_to(source))
        for distribution, names in _LICENCES.items():
            for name in names:
                _copy(_licence(distribution, name), target / "licenses" / distribution / name)
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


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    # Whatever the umask was here, the runtime's user reads it.
    target.chmod(0o644)
