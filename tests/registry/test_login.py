"""Logins: who gets credentials, and for how long a token is good."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.connection import Connections
from cdk_lightsail_containers_handler.registry.errors import (
    Refused,
    TransportError,
    Unauthorized,
)
from cdk_lightsail_containers_handler.registry.login import Login
from cdk_lightsail_containers_handler.registry.url import Origin, Url
from fake_registry import BASIC, fake_registry, status
from fake_time import FakeTime
from image_copying import ROBOT, Copying
from oci_images import image


@pytest.fixture
def bearer(copying: Copying) -> Copying:
    copying.source.login = "bearer"
    copying.source.add(image(b"layer"), "1")
    return copying


def tokens(copying: Copying) -> list[str]:
    return [line for line in copying.source.lines("GET") if line.startswith("GET /token")]


def test_asks_for_one_token_for_all_requests(bearer: Copying) -> None:
    bearer.find()

    assert tokens(bearer) == ["GET /token?service=fake&scope=repository:web:pull"]


def test_asks_anonymously_without_credentials(bearer: Copying) -> None:
    bearer.credentials = lambda: None

    bearer.find()

    assert not [seen for seen in bearer.source.seen if BASIC in seen.headers.values()]


def test_gets_a_new_token_before_the_old_one_is_over(bearer: Copying) -> None:
    bearer.source.token_seconds = 100
    repository = bearer.repository(bearer.source, "web:1")
    repository.manifest()
    bearer.time.now += 79
    repository.manifest()
    assert len(tokens(bearer)) == 1

    bearer.time.now += 2
    repository.manifest()

    assert len(tokens(bearer)) == 2
    assert len([seen for seen in bearer.source.seen if "/manifests/" in seen.path]) == 4


def test_gets_a_new_token_when_the_registry_wants_one(bearer: Copying) -> None:
    repository = bearer.repository(bearer.source, "web:1")
    repository.manifest()
    bearer.source.tokens = {"another", "and-another"}

    repository.manifest()

    assert len(tokens(bearer)) == 2


def test_a_token_that_is_good_for_nothing_is_given_up(bearer: Copying) -> None:
    challenge = f'Bearer realm="http://{bearer.source.host}/token"'
    refusal = status(401, {"WWW-Authenticate": challenge})
    bearer.source.fail("GET .*manifests", refusal, times=100)

    with pytest.raises(Unauthorized, match=r"\(401\): check its name and the credentials"):
        bearer.find()

    assert len(tokens(bearer)) == 2


def test_a_token_service_that_refuses_is_named(bearer: Copying) -> None:
    bearer.credentials = lambda: Credentials(username="robot", password="guess")

    with pytest.raises(Unauthorized, match=r"did not give a token for .*/web:1 \(401 UNAUTH") as error:
        bearer.find()

    assert "guess" not in str(error.value)


def test_a_token_service_that_answers_nonsense_once_is_asked_again(bearer: Copying) -> None:
    bearer.source.fail("GET /token", status(200, {}, b"<html>"))

    assert bearer.find()


def test_a_token_service_that_answers_nonsense_is_named(bearer: Copying) -> None:
    bearer.source.fail("GET /token", status(200, {}, b"<html>"), times=3)

    with pytest.raises(Unauthorized, match="answered without a token"):
        bearer.find()


def test_a_token_that_breaks_off_is_told(bearer: Copying) -> None:
    def answer(handler: Any) -> bool:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        handler.close_connection = True
        return True

    bearer.source.fail("GET /token", answer, times=3)

    with pytest.raises(TransportError, match="did not give a token"):
        bearer.find()


def test_a_token_service_may_be_elsewhere_and_lead_on_without_the_credentials(
    bearer: Copying,
) -> None:
    with fake_registry() as service, fake_registry() as other:
        answer = json.dumps({"token": "from-elsewhere"}).encode()
        bearer.source.tokens.add("from-elsewhere")
        challenge = f'Bearer realm="http://{service.host}/auth"'
        bearer.source.fail("GET", status(401, {"WWW-Authenticate": challenge}))
        service.fail("GET", status(307, {"Location": f"http://{other.host}/auth"}))
        other.fail("GET", status(200, {}, answer))

        bearer.find()

        assert service.seen[0].headers["Authorization"] == BASIC
        assert "Authorization" not in other.seen[0].headers


def test_a_realm_in_the_metadata_service_is_refused_and_gets_nothing(bearer: Copying) -> None:
    challenge = 'Bearer realm="http://169.254.169.254/latest/meta-data"'
    bearer.source.fail("GET", status(401, {"WWW-Authenticate": challenge}))

    with pytest.raises(Refused, match="leads to 169"):
        bearer.find()

    assert bearer.connections.requests == 1


def test_a_challenge_that_nobody_knows_is_not_answered(bearer: Copying) -> None:
    bearer.source.fail("GET", status(401, {"WWW-Authenticate": "Negotiate"}))

    with pytest.raises(Unauthorized):
        bearer.find()

    assert len(bearer.source.seen) == 1


def test_a_password_is_not_asked_for_where_there_is_none(copying: Copying) -> None:
    copying.source.login = "basic"
    copying.credentials = lambda: None

    with pytest.raises(Unauthorized, match=r"\(401 UNAUTHORIZED"):
        copying.find()

    assert len(copying.source.seen) == 1


def test_a_password_that_was_changed_is_asked_for_again(copying: Copying) -> None:
    copying.source.login = "basic"
    copying.source.add(image(b"layer"), "1")
    passwords = iter([Credentials(username="robot", password="old"), ROBOT])
    copying.credentials = lambda: next(passwords)

    assert copying.find()


def test_a_storage_that_refuses_is_no_reason_to_log_in_there(bearer: Copying) -> None:
    with fake_registry(login="basic") as storage:
        place = {"Location": f"http://{storage.host}/v2/web/manifests/1"}
        bearer.source.fail("GET .*manifests", status(307, place))

        with pytest.raises(Unauthorized):
            bearer.find()

        assert [seen.headers.get("Authorization") for seen in storage.seen] == [None]


def test_another_thread_that_was_faster_has_logged_in_for_all() -> None:
    asked: list[str] = []
    registry = Url(origin=Origin(scheme="http", host="127.0.0.1", port=5000), target="/v2/")
    refusal: Any = SimpleNamespace(
        origin=registry.origin, status=401, headers=lambda _: ['Basic realm="fake"']
    )

    def credentials() -> Credentials:
        asked.append("once")
        return Credentials(username="robot", password="word")

    with Connections() as connections:
        login = Login(registry, (), credentials, connections, FakeTime().deadline(60))
        assert login.renew(refusal, b"", "")
        # What this one was refused is not what is sent by now.
        assert login.renew(refusal, b"", "")

    assert asked == ["once"]
