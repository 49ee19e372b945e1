from __future__ import annotations

import json
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.images.manifest import digest_of

CREATING = "[deployment:1] Creating your deployment"
STARTING = "starting"
LISTENING = "listening on port 80"
STARTED = "[deployment:1] Started 1 new node"
STEADY = "[deployment:1] Reached a steady state"
CANCELED = "[deployment:1] Canceled"


def messages(api: Any, **parameters: Any) -> list[str]:
    answer = api.get_container_log(serviceName="shop", **{"containerName": "c1", **parameters})
    return [event["message"] for event in answer["logEvents"]]


def test_tells_of_a_deployment_as_it_comes(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")

    assert messages(api) == [CREATING, STARTING]
    clock.now += 10
    assert messages(api) == [CREATING, STARTING, LISTENING, STARTED, STEADY]
    assert messages(api, containerName="other") == []


def test_tells_why_a_deployment_failed(
    api: Any, clock: Any, register: Any, deploy: Any, behaviour: Behaviour
) -> None:
    deploy(register(platform="linux/arm64"))
    clock.now += 10

    assert messages(api) == [CREATING, "exec format error", CANCELED]


def test_a_container_that_crashes_shows_its_whole_environment_each_time(
    api: Any, clock: Any, register: Any
) -> None:
    containers = {
        "web": {
            "image": register("no\n database", fails="crash"),
            "environment": {"PASSWORD": "hunter2", "MODE": "a b"},
        },
        "cache": {"image": "redis", "ports": {"6379": "TCP", "80": "HTTP"}},
    }
    api.create_container_service_deployment(serviceName="shop", containers=containers)
    clock.now += 10

    assert messages(api, containerName="web") == [
        CREATING,
        *3
        * (
            STARTING,
            "environment: PASSWORD=hunter2 MODE=a b",
            "Error: cannot start: no database",
        ),
        CANCELED,
    ]
    assert messages(api, containerName="cache") == [
        CREATING,
        STARTING,
        "listening on port 6379",
        LISTENING,
        CANCELED,
    ]


def test_a_container_that_crashes_is_started_again_in_its_time(
    api: Any, clock: Any, register: Any, deploy: Any
) -> None:
    deploy(register(fails="crash"))

    seen = []
    for seconds in (0, 4, 3):
        clock.now += seconds
        seen.append(messages(api).count(STARTING))

    assert seen == [1, 2, 3]
    assert CANCELED not in messages(api)


def test_a_container_of_another_registry_crashes_with_its_images_name(
    api: Any, clock: Any, deploy: Any, behaviour: Behaviour
) -> None:
    behaviour.failing_images["nginx:1.27"] = "crash"
    deploy("nginx:1.27")
    clock.now += 10

    assert messages(api)[1:4] == [
        STARTING,
        "environment:",
        "Error: cannot start: nginx:1.27",
    ]


def test_a_container_crashes_with_its_images_name_where_it_has_no_description(
    api: Any, clock: Any, deploy: Any, registry: Any, manifest: Any
) -> None:
    config = json.dumps({"config": {"Labels": {"lightsail-local.fails": "crash"}}}).encode()
    descriptor = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": registry.upload(config),
        "size": len(config),
    }
    image = manifest(config=descriptor)
    registry.put_manifest("tag", image)
    api.register_container_image(serviceName="shop", label="web", digest=digest_of(image))
    deploy(":shop.web.1")

    assert messages(api)[-1] == "Error: cannot start: :shop.web.1"


def test_a_container_fails_its_health_check_at_the_endpoints_path(
    api: Any, clock: Any, register: Any, deploy: Any
) -> None:
    health_check = {"path": "/up"}
    endpoint = {"containerName": "c1", "containerPort": 80, "healthCheck": health_check}
    deploy(register(fails="health_check"), "nginx", publicEndpoint=endpoint)
    clock.now += 10

    ended = ["[deployment:1] Failed health check", CANCELED]
    assert messages(api) == [CREATING, STARTING, LISTENING, "GET /up 503", *ended]
    assert messages(api, containerName="c2") == [CREATING, STARTING, LISTENING, *ended]


