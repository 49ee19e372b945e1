"""What `make demo` runs, whole, and interrupted."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from demo.cdk_program import ROOT

from docker_registry import docker_registry
from installed import needs
from lightsail_local.containers.container_engine import ContainerEngine
from lightsail_local.containers.find_container_engine import (
    NoContainerEngineError,
    find_container_engine,
)
from lightsail_local.containers.started_clouds import started_cloud
from oci_images import layers, multi_arch, push

pytestmark = pytest.mark.e2e

DEMO = [sys.executable, "-u", "-m", "demo"]


def run_demo(image: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        DEMO,
        cwd=ROOT,
        env={**os.environ, "IMAGE": image},
        capture_output=True,
        text=True,
        check=False,
    )


@needs("docker-registry")
def test_deploys_an_image_of_the_user_and_all_that_follows() -> None:
    with docker_registry() as registry:
        push(registry.host, "acme/web", multi_arch(*layers(3, 100_000, "of the user")), "1.4")

        image = f"{registry.host}/acme/web:1.4"
        run = run_demo(image)

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count(f"-c image={image}") == 1
    assert "deployment 1 is ACTIVE, it runs :shop.web.1\n" in run.stdout
    assert "deployment 2 is ACTIVE, it runs :shop.web.2\n" in run.stdout
    assert "container 'web': Error: cannot start: crash\n" in run.stdout
    assert "deployments of shop: 2 is ACTIVE, 3 is FAILED\n" in run.stdout
    assert "its container gets PASSWORD, as AWS Secrets Manager has it\n" in run.stdout
    assert "images of shop.tools: :shop.tools.1\n" in run.stdout
    assert "no image of the stacks is left, and no container service\n" in run.stdout
    assert [
        line for line in run.stdout.splitlines() if len(line) > 80 and " " in line.strip()
    ] == []


@pytest.mark.nightly
def test_builds_a_page_and_opens_it_where_containers_run(tmp_path: Path) -> None:
    with started_cloud(tmp_path) as cloud:
        try:
            engine = find_container_engine(cloud)
        except NoContainerEngineError as error:
            pytest.skip(str(error))
        before = images_of(engine)

        run = run_demo("")

        assert run.returncode == 0, run.stdout + run.stderr
        # The screen breaks a long line.
        said = " ".join(run.stdout.split())
        assert f"images are built and containers run by {engine.version} " in said
        assert re.search(r"curl http://shop\.localhost:\d+/\n    <h1>Hello</h1>\n", run.stdout)
        assert len(re.findall(r"meanwhile 0 of [1-9]\d* requests failed\n", run.stdout)) == 2
        assert "container 'web': Error: cannot start: there is no database" in run.stdout
        assert "the stack is UPDATE_ROLLBACK_COMPLETE\n" in run.stdout
        assert "its container gets PASSWORD, as AWS Secrets Manager has it\n" in run.stdout
        assert max(map(len, run.stdout.splitlines())) <= 80
        assert images_of(engine) == before


def images_of(engine: ContainerEngine) -> str:
    """Return the images that `cdk deploy` has built and tagged, one a line."""
    return "".join(listed(engine, pattern) for pattern in ("127.0.0.1:*/*", "cdkasset-*"))


def listed(engine: ContainerEngine, pattern: str) -> str:
    while True:
        ran = subprocess.run(
            [*engine.command, "images", "--quiet", pattern],
            capture_output=True,
            text=True,
            check=False,
        )
        # podman fails now and then where an image of someone else is damaged.
        if ran.returncode == 0:
            return ran.stdout


REFUSED = (
    "127.0.0.1:1 did not give manifest 1 of acme/web (Connection refused): check the registry's "
    "name and that there is a way to it"
)
NO_REFERENCE = (
    "image reference repository must be lowercase letters and digits, parted by '/', '.', '_', "
    "'__' or '-', got 'acme/Web'"
)


@pytest.mark.parametrize(
    ("image", "problem"), [("127.0.0.1:1/acme/web:1", REFUSED), ("acme/Web", NO_REFERENCE)]
)
def test_says_what_is_wrong_with_an_image_before_anything_starts(image: str, problem: str) -> None:
    run = run_demo(image)

    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == f"IMAGE cannot be deployed: {problem}\n"


def test_leaves_nothing_when_it_is_interrupted(tmp_path: Path) -> None:
    with subprocess.Popen(
        DEMO,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
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
    # Where podman keeps its own for a user who is not logged in.
    of_podman = {f"{name}-{os.getuid()}" for name in ("podman-run", "containers-user")}
    assert {path.name for path in tmp_path.iterdir()} <= of_podman
