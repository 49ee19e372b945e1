"""Logins: who gets credentials, and for how long a token is good."""

import base64
import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.errors import (
    Missing,
    RegistryError,
    Rejected,
    TransportError,
    Unauthorized,
    Unavailable,
)
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.login import Login
from cdk_lightsail_containers_handler.registry.url import Origin, Url
from fake_registry import BASIC, Act, fake_registry
from fake_time import FakeTime
from image_copying import ROBOT, Copying
from lightsail_local.wire.http_server import Connection
from oci_images import image
from registry_faults import errors, status


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

    with pytest.raises(Unauthorized, match=r"\(401\): check its name, and that the cred"):
        bearer.find()

    assert len(tokens(bearer)) == 2


def test_a_token_service_that_refuses_is_named(bearer: Copying) -> None:
    bearer.credentials = lambda: Credentials(username="robot", password="guess")

    with pytest.raises(
        Unauthorized, match=r"did not give a token for .*/web:1 \(401 UNAUTH"
    ) as error:
        bearer.find()

    assert "guess" not in str(error.value)


@pytest.mark.parametrize("code", [400, 404, 405, 410])
def test_a_token_service_that_gives_no_token_is_named_with_the_image(
    bearer: Copying, code: int
) -> None:
    bearer.source.fail("GET /token", status(code))

    with pytest.raises(RegistryError) as error:
        bearer.find()

    host = bearer.source.host
    assert str(error.value) == (
        f"{host} did not give a token for {host}/web:1 ({code}): "
        f"check that {host}, which names this service, is the registry you mean"
    )


def test_a_token_service_that_cannot_now_is_asked_again_later(bearer: Copying) -> None:
    bearer.source.fail("GET /token", status(503), times=9)

    with pytest.raises(Unavailable, match=r"a token for .*/web:1 \(503\): try again later"):
        bearer.find()


def test_a_token_service_that_refuses_says_whether_a_login_was_sent(bearer: Copying) -> None:
    bearer.source.fail("GET /token", errors(401, "UNAUTHORIZED", "no"), times=9)
    with pytest.raises(Unauthorized, match=r"web:1 \(401 .*: check the credentials that were sent"):
        bearer.find()

    bearer.credentials = lambda: None
    bearer.source.faults.clear()
    bearer.source.fail("GET /token", errors(401, "UNAUTHORIZED", "no"), times=9)
    with pytest.raises(Unauthorized, match=r"web:1 \(401 .*: give credentials=, since no login"):
        bearer.find()


@pytest.mark.parametrize("login", ["basic", "bearer"])
@pytest.mark.parametrize("has_credentials", [True, False])
@pytest.mark.parametrize("code", [401, 403])
def test_a_refusal_says_whether_a_login_was_sent(
    copying: Copying, login: str, has_credentials: bool, code: int
) -> None:
    credentials = ROBOT if has_credentials else None
    copying.credentials = lambda: credentials
    realm = f'realm="http://{copying.source.host}/token"'
    challenge = {"WWW-Authenticate": f"{login} {realm}"}
    copying.source.fail("GET .*manifests", status(401, challenge))
    copying.source.fail("GET .*manifests", status(code, challenge), times=9)

    with pytest.raises(Unauthorized) as error:
        copying.find()

    # A challenge that is not answered is the last one.
    told = 401 if login == "basic" and not has_credentials else code
    assert f"did not give manifest 1 of web ({told})" in error.value.problem
    assert error.value.fix == (
        "check its name, and that the credentials that were sent allow it"
        if has_credentials
        else "give credentials=, since no login was sent, or check its name"
    )


def test_a_refusal_that_asks_for_an_unknown_login_says_that_none_was_sent(
    copying: Copying,
) -> None:
    copying.source.fail("GET", status(401, {"WWW-Authenticate": "Negotiate YII="}))

    with pytest.raises(Unauthorized, match="Basic or Bearer login, since none was sent"):
        copying.find()


@pytest.mark.parametrize(
    ("scope", "needed"),
    [
        ("repository:team-docker/web:pull", "repository:web:pull"),
        ("repository:shop/web:pull", "repository:shop/web:pull"),
        ("pull-only", "pull-only"),
        ("repository:web:pull repository:base/os:pull", "repository:base/os:pull"),
        ("repository:web:pull,push", "repository:web:pull,push"),
    ],
)
def test_a_token_is_asked_for_with_the_scopes_of_the_challenge_too(
    copying: Copying, scope: str, needed: str
) -> None:
    copying.source.add(image(b"layer"), "1")

    def give(connection: Connection) -> bool:
        scopes = parse_qs(urlsplit(connection.path).query)["scope"]
        token = base64.urlsafe_b64encode(json.dumps(scopes).encode()).decode()
        return bool(status(200, {}, json.dumps({"token": token}).encode())(connection))

    def want(connection: Connection) -> bool:
        sent = connection.headers.get("Authorization", "").removeprefix("Bearer ")
        if sent and needed in json.loads(base64.urlsafe_b64decode(sent)):
            return False
        realm = f"http://{copying.source.host}/token"
        challenge = f'Bearer realm="{realm}",service="s",scope="{scope}"'
        return bool(status(401, {"WWW-Authenticate": challenge})(connection))

    copying.source.fail("GET /token", give, times=99)
    copying.source.fail("GET /v2/", want, times=99)

    assert copying.find()
    assert len(tokens(copying)) == 1
    assert "scope=repository:web:pull" in tokens(copying)[0]


