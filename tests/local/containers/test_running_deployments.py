"""Deployments whose containers run: with a fake engine, and with real ones where they can."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.failure import Failure
from lightsail_local.containers.container_engine import (
    ContainerEngine,
    ContainerEngineError,
    Started,
)
from lightsail_local.containers.docker_archive import write_program_archive
from lightsail_local.page.page_state import page_state
from patience import wait_until
from running_services import Services


@pytest.fixture
def shop(services: Services, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a service of the test's own, which is deleted."""
    name = f"shop-{abs(hash(request.node.name)) % 10**8}"
    services.create(name)
    yield name
    services.api.delete_container_service(serviceName=name)


def test_its_url_answers_once_it_is_active(services: Services, shop: str) -> None:
    assert services.describe(shop)["url"].startswith(f"http://{shop}.localhost:")
    assert services.get(shop)[0] == 503

    assert services.deploy(shop, "hello") == "ACTIVE"

    assert services.get(shop, "/some%2Fpath") == (200, "hello")
    wait_until(lambda: "GET /some%2Fpath 200" in services.log(shop))
    log = services.log(shop)
    assert log[0] == "[deployment:1] Creating your deployment"
    assert "starting" in log
    assert "listening on port" in " ".join(log)
    assert "[deployment:1] Started 1 new node" in log
    assert "[deployment:1] Reached a steady state" in log


