"""The API on the wire, spoken by hand where boto3 would not say such a thing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=key/20261123/us-east-1/lightsail/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


@pytest.fixture
def call(server: LightsailServer, raw_client: Any) -> Any:
    """Call an operation by hand; return the answer and its body."""

    def send(
        operation: str, body: str = "{}", method: str = "POST", **headers: str
    ) -> tuple[Any, Any]:
        target = {"X-Amz-Target": f"Lightsail_20161128.{operation}"}
        client = raw_client(server.url.removeprefix("http://"), {**target, **SIGNED})
        answer = client(method, "/", body, headers)
        return answer, json.loads(answer.content)

    return send


def test_speaks_json_1_1(call: Any) -> None:
    answer, body = call("GetContainerServices")

    assert (answer.status, body) == (200, {"containerServices": []})
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert len(answer.headers["x-amzn-RequestId"]) == 36


def test_answers_errors_as_json_1_1_services_do(call: Any) -> None:
    answer, body = call("GetContainerServices", '{"serviceName": "shop"}')

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "NotFoundException"
    assert body["__type"] == "NotFoundException"
    assert body["message"] == "The ContainerService does not exist: shop"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": SIGNED["Authorization"].replace("lightsail", "s3")},
        {"Authorization": "Basic YTpi"},
    ],
)
def test_refuses_calls_that_are_not_signed_for_it(call: Any, headers: dict[str, str]) -> None:
    answer, body = call("GetContainerServices", **headers)

    assert (answer.status, body["__type"]) == (400, "UnauthenticatedException")


@pytest.mark.parametrize(
    ("operation", "headers", "sentence"),
    [
        ("GetInstances", {}, "the local Lightsail does not have GetInstances"),
        ("MakeCoffee", {}, "this is no call of Lightsail's API"),
        ("", {"X-Amz-Target": "Other_20161128.GetContainerServices"}, "this is no call of"),
        ("GetContainerServices", {"method": "GET"}, "this is no call of"),
    ],
)
def test_names_an_operation_that_it_does_not_have(
    call: Any, operation: str, headers: dict[str, str], sentence: str
) -> None:
    answer, body = call(operation, **headers)

    assert (answer.status, body["__type"]) == (400, "UnknownOperationException")
    assert sentence in body["message"]


@pytest.mark.parametrize("body", ["", "{", "no", "[" * 100_000])
def test_refuses_what_is_no_json(call: Any, body: str) -> None:
    answer, answered = call("GetContainerServices", body)

    assert (answer.status, answered["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("operation", "parameters", "sentence"),
    [
        ("GetContainerImages", {}, 'Missing required parameter in input: "serviceName"'),
        ("GetContainerImages", [], "Invalid type for parameter"),
        ("GetContainerServices", {"name": "x"}, 'Unknown parameter in input: "name"'),
        ("GetContainerServices", {"serviceName": 1}, "Invalid type for parameter serviceName"),
        (
            "CreateContainerService",
            {"serviceName": "a", "power": "huge", "scale": 1},
            ".power: 'huge' is none of nano, micro",
        ),
        (
            "CreateContainerService",
            {"serviceName": "a", "power": "nano", "scale": 21},
            ".scale: 21 is more than 20",
        ),
        (
            "CreateContainerService",
            {"serviceName": "a" * 64, "power": "nano", "scale": 1},
            "is more than 63",
        ),
        (
            "CreateContainerServiceDeployment",
            {"serviceName": "a", "containers": {"a": {"command": ["x"], "ports": {"80": "FTP"}}}},
            ".containers.a.ports.80: 'FTP' is none of HTTP",
        ),
        (
            "GetContainerLog",
            {"serviceName": "a", "containerName": "a", "startTime": "2026-11-23T00:00:00Z"},
            ".startTime: '2026-11-23T00:00:00Z' is no number of seconds",
        ),
    ],
)
def test_holds_calls_against_the_model(
    call: Any, operation: str, parameters: Any, sentence: str
) -> None:
    answer, body = call(operation, json.dumps(parameters))

    assert (answer.status, body["__type"]) == (400, "InvalidInputException")
    assert sentence in body["message"]


def test_fails_loudly_where_its_own_answer_breaks_the_model(raw_client: Any) -> None:
    with LightsailServer(region="mars-north-1") as server:
        client = raw_client(server.url.removeprefix("http://"), SIGNED)
        target = {"X-Amz-Target": "Lightsail_20161128.CreateContainerService"}
        body = json.dumps({"serviceName": "shop", "power": "nano", "scale": 1})
        answer = client("POST", "/", body, target)

    assert answer.status == 500
    message = json.loads(answer.content)["message"]
    assert "the answer of CreateContainerService is wrong" in message
    assert "'mars-north-1' is none of us-east-1" in message


def test_answers_what_no_one_expected(behaviour: Behaviour, call: Any) -> None:
    behaviour.calls_at_once = "many"  # type: ignore[assignment]
    behaviour.calls_per_second = 1

    answer, body = call("GetContainerServices")

    assert (answer.status, body["__type"]) == (500, "ServiceException")
    assert body["message"].startswith("TypeError: ")


def test_throttles_every_nth_call(behaviour: Behaviour, call: Any) -> None:
    behaviour.throttle_every = 3

    answers = [call("GetContainerServices")[1].get("__type", "fine") for _ in range(6)]

    assert answers == ["fine", "fine", "ThrottlingException"] * 2
