from __future__ import annotations

from typing import Any

import pytest

from lightsail_local.behaviour import Behaviour

CREATING = "[deployment:1] Creating your deployment"
STARTED = "[deployment:1] Started 1 new node"
STEADY = "[deployment:1] Reached a steady state"


def messages(api: Any, **parameters: Any) -> list[str]:
    answer = api.get_container_log(serviceName="shop", **{"containerName": "c1", **parameters})
    return [event["message"] for event in answer["logEvents"]]


def test_tells_of_a_deployment_as_it_comes(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")

    assert messages(api) == [CREATING]
    clock.now += 10
    assert messages(api) == [CREATING, STARTED, STEADY]
    assert messages(api, containerName="other") == []


def test_tells_why_a_deployment_failed(
    api: Any, clock: Any, register: Any, deploy: Any, behaviour: Behaviour
) -> None:
    deploy(register(platform="linux/arm64"))
    clock.now += 10

    assert messages(api) == [CREATING, "exec format error", "[deployment:1] Canceled"]


def test_answers_a_span_of_time(api: Any, clock: Any, deploy: Any) -> None:
    start = clock.now
    deploy("nginx")
    clock.now += 100

    assert messages(api, startTime=start + 1) == [STARTED, STEADY]
    assert messages(api, endTime=start + 1) == [CREATING]


def test_keeps_four_days(api: Any, clock: Any, deploy: Any) -> None:
    deploy("nginx")
    clock.now += 4 * 24 * 3600 + 5

    assert messages(api) == [STARTED, STEADY]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [CREATING, STARTED, STEADY]),
        ("deployment Started", [STARTED]),
        ("-Started", [CREATING, STEADY]),
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

    assert [event["message"] for event in first["logEvents"]] == [CREATING, STARTED]
    assert [event["message"] for event in second["logEvents"]] == [STEADY]
    assert "nextPageToken" not in second


def test_refuses_a_page_token_of_others(refused: Any, shop: str) -> None:
    code, _ = refused("get_container_log", serviceName=shop, containerName="a", pageToken="x")

    assert code == "InvalidInputException"
