"""The wheel and the sdist: what is in them, and that the wheel is all that a user needs."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from demo.cdk_program import ROOT

from pyproject import VERSION

PACKAGES = {
    "cdk_lightsail_containers": "constructs",
    "cdk_lightsail_containers_handler": "lambda",
    "lightsail_local": "local",
}
APP = """
import sys
from aws_cdk import App, CfnOutput, Stack
from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource
import cdk_lightsail_containers
assert cdk_lightsail_containers.__file__.startswith(sys.prefix), cdk_lightsail_containers.__file__
app = App(outdir=sys.argv[1])
stack = Stack(app, "Stack")
service = ContainerService.from_service_name(stack, "Service", "shop")
ContainerImage(
    stack, "Image", service=service, label="web", source=ImageSource.from_registry("nginx")
)
app.synth()
"""


def sources() -> set[str]:
    """The files of the three packages, by their path in the wheel."""
    return {
        str(path.relative_to(ROOT / root))
        for package, root in PACKAGES.items()
        for path in (ROOT / root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(source: Path, folder: Path, *targets: str) -> None:
    """Build with what is installed here, without network."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    for target in targets:
        command += ["--target", target]
    subprocess.run(command, cwd=source, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, "wheel", "sdist")
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"cdk_lightsail_containers-{VERSION}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())

    about = f"cdk_lightsail_containers-{VERSION}.dist-info"
    assert names == sources() | {
        f"{about}/METADATA",
        f"{about}/RECORD",
        f"{about}/WHEEL",
        f"{about}/entry_points.txt",
        f"{about}/licenses/LICENSE",
    }
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_the_sdist_holds_the_same_and_what_it_is_built_with(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    roots = {f"{root}/{name}" for name in sources() for root in [PACKAGES[name.split("/")[0]]]}
    documents = {"CHANGELOG.md", "LICENSE", "README.md"}
    assert names == roots | documents | {".gitignore", "PKG-INFO", "pyproject.toml"}


def test_the_sdist_builds_the_same_wheel(built: Path, wheel: Path, tmp_path: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    subprocess.run(["tar", "-xf", path, "-C", tmp_path], check=True)
    (source,) = tmp_path.iterdir()

    build(source, tmp_path / "dist", "wheel")

    (again,) = (tmp_path / "dist").iterdir()
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_synthesizes_where_there_is_nothing_of_this_repository(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    packages = sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv")})
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run(
        [*command, "--no-index", "--no-deps", "--no-warn-script-location", str(wheel)],
        check=True,
        capture_output=True,
    )
    # What it needs is lent from here. A path file in such a folder has no effect, so the package
    # that is installed as this checkout is not lent.
    Path(packages, "lent.pth").write_text(sysconfig.get_path("purelib"))

    subprocess.run(
        [str(python), "-I", "-c", APP, str(tmp_path / "assembly")], check=True, cwd=tmp_path
    )

    (asset,) = (tmp_path / "assembly").glob("asset.*")
    modules = (asset / "cdk_lightsail_containers_handler.txt").read_text()
    assert "cdk_lightsail_containers_handler/main.py\n" in modules
    assert (asset / "licenses" / "cdk-lightsail-containers" / "LICENSE").is_file()
    assert (tmp_path / "assembly" / "Stack.template.json").is_file()
