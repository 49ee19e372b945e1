"""`lightsail-local` where an engine runs containers: a fake one, as its user sees it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from lightsail_local import cli
from lightsail_local.running_clouds import running_clouds
from running_services import FakeEngine

PORTS = (
    "--port=0",
    "--lightsail-port=0",
    "--registry-port=0",
    "--ecr-port=0",
    "--page-port=0",
    "--web-port=0",
)
Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A fake docker, before any other engine of this computer, and clouds of the test's own."""
    made = FakeEngine.make(tmp_path, "docker")
    monkeypatch.setenv("PATH", f"{made.program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "clouds"))
    return made


@pytest.fixture
def up() -> Iterator[Up]:
    """Start `lightsail-local up`, and read what it says until it is up."""
    running = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "lightsail_local", "up", *PORTS, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout
        said = ""
        while "Requests to Lightsail" not in said:
            line = process.stdout.readline()
            assert line, process.communicate()
            said += line
        process.said = said  # type: ignore[attr-defined]
        return process

    yield start
    for process in running:
        process.terminate()
        process.communicate()


@contextlib.contextmanager
def in_cloud() -> Iterator[None]:
    """Let this process's clients talk to the cloud that runs."""
    (endpoints,) = running_clouds().values()
    before = dict(os.environ)
    endpoints.enter()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def deploy(capsys: pytest.CaptureFixture[str]) -> str:
    """Deploy a sample image to the service `shop`, and return its URL."""
    assert cli.main(["sample-image", "hello"]) == 0
    digest = capsys.readouterr().out.strip()
    with in_cloud(), contextlib.closing(boto3.client("lightsail")) as lightsail:
        image = lightsail.register_container_image(serviceName="shop", label="web", digest=digest)[
            "containerImage"
        ]["image"]
        lightsail.create_container_service_deployment(
            serviceName="shop",
            containers={"web": {"image": image, "ports": {"80": "HTTP"}}},
            publicEndpoint={"containerName": "web", "containerPort": 80},
        )
        while True:
            (service,) = lightsail.get_container_services()["containerServices"]
            if service["state"] == "RUNNING":
                url: str = service["url"]
                return url
            time.sleep(0.05)


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Give this process its environment back, which the commands change."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_up_runs_what_is_deployed_and_leaves_nothing(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    process = up("--service=shop", "--behaviour=service_seconds=0")
    assert "  containers run by fake version 1.0, server 1.1\n" in process.said  # type: ignore[attr-defined]
    assert "  images     built by docker\n" in process.said  # type: ignore[attr-defined]
    (port,) = running_clouds()
    assert f'eval "$(lightsail-local env --port {port})"\n' in process.said  # type: ignore[attr-defined]
    url = deploy(capsys)

    host = urlsplit(url).netloc
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port or 0)
    with contextlib.closing(connection):
        connection.request("GET", "/", headers={"Host": host})
        assert connection.getresponse().read() == b"hello"
    assert cli.main(["open", "shop"]) == 0
    assert opened == [url]
    capsys.readouterr()
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out == f"shop  RUNNING  {url}\n  1  ACTIVE  web :shop.web.1\n"
    assert cli.main(["logs", "shop"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^\d\d:\d\d:\d\d  web  starting$", shown, re.MULTILINE)
    assert cli.main(["logs", "none"]) == 1
    assert "does not exist: none" in capsys.readouterr().err

    process.send_signal(signal.SIGINT)
    process.communicate()

    assert process.returncode == 0
    assert fake.containers == []
    assert fake.images == []


def test_logs_go_on_until_ctrl_c(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    up("--service=shop", "--behaviour=service_seconds=0", "--behaviour=log_page_size=2")
    deploy(capsys)
    following = subprocess.Popen(
        [sys.executable, "-m", "lightsail_local", "logs", "--follow", "shop"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert following.stdout
    while "Reached a steady state" not in following.stdout.readline():
        pass

    deploy(capsys)
    while "[deployment:2] Reached a steady state" not in following.stdout.readline():
        pass

    following.send_signal(signal.SIGINT)
    following.communicate()
    assert following.returncode == 130


def test_what_a_killed_cloud_left_is_cleared_by_the_next(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    process = up("--service=shop", "--behaviour=service_seconds=0")
    deploy(capsys)
    process.kill()
    process.communicate()
    left = set(fake.containers)
    assert left

    up("--engine=none")  # also one that starts no containers itself

    assert not left & set(fake.containers)


def test_a_web_port_that_is_taken_is_told(
    fake: FakeEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert cli.main(["up", *PORTS, f"--web-port={port}"]) == 1

    assert "choose another one with --web-port" in capfd.readouterr().err


def test_an_engine_that_is_wanted_and_does_not_work_is_told(
    fake: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.be("broken")

    assert cli.main(["up", *PORTS, "--engine=docker"]) == 1

    assert capsys.readouterr().err == (
        "lightsail-local: docker cannot start containers: Error: the runtime refuses: broken; "
        "`--engine none` simulates containers\n"
    )


def test_an_engine_that_cannot_limit_containers_is_told(fake: FakeEngine, up: Up) -> None:
    fake.be("unlimited")

    process = up()

    said = " ".join(process.said.split())  # type: ignore[attr-defined]
    assert "cannot limit memory and processors here" in said


def test_what_an_engine_of_another_machine_builds_is_pushed_from_this_one(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.be("elsewhere")

    process = up()

    assert "  images     built by docker on another machine\n" in process.said  # type: ignore[attr-defined]
    assert cli.main(["env"]) == 0
    (line,) = re.findall("^export CDK_DOCKER=(.*)$", capsys.readouterr().out, re.MULTILINE)
    assert f"--engine={fake.program}" in Path(line).read_text()


def test_without_an_engine_containers_are_simulated(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = fake.program.parent
    fake.program.unlink()
    for name in ("openssl", "node", "uname"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=False)
        if found.stdout:
            (programs / name).symlink_to(found.stdout.strip())
    monkeypatch.setenv("PATH", str(programs))

    # So long that a busy machine still sees the last service PENDING.
    process = up(
        "--behaviour=service_seconds=600", *(f"--service=shop-{number}" for number in range(9))
    )

    assert max(map(len, process.said.splitlines())) <= 80  # type: ignore[attr-defined]
    assert (
        "  containers simulated: none of docker, podman, nerdctl, finch is installed\n"
        in process.said  # type: ignore[attr-defined]
    )
    assert (
        "  images     not built, for none of docker, podman, nerdctl, finch answers\n"
        in process.said  # type: ignore[attr-defined]
    )
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out.count("  https://shop-") == 9
    with in_cloud(), contextlib.closing(boto3.client("lightsail")) as lightsail:
        lightsail.create_container_service(serviceName="shop", power="nano", scale=1)
    assert cli.main(["open", "shop"]) == 1
    assert "the cloud simulates containers, so no URL answers" in capsys.readouterr().err
    assert cli.main(["status"]) == 0
    assert "shop  PENDING (CREATING_SYSTEM_RESOURCES)  https://" in capsys.readouterr().out


def test_a_reader_of_the_log_may_stop_reading(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    up("--service=shop", "--behaviour=service_seconds=0")
    deploy(capsys)
    reading, writing = os.pipe()
    os.close(reading)

    ran = subprocess.run(
        [sys.executable, "-m", "lightsail_local", "logs", "shop"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, "")


def test_a_cloud_that_is_gone_is_told(
    fake: FakeEngine, up: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    up()
    ((path,),) = [list((fake.program.parents[1] / "clouds" / "lightsail-local").glob("*.json"))]
    known = json.loads(path.read_text())
    nowhere = "http://127.0.0.1:9"
    path.write_text(json.dumps({**known, "lightsail": nowhere, "page": nowhere}))

    for command in (["status"], ["logs", "shop"]):
        assert cli.main(command) == 1

        assert "the cloud does not answer: " in capsys.readouterr().err
