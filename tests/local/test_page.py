"""The page over HTTP: what its state tells, what it does not, and who may read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.page.page_server import PageServer
from lightsail_local.page.page_state import page_state
from lightsail_local.server import LightsailServer

ENDPOINT = {"containerName": "c1", "containerPort": 80, "healthCheck": {"path": "/up"}}


class TickingClock:
    """A clock that may go on each time that it is read."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def page(server: LightsailServer) -> Iterator[PageServer]:
    with PageServer(0, lambda: page_state(server)) as page:
        yield page


@pytest.fixture
def get(page: PageServer, raw_client: Any) -> Callable[..., Any]:
    """Ask the page's server."""
    client = raw_client(page.url.removeprefix("http://"))
    return lambda path, method="GET", **headers: client(method, path, headers=headers)


@pytest.fixture
def state(get: Callable[..., Any]) -> Callable[[], Any]:
    return lambda: json.loads(get("/state.json").content)


def test_shows_nothing_where_nothing_is(state: Any) -> None:
    assert state() == {"services": [], "requests": []}


def test_shows_a_service_and_its_state(
    state: Any, api: Any, behaviour: Behaviour, clock: Any
) -> None:
    behaviour.service_seconds = 5
    tags = [{"key": "team", "value": "web"}]
    api.create_container_service(serviceName="shop", power="nano", scale=2, tags=tags)

    (shop,) = state()["services"]
    url = shop.pop("url")
    assert url.startswith("https://shop.")
    assert shop == {
        "name": "shop",
        "state": "PENDING",
        "detail": {
            "code": "CREATING_SYSTEM_RESOURCES",
            "message": "The system resources for your container service are being created.",
        },
        "power": "nano",
        "scale": 2,
        "tags": tags,
        "created": clock.now,
        "images": [],
        "deployments": [],
        "logs": [],
    }
    clock.now += 5
    (shop,) = state()["services"]
    assert (shop["state"], shop["detail"]) == ("READY", None)


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
def test_shows_the_newest_images_first_and_who_uses_them(
    state: Any, behaviour: Behaviour, clock: Any, register: Any, deploy: Any, order: Any
) -> None:
    behaviour.order = order
    first, second, third = register("1"), register("2"), register("3")
    deploy(first)
    clock.now += 10
    deploy(first, second)

    images = state()["services"][0]["images"]

    assert [image["name"] for image in images] == [third, second, first]
    assert [image["deployments"] for image in images] == [[], [2], [1, 2]]
    assert all(image["digest"].startswith("sha256:") for image in images)


def test_a_deployment_of_latest_may_use_every_image_of_its_label(
    state: Any, behaviour: Behaviour, register: Any, deploy: Any
) -> None:
    behaviour.latest = "echoed"
    register("1")
    register("2")
    register("3", label="other")
    deploy(":shop.web.latest")

    images = state()["services"][0]["images"]

    assert {image["name"]: image["deployments"] for image in images} == {
        ":shop.web.1": [1],
        ":shop.web.2": [1],
        ":shop.other.1": [],
    }


def test_shows_deployments_with_the_names_of_environments_alone(
    state: Any, get: Any, api: Any, shop: str, clock: Any
) -> None:
    environment = {"PASSWORD": "correct horse", "MODE": "live"}
    api.create_container_service_deployment(
        serviceName=shop,
        containers={
            "c1": {"image": "nginx", "ports": {"80": "HTTP"}, "environment": environment},
            "c2": {"image": "redis"},
        },
        publicEndpoint=ENDPOINT,
    )

    (deployment,) = state()["services"][0]["deployments"]

    assert deployment == {
        "version": 1,
        "state": "ACTIVATING",
        "created": clock.now,
        "containers": [
            {
                "name": "c1",
                "image": "nginx",
                "ports": ["80/HTTP"],
                "environment": ["MODE", "PASSWORD"],
            },
            {"name": "c2", "image": "redis", "ports": [], "environment": []},
        ],
        "endpoint": {"container": "c1", "port": 80, "path": "/up"},
    }
    assert b"correct horse" not in get("/state.json").content
    clock.now += 10
    assert state()["services"][0]["deployments"][0]["state"] == "ACTIVE"


