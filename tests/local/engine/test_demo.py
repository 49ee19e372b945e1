"""What the demo says when it cannot run; the e2e tests do what it does when it can."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run_demo(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_tells_that_openssl_is_missing(tmp_path: Path) -> None:
    ran = run_demo(ROOT, path=str(tmp_path))

    assert ran.returncode == 1
    assert (
        ran.stderr
        == "openssl is not installed: install it, the cloud's certificate is made with it\n"
    )


def test_tells_which_file_is_missing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "demo")

    ran = run_demo(tmp_path, path=os.environ["PATH"])

    assert ran.returncode == 1
    cdk = tmp_path / "node_modules" / ".bin" / "cdk"
    assert ran.stderr == f"[Errno 2] No such file or directory: '{cdk}'\n"