def test_its_program_gets_its_environment_and_what_it_says_is_logged(
    services: Services, shop: str
) -> None:
    environment = {"PLAIN": "a b=c", "LINES": "one\ntwo", "QUOTED": "\"x\" 'y'"}

    assert services.deploy(shop, "no database", fails="crash", environment=environment) == "FAILED"

    log = "\n".join(services.log(shop))
    for name, value in environment.items():
        assert f"{name}={value}" in log
    assert "Error: cannot start: no database" in log


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("crash", "[deployment:2] Container ended with 1"),
        ("health_check", "[deployment:2] Failed health check"),
        ("took_too_long", "[deployment:2] Took too long"),
    ],
)
def test_one_that_fails_leaves_the_one_before(
    services: Services, shop: str, fails: Failure, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert services.deploy(shop, "old") == "ACTIVE", services.log(shop)
    if fails == "took_too_long":
        monkeypatch.setattr(services.server.behaviour, "longest_start_seconds", 0.5)

    assert services.deploy(shop, "new", fails=fails) == "FAILED"

    assert "[deployment:2] Canceled" in services.log(shop)
    assert said in services.log(shop)
    assert services.get(shop) == (200, "old")
    assert services.describe(shop)["state"] == "RUNNING"
    assert services.deployments(shop)[1]["state"] == "ACTIVE"


def test_the_log_is_in_the_order_of_time_while_two_deployments_run(
    services: Services, shop: str
) -> None:
    services.deploy(shop, "old")
    services.begin(shop, "new", fails="took_too_long")
    created = "[deployment:2] Creating your deployment"
    wait_until(lambda: created in services.log(shop))

    services.get(shop, "/later")

    wait_until(lambda: "GET /later 200" in services.log(shop))
    log = services.log(shop)
    assert log.index(created) < log.index("GET /later 200")


def test_one_without_the_image_s_program_fails(services: Services, shop: str) -> None:
    assert services.deploy(shop, command=["nothing-like-that"]) == "FAILED"

    assert "nothing-like-that" in " ".join(services.log(shop))


def test_no_request_of_a_steady_load_fails_while_deployments_come_and_go(
    services: Services, shop: str
) -> None:
    services.deploy(shop, "one")
    answers: Counter[object] = Counter()
    ended = threading.Event()

    def load() -> None:
        while not ended.is_set():
            try:
                answers[services.get(shop)] += 1
            except OSError as error:
                answers[repr(error)] += 1
            ended.wait(0.02)

    clients = [threading.Thread(target=load) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        services.deploy(shop, "two")
        services.deploy(shop, "broken", fails="crash")
        services.deploy(shop, "three")
        wait_until(lambda: answers[200, "three"] > 20)
    finally:
        ended.set()
        for client in clients:
            client.join()

    assert set(answers) == {(200, "one"), (200, "two"), (200, "three")}


def test_containers_of_one_deployment_share_localhost(services: Services, shop: str) -> None:
    image = services.image(shop, "hello")
    side = {"image": image, "command": ["httpd", "ask", "80"]}

    assert services.deploy(shop, "hello", more={"side": side}) == "ACTIVE"

    wait_until(lambda: "HTTP/1.1 200 OK" in services.log(shop, "side"))


def test_one_without_a_public_endpoint_is_active_once_it_stays_up(
    services: Services, shop: str
) -> None:
    assert services.deploy(shop, is_public=False) == "ACTIVE", services.log(shop)
    assert services.get(shop)[0] == 503

    assert services.deploy(shop, is_public=False, fails="crash") == "FAILED"


def test_requests_are_spread_over_the_nodes(services: Services) -> None:
    services.create("wide", scale=2)

    assert services.deploy("wide", "hello") == "ACTIVE"

    assert services.get("wide") == services.get("wide") == (200, "hello")
    log = services.log("wide")
    assert "[deployment:1] Started 2 new nodes" in log
    assert log.count("starting") == 2
    services.api.delete_container_service(serviceName="wide")


def test_nodes_follow_another_scale_and_power_while_the_url_answers(
    services: Services, shop: str
) -> None:
    services.deploy(shop, "hello")
    answers: Counter[object] = Counter()

    def ask_until(said: str) -> None:
        while said not in services.log(shop):
            answers[services.get(shop)] += 1
            time.sleep(0.02)

    services.api.update_container_service(serviceName=shop, scale=2, power="small")
    ask_until("[deployment:1] Started 2 new nodes")
    wait_until(lambda: nodes(services, shop) == 2)
    services.api.update_container_service(serviceName=shop, scale=1)
    wait_until(lambda: services.log(shop).count("[deployment:1] Started 1 new node") == 2)
    wait_until(lambda: nodes(services, shop) == 1)

    assert services.get(shop) == (200, "hello")
    assert set(answers) == {(200, "hello")}
    assert len(services.deployments(shop)) == 1


def nodes(services: Services, name: str) -> int:
    """Return how many nodes the newest deployment of a service runs on."""
    (service,) = (each for each in page_state(services.server)["services"] if each["name"] == name)
    return len(service["deployments"][0]["nodes"])


def test_a_disabled_service_does_not_answer(services: Services, shop: str) -> None:
    services.deploy(shop, "hello")

    services.api.update_container_service(serviceName=shop, isDisabled=True)
    assert services.get(shop)[0] == 503

    services.api.update_container_service(serviceName=shop, isDisabled=False)
    assert services.get(shop) == (200, "hello")


def test_a_service_that_is_deleted_while_it_deploys_runs_no_more(services: Services) -> None:
    services.create("short")
    services.begin("short", "silent", fails="took_too_long")
    wait_until(lambda: "starting" in services.log("short"))

    services.api.delete_container_service(serviceName="short")

    services.create("short")
    assert services.deploy("short", "again") == "ACTIVE"
    assert services.get("short") == (200, "again")
    services.api.delete_container_service(serviceName="short")


def test_a_container_that_ends_while_it_serves_is_started_again(
    services: Services, shop: str
) -> None:
    services.deploy(shop, "hello")

    services.get(shop, "/exit")

    wait_until(lambda: "[deployment:1] Container ended with 1" in services.log(shop))
    wait_until(lambda: services.log(shop).count("starting") == 2)
    wait_until(lambda: services.get(shop) == (200, "hello"))
    assert services.deployments(shop)[0]["state"] == "ACTIVE"


def test_one_whose_engine_was_restarted_gets_new_nodes(
    services: Services, shop: str, any_engine: tuple[ContainerEngine, Path]
) -> None:
    engine, _ = any_engine
    services.deploy(shop, "hello")

    # As Docker does: the containers are gone, also the one that holds the network.
    for _ in range(2):  # podman keeps one whose network another one has
        engine.remove(engine.containers())

    wait_until(lambda: services.log(shop).count("[deployment:1] Started 1 new node") == 2)
    wait_until(lambda: nodes(services, shop) == 1)
    assert services.get(shop) == (200, "hello")


def test_a_cloud_that_ends_leaves_no_container(
    any_engine: tuple[ContainerEngine, Path], tmp_path: Path
) -> None:
    engine = dataclasses.replace(any_engine[0], cloud="ending")
    write_program_archive(tmp_path / "program.tar", engine.program_image)
    engine.load(tmp_path / "program.tar")
    behaviour = Behaviour(service_seconds=0, health_check_second=0.02)
    with Services.running(behaviour, engine, tmp_path) as services:
        for name in ("one", "two"):
            services.create(name)
            assert services.deploy(name) == "ACTIVE"
    # Its own engine starts nothing more.
    next_one = dataclasses.replace(any_engine[0], cloud="ending")

    next_one.clear()

    assert next_one.containers() == []


def test_a_cloud_that_ends_leaves_an_image_and_containers_of_the_user_s_with_the_same_contents(
    any_engine: tuple[ContainerEngine, Path], tmp_path: Path
) -> None:
    engine, _ = any_engine
    cloud = dataclasses.replace(engine, cloud="ended")
    user = dataclasses.replace(engine, cloud="user")
    for each in (cloud, user):
        write_program_archive(tmp_path / "program.tar", each.program_image)
        each.load(tmp_path / "program.tar")

    running = Started(name="lightsail-local-user", image=user.program_image, command=["wait"])
    user.start(running)

    cloud.clear()

    assert user.is_up(running.name)
    user.remove([running.name])
    user.start(running)
    user.clear()
    with pytest.raises(ContainerEngineError):
        user.start(running)