def test_a_container_without_endpoint_fails_its_health_check_at_the_root(
    api: Any, clock: Any, register: Any, deploy: Any
) -> None:
    deploy(register(fails="health_check"))
    clock.now += 10

    assert "GET / 503" in messages(api)


def test_a_container_that_takes_too_long_never_listens(
    api: Any, clock: Any, register: Any, deploy: Any
) -> None:
    deploy(register(fails="took_too_long"))
    clock.now += 10

    assert messages(api) == [CREATING, STARTING, "[deployment:1] Took too long", CANCELED]


def test_tells_of_every_deployment_in_order(
    api: Any, clock: Any, register: Any, deploy: Any
) -> None:
    for image in ("nginx", register(fails="crash"), "nginx"):
        deploy(image)
        clock.now += 10

    answer = api.get_container_log(serviceName="shop", containerName="c1")

    times = [event["createdAt"] for event in answer["logEvents"]]
    assert times == sorted(times)
    own = [message for message in messages(api) if message.startswith("[")]
    assert [message[:14] for message in own] == [
        *3 * ["[deployment:1]"],
        *2 * ["[deployment:2]"],
        *3 * ["[deployment:3]"],
    ]


def test_a_deployment_that_takes_no_time_is_told_in_order(
    api: Any, behaviour: Behaviour, deploy: Any
) -> None:
    behaviour.deployment_seconds = 0
    deploy("nginx")

    assert messages(api) == [CREATING, STARTING, LISTENING, STARTED, STEADY]


def test_a_stale_read_shows_the_log_as_it_was(
    api: Any, behaviour: Behaviour, clock: Any, deploy: Any
) -> None:
    behaviour.stale_seconds = 5
    clock.now += 10
    deploy("nginx")
    clock.now += 10

    assert messages(api) == [CREATING, STARTING, LISTENING]


def test_answers_a_span_of_time(api: Any, clock: Any, deploy: Any) -> None:
    start = clock.now
    deploy("nginx")
    clock.now += 100

    assert messages(api, startTime=start + 1) == [LISTENING, STARTED, STEADY]
    assert messages(api, endTime=start + 1) == [CREATING, STARTING]


def test_a_span_may_start_when_the_last_line_is_said_to_come(
    api: Any, clock: Any, deploy: Any
) -> None:
    clock.now = int(clock.now) + 10.9996  # which is answered as the next second
    deploy("nginx")
    answer = api.get_container_log(serviceName="shop", containerName="c1")
    last = answer["logEvents"][-1]

    assert messages(api, startTime=last["createdAt"])[-1] == last["message"]


def test_keeps_four_days(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")
    clock.now += 4 * 24 * 3600 + 5

    assert messages(api) == [STARTED, STEADY]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [CREATING, STARTING, LISTENING, STARTED, STEADY]),
        ("deployment Started", [STARTED]),
        ("-Started -ing", [STEADY]),
        ("?Creating ?steady", [CREATING, STEADY]),
        ("ERROR", []),
    ],
)
def test_filters_by_a_pattern(
    api: Any, clock: Any, deploy: Any, pattern: str, expected: list[str]
) -> None:
    deploy("nginx")
    clock.now += 10

    assert messages(api, filterPattern=pattern) == expected


def test_answers_in_pages(api: Any, behaviour: Behaviour, clock: Any, deploy: Any) -> None:
    behaviour.log_page_size = 2
    deploy("nginx")
    clock.now += 10

    first = api.get_container_log(serviceName="shop", containerName="c1")
    second = api.get_container_log(
        serviceName="shop", containerName="c1", pageToken=first["nextPageToken"]
    )

    assert [event["message"] for event in first["logEvents"]] == [CREATING, STARTING]
    third = api.get_container_log(
        serviceName="shop", containerName="c1", pageToken=second["nextPageToken"]
    )
    assert [event["message"] for event in second["logEvents"]] == [LISTENING, STARTED]
    assert [event["message"] for event in third["logEvents"]] == [STEADY]
    assert "nextPageToken" not in third


def test_refuses_a_page_token_of_others(refused: Any, shop: str) -> None:
    code, _ = refused("get_container_log", serviceName=shop, containerName="a", pageToken="x")

    assert code == "InvalidInputException"
