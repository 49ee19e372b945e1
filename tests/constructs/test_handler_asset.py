"""What goes into the function's asset, and that it is the same wherever it is made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

import cdk_lightsail_containers_handler
from cdk_lightsail_containers import DomainHandler, Handler
from cdk_lightsail_containers._handler.asset import _license, _package_directory
from cloudformation_deploys import zipped

HANDLER = Path(str(cdk_lightsail_containers_handler.__file__)).parent
PACKAGE = HANDLER.name
SYNTHESIZE = """
import os, sys
os.umask(int(sys.argv[2], 8))
from aws_cdk import App, Stack
from cdk_lightsail_containers import Handler
app = App(outdir=sys.argv[1])
if sys.argv[3:]:
    app.node.set_context("aws:cdk:disable-asset-staging", True)
Handler(Stack(app, "Stack"), "Handler")
app.synth()
"""


def asset_in(assembly: Path) -> Path:
    (asset,) = assembly.glob("asset.*")
    return asset


@pytest.fixture
def asset(tmp_path: Path) -> Path:
    app = App(outdir=str(tmp_path / "assembly"))
    Handler(Stack(app, "Stack"), "Handler")
    app.synth()
    return asset_in(tmp_path / "assembly")


def test_holds_the_handler_and_crhelper_and_their_licences_and_nothing_else(asset: Path) -> None:
    files = {str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()}

    assert {path.split("/")[0] for path in files} == {
        f"{PACKAGE}.py",
        f"{PACKAGE}.txt",
        "crhelper",
        "licenses",
    }
    assert {path for path in files if not path.endswith(".py")} == {
        f"{PACKAGE}.txt",
        "licenses/cdk-lightsail-containers/LICENSE",
        "licenses/crhelper/NOTICE",
    }
    assert "main.py" in modules(asset)


def test_names_its_modules_as_the_package_does(asset: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(asset)!r})
from {PACKAGE}.registry import errors
print(errors.__name__, errors.__file__)
"""

    run = subprocess.run(
        # Without the installed packages.
        [sys.executable, "-I", "-S", "-c", program],
        check=True,
        capture_output=True,
        text=True,
    )

    name, file = run.stdout.split()
    assert name == f"{PACKAGE}.registry.errors"
    assert file == str(asset / PACKAGE / "registry" / "errors.py")


def test_is_small(asset: Path) -> None:
    assert len(zipped(asset)) < 80_000


@pytest.fixture
def domains_asset(tmp_path: Path) -> Path:
    app = App(outdir=str(tmp_path / "domains"))
    DomainHandler(Stack(app, "Stack"), "Handler")
    app.synth()
    return asset_in(tmp_path / "domains")


def modules(asset: Path) -> set[str]:
    """The paths of the function's modules in its package."""
    text = (asset / f"{PACKAGE}.txt").read_text()
    return {line.partition("/")[2] for line in text.splitlines() if line.startswith(PACKAGE)}


def rooms(asset: Path) -> set[str]:
    return {path.partition("/")[0] for path in modules(asset) if "/" in path}


def test_each_function_has_its_own_rooms_alone(asset: Path, domains_asset: Path) -> None:
    shared = {"aws", "cloudformation", "lightsail", "properties", "registry"}
    pulled = {path for path in modules(domains_asset) if path.startswith("registry/")}

    assert rooms(asset) == {*shared, "deployments", "images"}
    assert rooms(domains_asset) == {*shared, "domains"}
    assert pulled == {"registry/__init__.py", "registry/reference.py", "registry/url.py"}
    assert len(zipped(domains_asset)) < 48_000


def test_the_function_for_domains_finds_all_of_its_modules(domains_asset: Path) -> None:
    paths = {path for path in modules(domains_asset) if not path.endswith("__init__.py")}
    names = [path.removesuffix(".py").replace("/", ".") for path in sorted(paths)]
    program = f"""
import sys
sys.path.insert(0, {str(domains_asset)!r})
from importlib import import_module
for name in {names!r}:
    import_module("{PACKAGE}." + name)
"""
    python = HANDLER.parent.parent / ".venv-runtime" / "bin" / "python"

    assert "domains_main" in names
    subprocess.run(
        # Without the installed packages but those of the runtime.
        [python, "-I", "-c", program],
        check=True,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
    )


def test_is_readable_by_the_user_of_the_runtime(asset: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in asset.rglob("*") if path.is_file()}

    assert modes == {0o644}


def synthesize(assembly: Path, tmp_path: Path, *more: str) -> str:
    """Synthesize in another process with another umask and no network; return what it printed."""
    (tmp_path / "temporary").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", SYNTHESIZE, str(assembly), "077", *more],
        check=True,
        # No proxy listens there: a call to the network would fail.
        env={
            **os.environ,
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path / "temporary"),
        },
        capture_output=True,
        text=True,
    )
    return run.stdout + run.stderr


def folders_left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "temporary").glob("cdk-lightsail-containers-*"))


def test_has_the_same_hash_from_another_process_with_another_umask_and_no_network(
    asset: Path, tmp_path: Path
) -> None:
    printed = synthesize(tmp_path / "elsewhere", tmp_path)

    assert asset_in(tmp_path / "elsewhere").name == asset.name
    assert "Bundling" not in printed
    assert not folders_left(tmp_path)


def test_stays_where_the_assembly_refers_to_it_when_the_cdk_does_not_stage(tmp_path: Path) -> None:
    synthesize(tmp_path / "assembly", tmp_path, "--no-staging")

    (folder,) = folders_left(tmp_path)
    assets = json.loads((tmp_path / "assembly" / "Stack.assets.json").read_text())
    assert str(folder) in {file["source"]["path"] for file in assets["files"].values()}
    assert "main.py" in modules(folder)


def test_says_which_package_is_missing() -> None:
    with pytest.raises(ValueError, match="package 'no_such_package' is not installed"):
        _package_directory("no_such_package")


def test_says_which_licence_is_missing() -> None:
    with pytest.raises(ValueError, match="'crhelper' is installed without its COPYING"):
        _license("crhelper", "COPYING")
