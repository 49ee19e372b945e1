"""What `make demo` runs, whole, and interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cdk_commands import HURRIED, ROOT
from docker_registry import docker_registry
from installed import needs
from oci_images import layers, multi_arch, push

pytestmark = pytest.mark.e2e

DEMO = [sys.executable, "-u", "-m", "demo"]


@needs("docker-registry")
def test_carries_and_deploys_an_image_of_a_registry() -> None:
    with docker_registry() as registry:
        push(registry.host, "acme/web", multi_arch(*layers(3, 100_000, "of the user")), "1.4")

        image = f"{registry.host}/acme/web:1.4"
        run = subprocess.run(
            DEMO,
            cwd=ROOT,
            env={**os.environ, **HURRIED, "IMAGE": image},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count(f"image={image}") == 2
    assert "the function pushed its linux/amd64 image: 4 blobs, 1 manifest" in run.stdout
    assert "deployment 1 is ACTIVE, it runs :shop.web.3" in run.stdout
    assert "container 'web': Error: cannot start: crash\n" in run.stdout
    assert "deployments of shop: 1 is ACTIVE, 2 is FAILED" in run.stdout
    assert "service shop is RUNNING, with deployment 1" in run.stdout


def test_says_what_is_wrong_with_an_image_and_no_more() -> None:
    run = subprocess.run(
        DEMO,
        cwd=ROOT,
        env={**os.environ, **HURRIED, "IMAGE": "127.0.0.1:1/acme/web:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr == (
        "cdk deploy failed: 127.0.0.1:1 did not give manifest 1 of acme/web (Connection refused): "
        "check the registry's name and that there is a way to it\n"
    )


def test_leaves_nothing_when_it_is_interrupted(tmp_path: Path) -> None:
    with subprocess.Popen(
        DEMO,
        cwd=ROOT,
        env={**os.environ, **HURRIED, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        # As on a terminal, all that the demo has started is interrupted, too.
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        said = ""
        while "$ cdk deploy" not in said:
            said += demo.stdout.readline()
        os.killpg(demo.pid, signal.SIGINT)
        said += demo.stdout.read()

    assert demo.returncode == 130
    assert "interrupted: everything is stopped and removed" in said
    assert list(tmp_path.iterdir()) == []
