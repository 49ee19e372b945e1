"""What a person sees of the services without a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lightsail_local.page.page_server import PageServer
from lightsail_local.page.page_state import page_state
from lightsail_local.server import LightsailServer
from lightsail_local.status import read_state, status_lines


@pytest.fixture
def status(server: LightsailServer) -> Callable[[], list[str]]:
    """What `lightsail-local status` shows, over the wire."""

    def read() -> list[str]:
        with PageServer(0, lambda: page_state(server)) as page:
            return list(status_lines(read_state(page.url)))

    return read


def test_the_status_says_that_there_is_no_service(status: Any) -> None:
    assert status() == ["no container services"]


def test_the_status_says_why_a_deployment_failed(
    status: Any, api: Any, register: Any, deploy: Any, clock: Any
) -> None:
    deploy("nginx")
    clock.now += 10
    deploy(register("no database", fails="crash"), "redis")
    clock.now += 5
    url = api.get_container_services()["containerServices"][0]["url"]
    assert status() == [
        f"shop  DEPLOYING (CREATING_DEPLOYMENT)  {url}",
        "  2  ACTIVATING  c1 :shop.web.1, c2 redis",
        "  1  ACTIVE  c1 nginx",
    ]
    clock.now += 5

    assert status() == [
        f"shop  RUNNING  {url}",
        "  2  FAILED  c1 :shop.web.1, c2 redis",
        "     a container ended, or did not start:",
        "       starting",
        "       environment:",
        "       Error: cannot start: no database",
        "  1  ACTIVE  c1 nginx",
    ]


def test_the_status_says_why_if_the_containers_said_nothing(
    server: LightsailServer, register: Any, deploy: Any, clock: Any
) -> None:
    deploy(register(fails="took_too_long"))
    clock.now += 10
    state = page_state(server)
    state["services"][0]["deployments"][0]["problem"]["lines"] = []

    assert list(status_lines(state))[2:] == ["     it was not healthy in time"]


def test_the_status_shows_a_deleted_service_if_its_last_deployment_failed(
    status: Any, api: Any, register: Any, deploy: Any, clock: Any
) -> None:
    deploy(register(fails="health_check"))
    clock.now += 10
    api.delete_container_service(serviceName="shop")

    assert status() == [
        "shop  DELETED",
        "  1  FAILED  c1 :shop.web.1",
        "     its health check failed:",
        "       starting",
        "       listening on port 80",
        "       GET / 503",
    ]


def test_the_status_shows_no_deleted_service_else(
    status: Any, api: Any, deploy: Any, clock: Any
) -> None:
    api.create_container_service(serviceName="empty", power="nano", scale=1)
    deploy("nginx")
    clock.now += 10
    for name in ("shop", "empty"):
        api.delete_container_service(serviceName=name)

    assert status() == ["no container services"]
