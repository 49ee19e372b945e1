from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer


class Clock:
    """A clock that tests move."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[LightsailServer]:
    behaviour = Behaviour(calls_per_second=2, calls_at_once=3)
    with LightsailServer(behaviour, clock=clock) as server:
        yield server


@pytest.fixture
def client(server: LightsailServer) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("lightsail", endpoint_url=server.url, config=config)


def taken(client: Any, calls: int) -> int:
    """How many of some calls at once are taken."""
    count = 0
    for _ in range(calls):
        try:
            client.get_container_services()
        except ClientError as error:
            assert error.response["Error"] == {  # noqa: PT017 - the others pass
                "Code": "ThrottlingException",
                "Message": "Rate exceeded",
            }
        else:
            count += 1
    return count


def test_takes_as_many_calls_at_once_as_it_may(client: Any) -> None:
    assert taken(client, 5) == 3


def test_takes_as_many_calls_a_second_as_it_may(client: Any, clock: Clock) -> None:
    taken(client, 5)

    counts = []
    for _ in range(3):
        clock.now += 1
        counts.append(taken(client, 5))

    assert counts == [2, 2, 2]


def test_saves_up_no_more_than_it_takes_at_once(client: Any, clock: Clock) -> None:
    taken(client, 5)
    clock.now += 3600

    assert taken(client, 5) == 3


def test_is_one_for_all_operations(client: Any) -> None:
    taken(client, 3)

    with pytest.raises(ClientError, match="ThrottlingException"):
        client.create_container_service(serviceName="shop", power="nano", scale=1)


def test_may_be_lifted_at_any_time(client: Any, server: LightsailServer) -> None:
    taken(client, 3)
    server.behaviour.calls_per_second = 0

    assert taken(client, 5) == 5
