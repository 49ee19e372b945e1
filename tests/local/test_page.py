"""The page over HTTP: what its state tells, what it does not, and who may read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.page.page_server import PageServer
from lightsail_local.page.page_state import page_state
from lightsail_local.server import Fault, LightsailServer

ENDPOINT = {"containerName": "c1", "containerPort": 80, "healthCheck": {"path": "/up"}}


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
    assert state() == {"services": [], "stacks": [], "calls": []}


def test_shows_a_service_and_its_state(
    state: Any, api: Any, behaviour: Behaviour, clock: Any
) -> None:
    behaviour.service_seconds = 5
    tags = [{"key": "team", "value": "web"}]
    api.create_container_service(serviceName="shop", power="nano", scale=2, tags=tags)

    (shop,) = state()["services"]
    assert shop.pop("id")
    assert shop.pop("url").startswith("https://shop.")
    assert shop == {
        "name": "shop",
        "state": "PENDING",
        "detail": {
            "code": "CREATING_SYSTEM_RESOURCES",
            "message": "The system resources for your container service are being created.",
        },
        "power": "nano",
        "scale": 2,
        "isSimulated": True,
        "isServed": False,
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
        "nodes": [],
        "problem": None,
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


def test_shows_the_end_of_a_long_log(
    state: Any, deploy: Any, clock: Any, behaviour: Behaviour
) -> None:
    behaviour.deployment_seconds = 0
    for number in range(50):
        clock.now = 1_800_000_000 + number
        deploy("nginx")

    (log,) = state()["services"][0]["logs"]

    assert len(log["lines"]) == 200
    assert log["lines"][-1]["message"] == "[deployment:50] Reached a steady state"


def test_shows_the_start_of_a_long_line(state: Any, register: Any, deploy: Any, clock: Any) -> None:
    deploy(register("x" * 2000, fails="crash"))
    clock.now += 10

    (shop,) = state()["services"]

    expected = ("Error: cannot start: " + "x" * 2000)[:1000] + "…"
    assert shop["deployments"][0]["problem"]["lines"][-1] == expected
    assert expected in [line["message"] for line in shop["logs"][0]["lines"]]


def test_the_newest_service_comes_first(state: Any, api: Any, clock: Any) -> None:
    for name in ("first", "second", "third"):
        clock.now += 1
        api.create_container_service(serviceName=name, power="nano", scale=1)

    assert [service["name"] for service in state()["services"]] == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("failure", "reason", "last"),
    [
        ("crash", "a container ended, or did not start", "Error: cannot start: hello"),
        ("health_check", "its health check failed", "GET /up 503"),
        ("took_too_long", "it was not healthy in time", "starting"),
    ],
)
def test_tells_why_a_deployment_failed(
    state: Any, register: Any, deploy: Any, clock: Any, failure: str, reason: str, last: str
) -> None:
    deploy(register(fails=failure), publicEndpoint=ENDPOINT)
    assert state()["services"][0]["deployments"][0]["problem"] is None
    clock.now += 10

    (deployment,) = state()["services"][0]["deployments"]

    assert (deployment["state"], deployment["problem"]["reason"]) == ("FAILED", reason)
    assert deployment["problem"]["lines"][-1] == last


def test_a_service_whose_first_deployment_failed_stays_with_its_log_after_the_rollback(
    state: Any, api: Any, register: Any, deploy: Any, clock: Any
) -> None:
    deploy(register(fails="crash"))
    clock.now += 10
    api.delete_container_service(serviceName="shop")
    clock.now += 1

    api.create_container_service(serviceName="shop", power="nano", scale=1)
    new, old = state()["services"]

    assert (new["name"], new["state"], new["logs"]) == ("shop", "READY", [])
    assert (old["name"], old["state"], old["isServed"]) == ("shop", "DELETED", False)
    assert old["id"] != new["id"]
    assert old["deployments"][0]["state"] == "FAILED"
    assert old["deployments"][0]["problem"]["lines"][-1].startswith("Error: cannot start")
    assert old["logs"][0]["lines"][-1]["message"] == "[deployment:1] Canceled"


def test_the_last_three_deleted_services_stay_and_nothing_of_them_goes_on(
    state: Any, api: Any, deploy: Any, clock: Any
) -> None:
    deploy("nginx")
    for name in ("shop", "second", "third", "fourth"):
        clock.now += 1
        if name != "shop":
            api.create_container_service(serviceName=name, power="nano", scale=1)
        if name == "fourth":
            before = state()["services"]
        api.delete_container_service(serviceName=name)

    assert [(each["name"], each["state"]) for each in before] == [
        ("fourth", "READY"),
        ("third", "DELETED"),
        ("second", "DELETED"),
        ("shop", "DELETED"),
    ]
    assert before[-1]["deployments"][0]["state"] == "INACTIVE"
    assert [each["name"] for each in state()["services"]] == ["fourth", "third", "second"]


def test_shows_the_calls_to_both_sides_with_the_newest_first(
    state: Any, api: Any, clock: Any, push: Any
) -> None:
    push()
    clock.now += 1
    with pytest.raises(ClientError):
        api.get_container_images(serviceName="other")

    newest, *others = state()["calls"]

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
    shown = [(each["to"], each["operation"]) for each in others if "to" in each]
    assert set(shown) >= {
        ("API", "CreateContainerServiceRegistryLogin"),
        ("registry", "PutManifest"),
    }
    assert len({each["id"] for each in others}) == len(others)


def test_counts_the_calls_that_only_read(
    state: Any, api: Any, clock: Any, shop: str, registry: Any
) -> None:
    began = clock.now
    for _ in range(3):
        clock.now += 1
        api.get_container_services(serviceName=shop)
    # A push asks which layers are missing.
    registry("HEAD", f"/v2/sr/blobs/sha256:{'0' * 64}")
    (reads, *_) = state()["calls"]
    assert reads["reads"] == [
        {"operation": "GetContainerServices", "count": 3},
        {"operation": "HeadBlob", "count": 1},
    ]
    assert (reads["since"], reads["time"]) == (began + 1, clock.now)

    api.get_container_services(serviceName=shop)
    (grown, *_) = state()["calls"]
    assert (grown["id"], grown["reads"][0]["count"]) == (reads["id"], 4)

    api.update_container_service(serviceName=shop, scale=2)
    clock.now += 1
    api.get_container_services(serviceName=shop)
    (newest, update, before, *_) = state()["calls"]
    assert (newest["reads"], update["operation"], before["id"]) == (
        [{"operation": "GetContainerServices", "count": 1}],
        "UpdateContainerService",
        reads["id"],
    )


def test_shows_a_read_that_got_no_answer(state: Any, server: LightsailServer, api: Any) -> None:
    server.faults.append(Fault(operation="GetContainerServices", kind="reset_before"))

    with pytest.raises(BotoCoreError):
        api.get_container_services()

    (call,) = state()["calls"]
    assert (call["operation"], call["status"]) == ("GetContainerServices", None)


def test_shows_the_last_200_calls(state: Any, server: LightsailServer, raw_client: Any) -> None:
    registry = raw_client(server.registry)
    for number in range(202):
        registry("GET", f"/v2/sr/manifests/tag{number}")

    calls = state()["calls"]

    assert len(calls) == 200
    assert calls[0]["parameters"] == ["reference=tag201"]
    assert (calls[0]["id"], calls[-1]["id"]) == ("registry 201", "registry 2")


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
