"""Faults, as a client of the API sees them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from lightsail_local.server import Fault, LightsailServer
from patience import wait_until

CREATE = {"serviceName": "shop", "power": "nano", "scale": 1}


def has_shop(server: LightsailServer) -> bool:
    return bool(server.lightsail.call("GetContainerServices", {})["containerServices"])


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault(operation="CreateContainerService", kind="throttle"), "ThrottlingException", 400),
        (Fault(operation="CreateContainerService", kind="denied"), "AccessDeniedException", 400),
        (Fault(operation="CreateContainerService", kind="error"), "ServiceException", 500),
        (Fault(operation="CreateContainerService", kind="unavailable"), "503", 503),
        (
            Fault(operation="CreateContainerService", code="InvalidInputException", message="no"),
            "InvalidInputException",
            400,
        ),
    ],
)
def test_answers_the_errors_that_tests_order(
    server: LightsailServer, api: Any, fault: Fault, code: str, status: int
) -> None:
    server.faults.append(fault)

    with pytest.raises(ClientError) as caught:
        api.create_container_service(**CREATE)

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert server.requests[-1].status == status
    assert not has_shop(server)
    assert server.faults == []


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("reset_before", ConnectionClosedError, None),
        ("reset_after", ConnectionClosedError, None),
        ("cut", (ResponseStreamingError, HTTPClientError), 200),
    ],
)
def test_breaks_answers_as_tests_order(
    server: LightsailServer, api: Any, kind: Any, error: Any, status: int | None
) -> None:
    server.faults.append(Fault(operation="CreateContainerService", kind=kind))

    with pytest.raises(error):
        api.create_container_service(**CREATE)

    assert server.requests[-1].status == status
    assert has_shop(server) is (kind != "reset_before")


def test_answers_garbage_that_boto3_takes_for_an_empty_answer(
    server: LightsailServer, api: Any
) -> None:
    server.faults.append(Fault(operation="CreateContainerService", kind="garbage"))

    answer = api.create_container_service(**CREATE)

    assert "containerService" not in answer
    assert not has_shop(server)


def test_a_fault_is_injected_as_often_as_it_says(server: LightsailServer, api: Any) -> None:
    server.faults.append(Fault(operation="GetContainerImages", code="Other"))
    server.faults.append(Fault(operation="GetContainerServices", kind="throttle", times=2))

    for _ in range(2):
        with pytest.raises(ClientError):
            api.get_container_services()

    api.get_container_services()
    assert len(server.faults) == 1


def test_hangs_for_as_long_as_it_is_told(server: LightsailServer, api: Any) -> None:
    server.faults.append(Fault(operation="GetContainerServices", kind="hang", seconds=0.1))

    with pytest.raises(ConnectionClosedError):
        api.get_container_services()


def test_stops_while_it_hangs(server: LightsailServer, api: Any) -> None:
    server.faults.append(Fault(operation="CreateContainerService", kind="hang"))
    caught: list[BaseException] = []

    def call() -> None:
        try:
            api.create_container_service(**CREATE)
        except (ConnectionClosedError, ReadTimeoutError) as error:
            caught.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    wait_until(lambda: bool(server.requests))
    server.stop()
    caller.join(60)

    assert [type(error) for error in caught] == [ConnectionClosedError]
    assert server.requests[-1].status is None
