"""What goes into the function's asset, and that it is the same wherever it is made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

import cdk_lightsail_containers_handler
from cdk_lightsail_containers import Handler
from cdk_lightsail_containers._handler.asset import _license, _package_directory
from cloudformation_deploys import zipped

HANDLER = Path(str(cdk_lightsail_containers_handler.__file__)).parent
SYNTHESIZE = """
import os, sys
os.umask(int(sys.argv[2], 8))
from aws_cdk import App, Stack
from cdk_lightsail_containers import Handler
app = App(outdir=sys.argv[1])
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
        "cdk_lightsail_containers_handler",
        "crhelper",
        "licenses",
    }
    assert {path for path in files if not path.endswith(".py")} == {
        "licenses/cdk-lightsail-containers/LICENSE",
        "licenses/crhelper/NOTICE",
    }
    assert "cdk_lightsail_containers_handler/main.py" in files


def test_is_small(asset: Path) -> None:
    assert len(zipped(asset)) < 101_500


def test_is_readable_by_the_user_of_the_runtime(asset: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in asset.rglob("*") if path.is_file()}

    assert modes == {0o644}


def test_has_the_same_hash_from_another_process_with_another_umask_and_no_network(
    asset: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    subprocess.run(
        [sys.executable, "-c", SYNTHESIZE, str(elsewhere), "077"],
        check=True,
        # No proxy listens there: a call to the network would fail.
        env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HOME": str(tmp_path)},
        capture_output=True,
    )

    assert asset_in(elsewhere).name == asset.name


def test_says_which_package_is_missing() -> None:
    with pytest.raises(ValueError, match="package 'no_such_package' is not installed"):
        _package_directory("no_such_package")


def test_says_which_licence_is_missing() -> None:
    with pytest.raises(ValueError, match="'crhelper' is installed without its COPYING"):
        _license("crhelper", "COPYING")
