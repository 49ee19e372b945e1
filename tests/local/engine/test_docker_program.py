"""`lightsail-local docker`: the engine's commands, and a push that needs none of its network."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ecr_client import EcrClient
from lightsail_local import cli
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from lightsail_local.containers.image_builder import ImageBuilder
from lightsail_local.running_clouds import announced
from oci_images import digest_of

LAYER = b"\0" * 10240  # a tar of nothing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def cloud(folder: Path) -> Iterator[LocalCloud]:
    """A cloud whose images an engine of another machine builds: it only saves one."""
    engine = folder / "finch"
    engine.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/commands\n'
        f'[ "$1" = save ] && exec cp {folder}/image.tar "$3"\n[ "$1" != inspect ]\n'
    )
    engine.chmod(0o700)
    builder = ImageBuilder(program=str(engine), is_remote=True)
    with LocalCloud(Behaviour(), builder=builder) as cloud:
        yield cloud


@pytest.fixture
def ecr(cloud: LocalCloud) -> Iterator[Any]:
    """Amazon ECR of the cloud, with an empty repository `web`."""
    session = boto3.Session("000000000000", "local", region_name="us-east-1")
    endpoints = cloud.endpoints
    client = session.client("ecr", endpoint_url=endpoints.engine, verify=endpoints.certificate)
    client.create_repository(repositoryName="web")
    yield client
    client.delete_repository(repositoryName="web", force=True)
    client.close()


def docker(
    cloud: LocalCloud, folder: Path, *words: str, sent: str = ""
) -> subprocess.CompletedProcess[str]:
    """Call what the CDK's command line calls in the place of Docker."""
    environment = cloud.endpoints.environment_within(os.environ)
    return subprocess.run(
        [environment["CDK_DOCKER"], *words],
        env=environment | {"HOME": str(folder), "XDG_STATE_HOME": ""},  # which know no cloud
        input=sent,
        capture_output=True,
        text=True,
        check=False,
    )


def save(folder: Path, architecture: str = "amd64") -> None:
    """Let the engine have an image, as `docker save` writes it."""
    config = json.dumps(
        {
            "os": "linux",
            "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(LAYER)]},
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": ["web:1"], "Layers": ["layer.tar"]}]
    files = {
        "config.json": config,
        "layer.tar": LAYER,
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(folder / "image.tar", "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def log_in(cloud: LocalCloud, folder: Path, ecr: Any) -> EcrClient:
    """Log in as the CDK's command line does."""
    endpoints = cloud.endpoints
    client = EcrClient.of_api(ecr, endpoints.ecr, Path(endpoints.certificate))
    words = ["login", "--username", "AWS", "--password-stdin", endpoints.ecr]
    ran = docker(cloud, folder, *words, sent=client.password)
    assert ran.returncode == 0, ran
    return client


def test_an_image_is_saved_and_pushed_without_the_engine(
    cloud: LocalCloud, folder: Path, ecr: Any
) -> None:
    save(folder)
    registry = log_in(cloud, folder, ecr)
    name = f"{cloud.endpoints.ecr}/web:1"

    pushed = docker(cloud, folder, "push", name)

    assert pushed.returncode == 0, pushed
    manifest = registry.send("GET", "/v2/web/manifests/1").body
    assert pushed.stdout.startswith(f"{name}: digest: {digest_of(manifest)} size: ")
    (layer,) = json.loads(manifest)["layers"]
    assert registry.send("GET", f"/v2/web/blobs/{layer['digest']}").body == LAYER
    commands = (folder / "commands").read_text().splitlines()
    assert {line.split()[0] for line in commands} == {"save"}


def test_an_image_that_cannot_be_pushed_is_told(cloud: LocalCloud, folder: Path, ecr: Any) -> None:
    save(folder, architecture="arm64")
    log_in(cloud, folder, ecr)

    pushed = docker(cloud, folder, "push", f"{cloud.endpoints.ecr}/web:1")

    assert pushed.returncode == 1
    assert pushed.stderr.startswith(f"cannot push {cloud.endpoints.ecr}/web:1: ")
    assert "linux/arm64" in pushed.stderr


def test_an_image_that_the_engine_does_not_save_is_not_pushed(
    cloud: LocalCloud, folder: Path, ecr: Any
) -> None:
    log_in(cloud, folder, ecr)
    (folder / "image.tar").unlink(missing_ok=True)

    pushed = docker(cloud, folder, "push", f"{cloud.endpoints.ecr}/web:1")

    assert pushed.returncode == 1
    assert "image.tar" in pushed.stderr  # cp's own words


@pytest.mark.parametrize("user", [["-u", "AWS"], ["-u=AWS"], ["-uAWS"], ["--username=AWS"]])
def test_a_login_names_its_user_as_for_docker(
    cloud: LocalCloud, folder: Path, user: list[str]
) -> None:
    login = Path(cloud.endpoints.clients) / "login"
    login.unlink(missing_ok=True)

    ran = docker(cloud, folder, "login", *user, "--password-stdin", cloud.endpoints.ecr, sent="x\n")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert login.read_text() == "AWS:x"


@pytest.mark.parametrize("words", [["--password-stdin"], ["--username", "--password-stdin"]])
def test_a_login_without_a_user_is_told(cloud: LocalCloud, folder: Path, words: list[str]) -> None:
    registry = cloud.endpoints.ecr

    ran = docker(cloud, folder, "login", *words, registry, sent="x\n")

    needs = "needs --username AWS and --password-stdin"
    assert ran.returncode == 1
    assert ran.stderr == f"lightsail-local: `docker login {registry}` {needs}\n"


def test_a_push_before_a_login_is_told(cloud: LocalCloud, folder: Path) -> None:
    (Path(cloud.endpoints.clients) / "login").unlink(missing_ok=True)
    name = f"{cloud.endpoints.ecr}/web:1"

    ran = docker(cloud, folder, "push", name)

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"lightsail-local: cannot push {name} before a login: `aws ecr ")
    assert ran.stderr.count("\n") == 1


def test_a_program_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["--engine=/none/docker", "--registry=127.0.0.1:9", f"--folder={tmp_path}", "ps"]

    assert cli.main(["docker", *words]) == 1

    assert capsys.readouterr().err == (
        "lightsail-local: /none/docker does not run: No such file or directory; "
        "choose another one with --engine\n"
    )


def test_everything_else_is_the_engine_s(cloud: LocalCloud, folder: Path) -> None:
    words = ["build", "--tag", "web", "--platform", "linux/amd64", "."]

    assert docker(cloud, folder, *words).returncode == 0
    assert docker(cloud, folder, "push", "example.com/web:1").returncode == 0
    assert docker(cloud, folder, "login", "--username", "me", "example.com").returncode == 0
    assert docker(cloud, folder, "inspect", "web").returncode == 1

    commands = (folder / "commands").read_text().splitlines()
    assert commands[-4:] == [
        " ".join(words),
        "push example.com/web:1",
        "login --username me example.com",
        "inspect web",
    ]


def test_a_command_is_needed(cloud: LocalCloud, folder: Path) -> None:
    ran = docker(cloud, folder)

    assert ran.returncode == 1
    assert ran.stderr == "lightsail-local: give a command of docker, such as `build`\n"


def test_a_shell_that_finds_the_cloud_needs_no_registry(
    cloud: LocalCloud, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    with announced(cloud.endpoints):
        assert cli.main(["docker", f"--engine={folder / 'finch'}", "images"]) == 0

    assert (folder / "commands").read_text().splitlines()[-1] == "images"
