"""The registry on the wire: who may come in, and by which door."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import Fault, LightsailServer

HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def code(answer: Any) -> tuple[int, str]:
    return answer.status, json.loads(answer.content)["errors"][0]["code"]


def test_says_that_it_is_a_registry(registry: Any) -> None:
    answer = registry("GET", "/v2/")

    assert (answer.status, answer.content) == (200, b"{}")
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert registry("HEAD", "/v2").status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        {},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic not-base64"},
        {"Authorization": "Basic gIA="},
        {"Authorization": "Basic " + base64.b64encode(b"AWS:wrong").decode()},
    ],
)
def test_asks_strangers_for_basic_credentials(
    server: LightsailServer, raw_client: Any, authorization: dict[str, str]
) -> None:
    answer = raw_client(server.registry, authorization)("GET", "/v2/")

    assert code(answer) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_lets_a_login_in_for_twelve_hours(registry: Any, clock: Any) -> None:
    clock.now += 12 * 3600 - 1
    assert registry("GET", "/v2/").status == 200
    clock.now += 1

    answer = registry("GET", "/v2/")

    assert code(answer) == (403, "DENIED")
    assert b"Your authorization token has expired" in answer.content


def test_keeps_a_login_when_another_is_made(registry: Any, api: Any) -> None:
    api.create_container_service_registry_login()

    assert registry("GET", "/v2/").status == 200


def test_a_server_knows_the_logins_that_it_has_given(api: Any, server: LightsailServer) -> None:
    api.create_container_service(serviceName="shop", power="nano", scale=1)
    made = [api.create_container_service_registry_login()["registryLogin"] for _ in range(2)]

    given = [(login.username, login.password) for login in server.logins.given]

    assert given == [(login["username"], login["password"]) for login in made]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"/v2/other/blobs/{HELLO}", (404, "NAME_UNKNOWN")),
        ("PUT", "/v2/sr/manifests/-tag", (404, "NAME_UNKNOWN")),
        ("DELETE", f"/v2/sr/blobs/{HELLO}", (405, "UNSUPPORTED")),
        ("DELETE", "/v2/sr/manifests/tag", (405, "UNSUPPORTED")),
        ("GET", f"/v2/sr/blobs/{HELLO}", (403, "DENIED")),
        ("GET", "/v2/sr/tags/list", (403, "DENIED")),
    ],
)
def test_allows_nothing_but_a_push(
    registry: Any, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert code(registry(method, path)) == expected


def test_takes_paths_that_are_percent_encoded(registry: Any) -> None:
    registry.upload(b"hello")

    assert registry("HEAD", f"/v2/sr/blobs/{HELLO.replace(':', '%3A')}").status == 200


def test_uploads_through_another_host_without_credentials(
    registry: Any, behaviour: Behaviour, raw_client: Any
) -> None:
    behaviour.upload_host = "other"
    behaviour.locations = "relative"
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]

    answer = raw_client("unused")("PUT", f"{location}&digest={HELLO}", b"hello")

    assert registry.host not in location
    assert answer.status == 201
    assert registry("HEAD", f"/v2/sr/blobs/{HELLO}").status == 200


def test_the_other_host_refuses_credentials(registry: Any, behaviour: Behaviour) -> None:
    behaviour.upload_host = "other"
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]

    answer = registry("PUT", f"{location}&digest={HELLO}", b"hello")

    assert code(answer) == (400, "UNSUPPORTED")


def test_the_other_host_takes_uploads_only(
    registry: Any, behaviour: Behaviour, raw_client: Any
) -> None:
    behaviour.upload_host = "other"
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]

    answer = raw_client("unused")("GET", location.partition("/sr/")[0] + "/")

    assert code(answer) == (404, "NAME_UNKNOWN")


def test_records_requests_without_what_signs_them(server: LightsailServer, registry: Any) -> None:
    registry.upload(b"hello")

    start, put = server.registry_requests
    assert (start.operation, start.status, start.error) == ("StartUpload", 202, "")
    assert (put.operation, put.status) == ("PutUpload", 201)
    assert put.parameters.keys() == {"upload", "digest"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(operation="HeadBlob", kind="throttle"), 429),
        (Fault(operation="HeadBlob", kind="denied"), 403),
        (Fault(operation="HeadBlob", kind="error"), 500),
        (Fault(operation="HeadBlob", kind="unavailable"), 503),
        (Fault(operation="HeadBlob", code="BLOB_UNKNOWN"), 404),
        (Fault(operation="HeadBlob", code="SIZE_INVALID"), 400),
    ],
)
def test_makes_the_faults_that_tests_order(
    server: LightsailServer, registry: Any, fault: Fault, expected: int
) -> None:
    registry.upload(b"hello")
    server.faults.append(fault)

    statuses = [registry("HEAD", f"/v2/sr/blobs/{HELLO}").status for _ in range(2)]

    assert statuses == [expected, 200]
