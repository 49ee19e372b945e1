"""What an engine is given, and what goes wrong with one: with a fake that does it at will."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.containers.container_engine import ContainerEngine, Started
from lightsail_local.containers.find_container_engine import find_container_engine
from lightsail_local.containers.started_clouds import StartedCloud
from lightsail_local.page.page_state import page_state
from patience import wait_until
from running_services import FakeEngine, Services


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(
        service_seconds=0, deployment_seconds=0.1, health_check_second=0.02, log_page_size=10_000
    )


@pytest.fixture
def services(fake: FakeEngine, cloud: StartedCloud, behaviour: Behaviour) -> Iterator[Services]:
    with Services.running(behaviour, find_container_engine(cloud), cloud.folder) as services:
        services.create("shop")
        yield services


def test_a_public_image_is_pulled(services: Services, fake: FakeEngine) -> None:
    state = services.deploy("shop", image="public/web:1", command=["-f", "-h", "/"])

    assert state == "ACTIVE"
    assert '["pull", "--platform", "linux/amd64", "public/web:1"]' in fake.calls


def test_a_public_image_that_is_not_there_fails(services: Services) -> None:
    assert services.deploy("shop", image="public/none:1") == "FAILED"

    assert services.log("shop")[-2:] == [
        "Error: initializing source docker://public/none:1: not found",
        "[deployment:1] Canceled",
    ]


def test_an_image_for_another_platform_fails_as_without_an_engine(services: Services) -> None:
    digest = services.push("hello", platform="linux/arm64")
    answer = services.api.register_container_image(serviceName="shop", label="web", digest=digest)

    assert services.deploy("shop", image=answer["containerImage"]["image"]) == "FAILED"

    assert "exec format error" in services.log("shop")


def test_nodes_stay_if_those_of_another_scale_cannot_be_started(
    services: Services, fake: FakeEngine
) -> None:
    services.deploy("shop", "hello")
    fake.be("broken")

    services.api.update_container_service(serviceName="shop", scale=2)

    kept = "[deployment:1] Kept the nodes, for the new ones did not become healthy"
    wait_until(lambda: kept in services.log("shop"))
    assert services.get("shop") == (200, "hello")
    # One of them holds the network.
    wait_until(lambda: len(fake.containers) == 2)


def test_another_power_is_that_of_the_nodes(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")

    services.api.update_container_service(serviceName="shop", power="medium")

    wait_until(lambda: '"--memory", "2048m", "--cpus", "1.0"' in fake.calls)
    wait_until(lambda: len(fake.containers) == 2)
    assert services.get("shop") == (200, "hello")


def test_a_power_with_more_processors_than_the_engine_has_gets_all_of_them(
    services: Services, fake: FakeEngine
) -> None:
    services.api.create_container_service(serviceName="wide", power="xlarge", scale=1)

    assert services.deploy("wide", "hello") == "ACTIVE"

    assert '"--memory", "8192m", "--cpus", "2"' in fake.calls


def test_what_an_engine_says_of_its_options_is_not_logged(services: Services) -> None:
    assert services.deploy("shop", command=["nothing-like-that"]) == "FAILED"

    log = services.log("shop")
    assert "Error: executable file nothing-like-that not found" in log
    assert "--help" not in " ".join(log)


def test_podman_gives_no_container_the_proxies_of_the_shell(
    fake: FakeEngine, cloud: StartedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://name:secret@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "localhost")
    fake.program.write_text("#!/bin/sh\nexec /usr/bin/env\n")
    container = Started(name="web", image="web:1")

    def environment_of(version: str) -> str:
        engine = ContainerEngine(command=[str(fake.program)], cloud=cloud.id, version=version)
        said, _ = engine.attach(container, {}, cloud.folder).communicate()
        return str(said.decode())

    assert "proxy" not in environment_of("podman version 4.3.1").lower()
    # Docker gives them to no container, and may reach its server by them.
    assert "HTTPS_PROXY=" in environment_of("Docker version 28.2.2")


def test_what_no_program_can_be_given_fails_and_leaves_no_container(
    services: Services, fake: FakeEngine
) -> None:
    assert services.deploy("shop", "hello", command=["a\0b"]) == "FAILED"

    assert services.log("shop")[-2:] == [
        "ValueError: embedded null byte",
        "[deployment:1] Canceled",
    ]
    wait_until(lambda: fake.containers == [])


def test_a_file_that_cannot_be_written_while_it_serves_is_told_and_leaves_no_container(
    services: Services, fake: FakeEngine, cloud: StartedCloud
) -> None:
    services.deploy("shop", "hello")
    (file,) = cloud.folder.glob("*-1-1.env")
    file.with_name(file.name.replace("-1-1.env", "-1-2.env")).mkdir()

    services.kill_container(fake)

    wait_until(lambda: services.log("shop")[-1].startswith("IsADirectoryError: "))
    wait_until(lambda: fake.containers == [])
    assert services.deployments("shop")[0]["state"] == "ACTIVE"


def test_an_image_is_loaded_once(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")
    services.deploy("shop", "hello")

    # One for the program that holds networks.
    assert fake.calls.count('["load",') == 2


def test_an_image_whose_files_are_gone_fails(services: Services, cloud: StartedCloud) -> None:
    image = services.image("shop", "hello")
    for file in cloud.folder.iterdir():
        file.unlink()

    assert services.deploy("shop", image=image) == "FAILED"

    assert "the image could not be pulled: " in " ".join(services.log("shop"))


def test_secrets_are_in_no_list_of_processes(
    services: Services, fake: FakeEngine, cloud: StartedCloud
) -> None:
    # Docker reads no line of 64 KiB from a file.
    long = "third secret" + "x" * 70_000
    environment = {"PLAIN": "first secret", "QUOTED": 'the "second" secret', "LONG": long}
    services.deploy("shop", "hello", environment=environment)

    assert "secret" not in fake.calls
    (file,) = cloud.folder.glob("*.env")
    assert file.read_text() == "PLAIN=first secret\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_container_has_its_power_s_resources(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")

    assert '"--memory", "1024m", "--cpus", "0.25"' in fake.calls


def test_a_container_that_was_killed_is_told_and_leaves_no_file(
    services: Services, fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    services.deploy("shop", "hello")

    services.kill_container(fake)

    told = "[deployment:1] Container ended with 137 (killed, perhaps because it was out of memory)"
    wait_until(lambda: told in services.log("shop"))
    assert not (tmp_path / "oom").exists()


def test_the_page_shows_nodes_restarts_and_health_checks(
    services: Services, fake: FakeEngine
) -> None:
    services.deploy("shop", "hello")

    (shop,) = page_state(services.server)["services"]

    assert shop["isServed"]
    assert not shop["isSimulated"]
    (node,) = shop["deployments"][0]["nodes"]
    container = {"name": "web", "isRunning": True, "restarts": 0, "exitCode": None}
    assert node["containers"] == [container]
    last = node["healthChecks"][-1]
    assert (last["health"], last["answer"]) == ("healthy", "200")

    services.kill_container(fake)
    again = {"name": "web", "isRunning": True, "restarts": 1, "exitCode": 137}
    wait_until(lambda: shown_containers(services) == [again])


def test_the_page_shows_how_the_containers_of_a_failed_deployment_ended(
    services: Services,
) -> None:
    services.deploy("shop", "old")
    services.deploy("shop", "new", fails="crash")

    (shop,) = page_state(services.server)["services"]

    failed, active = shop["deployments"]
    assert shop["isServed"]
    assert [failed["state"], active["state"]] == ["FAILED", "ACTIVE"]
    (container,) = failed["nodes"][0]["containers"]
    assert (container["restarts"], container["exitCode"]) == (2, 1)
    assert "Error: cannot start: new" in failed["problem"]["lines"]


def test_the_page_shows_no_nodes_of_what_was_replaced(services: Services) -> None:
    services.deploy("shop", "old")
    services.deploy("shop", "new")

    (shop,) = page_state(services.server)["services"]

    assert [len(each["nodes"]) for each in shop["deployments"]] == [1, 0]


def test_the_page_leads_to_no_disabled_service(services: Services) -> None:
    services.deploy("shop", "hello")

    services.api.update_container_service(serviceName="shop", isDisabled=True)

    assert not page_state(services.server)["services"][0]["isServed"]


def shown_containers(services: Services) -> Any:
    (shop,) = page_state(services.server)["services"]
    return shop["deployments"][0]["nodes"][0]["containers"]


def test_what_runs_ends_with_the_cloud(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")
    services.begin("shop", image="slow")
    wait_until((fake.state / "pulling").exists)

    services.server.stop()

    assert services.server.requests


def test_the_deployment_before_stops_once_a_new_one_serves(
    services: Services, fake: FakeEngine
) -> None:
    services.deploy("shop", "old")
    running = fake.containers
    services.deploy("shop", "new")

    wait_until(lambda: not set(running) & set(fake.containers))
    assert services.get("shop") == (200, "new")
