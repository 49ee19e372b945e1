"""What an engine is given, and what goes wrong with one: with a fake that does it at will."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.containers.find_container_engine import find_container_engine
from lightsail_local.containers.started_clouds import StartedCloud
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
    environment = {"PLAIN": "first secret", "QUOTED": 'the "second" secret'}
    services.deploy("shop", "hello", environment=environment)

    assert "secret" not in fake.calls
    (file,) = cloud.folder.glob("*.env")
    assert file.read_text() == "PLAIN=first secret\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_container_has_its_power_s_resources(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")

    assert '"--memory", "1024m", "--cpus", "0.25"' in fake.calls


def test_a_container_that_was_killed_is_told(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")

    services.kill_container(fake)

    told = "[deployment:1] Container ended with 137 (killed, perhaps because it was out of memory)"
    services.wait(lambda: told in services.log("shop"))


def test_what_runs_ends_with_the_cloud(services: Services, fake: FakeEngine) -> None:
    services.deploy("shop", "hello")
    services.begin("shop", image="slow")
    services.wait((fake.state / "pulling").exists)

    services.server.stop()

    assert services.server.requests


def test_the_deployment_before_stops_once_a_new_one_serves(
    services: Services, fake: FakeEngine
) -> None:
    services.deploy("shop", "old")
    running = fake.containers
    services.deploy("shop", "new")

    services.wait(lambda: not set(running) & set(fake.containers))
    assert services.get("shop") == (200, "new")