@pytest.mark.parametrize("page_size", [1, 100])
def test_shows_the_logs_of_containers(
    state: Any, behaviour: Behaviour, clock: Any, deploy: Any, page_size: int
) -> None:
    behaviour.log_page_size = page_size
    started = clock.now
    deploy("nginx")

    (log,) = state()["services"][0]["logs"]

    said = ["[deployment:1] Creating your deployment", "starting"]
    lines = [{"time": started, "message": message} for message in said]
    assert log == {"container": "c1", "lines": lines}
    clock.now += 10
    assert len(state()["services"][0]["logs"][0]["lines"]) > len(lines)


def test_ends_where_a_log_is_given_out_in_pages_of_nothing(
    state: Any, behaviour: Behaviour, deploy: Any
) -> None:
    behaviour.log_page_size = 0
    deploy("nginx")

    assert state()["services"][0]["logs"] == [{"container": "c1", "lines": []}]


def test_leaves_out_a_service_that_goes_while_it_is_looked_at(
    behaviour: Behaviour, api_of: Any
) -> None:
    behaviour.service_seconds = 10
    clock = TickingClock()
    with LightsailServer(behaviour, clock=clock) as server:
        api = api_of(server)
        api.create_container_service(serviceName="shop", power="nano", scale=1)
        clock.now += 10
        api.delete_container_service(serviceName="shop")
        (shop,) = page_state(server)["services"]

        # It is there when the services are listed, and not when its images are.
        clock.step = 9

        assert shop["state"] == "DELETING"
        assert page_state(server)["services"] == []


def test_shows_requests_to_both_sides_the_newest_first(
    state: Any, api: Any, clock: Any, push: Any
) -> None:
    push()
    clock.now += 1
    with pytest.raises(ClientError):
        api.get_container_images(serviceName="other")

    newest, *others = state()["requests"]

    assert newest.pop("milliseconds") >= 0
    assert newest == {
        "id": "API 2",
        "to": "API",
        "time": clock.now,
        "operation": "GetContainerImages",
        "parameters": ["serviceName=other"],
        "status": 400,
        "error": "NotFoundException",
    }
    assert {(each["to"], each["operation"]) for each in others} >= {
        ("API", "CreateContainerServiceRegistryLogin"),
        ("registry", "PutManifest"),
    }
    assert len({each["id"] for each in others}) == len(others)


def test_shows_the_last_500_requests(
    state: Any, get: Any, server: LightsailServer, raw_client: Any
) -> None:
    registry = raw_client(server.registry)
    for number in range(502):
        registry("HEAD", f"/v2/sr/manifests/tag{number}")

    requests = state()["requests"]

    assert len(requests) == 500
    assert requests[0]["parameters"] == ["reference=tag501"]
    assert (requests[0]["id"], requests[-1]["id"]) == ("registry 501", "registry 2")


def test_shows_no_login(get: Any, api: Any, shop: str, registry: Any) -> None:
    registry("GET", "/v2/")
    login = api.create_container_service_registry_login()["registryLogin"]

    content = get("/state.json").content

    assert login["password"].encode() not in content
    assert registry.headers["Authorization"].split()[1].encode() not in content
    assert b"Authorization" not in content


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/?again", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/state.json", "application/json"),
    ],
)
def test_has_nothing_from_elsewhere(get: Any, path: str, kind: str) -> None:
    answer = get(path)

    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"https://" not in answer.content


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::1", "x:y"])
def test_refuses_names_that_are_not_of_this_computer(get: Any, host: str) -> None:
    answer = get("/state.json", Host=host)

    assert answer.status == 421
    assert b"services" not in answer.content


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080"])
def test_answers_to_the_names_of_this_computer(get: Any, host: str) -> None:
    assert get("/state.json", Host=host).status == 200


def test_can_only_be_read(get: Any) -> None:
    assert get("/", "POST").status == 405
    assert get("/", "HEAD").status == 200
    assert get("/other").status == 404
    assert get("/../page_state.py").status == 404


def test_refuses_a_taken_port(page: PageServer) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        PageServer(int(page.url.rpartition(":")[2]), dict)