def test_what_one_challenge_asks_for_stays_asked_for_with_the_next(copying: Copying) -> None:
    made = image(b"layer")
    copying.source.add(made, "1")
    copying.source.login = "bearer"
    realm = f"http://{copying.source.host}/token"

    def want(scope: str) -> Act:
        return status(401, {"WWW-Authenticate": f'Bearer realm="{realm}",scope="{scope}"'})

    copying.source.fail("GET .*manifests", want("of-manifests"))
    copying.source.fail("GET .*blobs", want("of-blobs"))

    copying.find()

    assert [line.partition("?")[2] for line in tokens(copying)] == [
        "scope=repository:web:pull&scope=of-manifests",
        "scope=repository:web:pull&scope=of-manifests&scope=of-blobs",
    ]


def test_a_registry_that_the_registry_leads_on_to_gives_anyone_a_token(bearer: Copying) -> None:
    with fake_registry(login="bearer") as other:
        other.add(image(b"layer"), "1")

        def lead_on(connection: Connection) -> bool:
            place = {"Location": f"http://{other.host}{connection.path}"}
            return bool(status(307, place)(connection))

        bearer.source.fail("/v2/", lead_on, times=100)

        assert bearer.find().digest == image(b"layer").digest

        sent = [seen.headers.get("Authorization", "") for seen in other.seen]
        assert not [header for header in sent if header.startswith("Basic")]
        assert len({header for header in sent if header}) == 1
        assert other.lines("GET /token") == ["GET /token?service=fake"]
    assert not bearer.source.lines("GET /token")


def test_where_a_redirect_leads_gets_no_login_and_no_token_of_another_registry(
    bearer: Copying,
) -> None:
    bearer.repository(bearer.source, "web:1").manifest()
    with fake_registry() as storage:
        place = {"Location": f"http://{storage.host}/v2/web/manifests/1"}
        bearer.source.fail("GET .*manifests", status(307, place), times=3)
        realm = f"http://{bearer.source.host}/token"
        challenge = f'Bearer realm="{realm}",scope="repository:private:pull"'
        storage.fail("GET", status(401, {"WWW-Authenticate": challenge}), times=3)
        bearer.source.seen.clear()

        with pytest.raises(Unauthorized):
            bearer.find()

        asked = [seen for seen in bearer.source.seen if "private" in seen.path]
        assert asked
        assert not [seen for seen in asked if "Authorization" in seen.headers]


@pytest.mark.parametrize("code", [403, 404])
def test_logs_in_to_a_registry_that_hides_its_images_from_strangers(
    copying: Copying, code: int
) -> None:
    copying.source.add(image(b"layer"), "1")

    def hide(connection: Connection) -> bool:
        if connection.headers.get("Authorization") == BASIC:
            return False
        challenge = {"WWW-Authenticate": 'Basic realm="fake"'}
        is_base = connection.path == "/v2/"
        return bool(status(401 if is_base else code, challenge if is_base else {})(connection))

    copying.source.fail("/v2/", hide, times=100)

    assert copying.find()


def test_a_wrong_login_of_a_registry_that_hides_its_images_is_named(copying: Copying) -> None:
    copying.source.fail("manifests", status(404))
    challenge = {"WWW-Authenticate": f'Bearer realm="http://{copying.source.host}/token"'}
    copying.source.fail("GET /v2/$", status(401, challenge))
    copying.source.fail("/token", status(403))

    with pytest.raises(Unauthorized, match="check the credentials that were sent"):
        copying.find()


@pytest.mark.parametrize("base", [200, 404])
def test_an_image_that_an_open_registry_lacks_is_asked_for_once(
    copying: Copying, base: int
) -> None:
    copying.source.fail("GET /v2/$", status(base))

    with pytest.raises(Missing):
        copying.find()

    assert copying.source.lines() == ["GET /v2/web/manifests/1", "GET /v2/"]


def test_a_token_service_that_answers_nonsense_once_is_asked_again(bearer: Copying) -> None:
    bearer.source.fail("GET /token", status(200, {}, b"<html>"))

    assert bearer.find()


def test_a_token_service_that_answers_nonsense_is_named(bearer: Copying) -> None:
    bearer.source.fail("GET /token", status(200, {}, b"<html>"), times=3)

    with pytest.raises(Unauthorized, match="answered without a token"):
        bearer.find()


def test_a_token_that_breaks_off_is_told(bearer: Copying) -> None:
    def answer(connection: Connection) -> bool:
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        connection.close_connection = True
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

    with pytest.raises(Rejected, match="leads to 169"):
        bearer.find()

    assert bearer.connections.requests == 1


def test_an_unknown_challenge_is_not_answered(bearer: Copying) -> None:
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
