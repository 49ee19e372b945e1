"""Challenges, credentials and tokens."""

import pytest

from cdk_lightsail_containers_handler.registry.auth import (
    Challenge,
    Credentials,
    choose_challenge,
    parse_challenges,
    parse_token,
    token_url,
    with_scopes,
)
from cdk_lightsail_containers_handler.registry.errors import Rejected, Unauthorized
from cdk_lightsail_containers_handler.registry.url import Origin, Url

REGISTRY = Url(origin=Origin.of_registry("registry-1.docker.io"), target="/v2/")


@pytest.mark.parametrize(
    ("headers", "challenges"),
    [
        (['Basic realm="a b"'], [("basic", {"realm": "a b"})]),
        (
            ['Bearer realm="https://a.io/t",service="a, b",scope="x:y:pull,push"'],
            [
                (
                    "bearer",
                    {"realm": "https://a.io/t", "service": "a, b", "scope": "x:y:pull,push"},
                )
            ],
        ),
        (
            ['Negotiate, Basic Realm=a , charset="UTF-8", BEARER realm = "b\\"c"'],
            [
                ("negotiate", {}),
                ("basic", {"realm": "a", "charset": "UTF-8"}),
                ("bearer", {"realm": 'b"c'}),
            ],
        ),
        (
            ["Basic realm=a", "Bearer realm=b"],
            [("basic", {"realm": "a"}), ("bearer", {"realm": "b"})],
        ),
        (['Bearer realm="first", realm="second"'], [("bearer", {"realm": "first"})]),
        (["Basic"], [("basic", {})]),
        (['Bearer realm="never ends'], [("bearer", {})]),
        (["", "= nonsense"], []),
        # token68, which is no parameter
        (
            ["Negotiate YIIJvwYGKw==, Bearer realm=a"],
            [("negotiate", {}), ("bearer", {"realm": "a"})],
        ),
        (["NTLM abc/+~.-_ , Basic realm=a"], [("ntlm", {}), ("basic", {"realm": "a"})]),
        (["NTLM TlRMTVNTUAAC=\t,Basic"], [("ntlm", {}), ("basic", {})]),
        (["Negotiate a=", "Bearer realm=b"], [("negotiate", {}), ("bearer", {"realm": "b"})]),
        # empty elements of a list, and all the white space that may be in one
        ([", ,\tBasic realm=a,, ,"], [("basic", {"realm": "a"})]),
        (['Bearer realm="a" , , service="b"'], [("bearer", {"realm": "a", "service": "b"})]),
        (['Bearer   realm\t=\t"a"'], [("bearer", {"realm": "a"})]),
        # quoted pairs, and what only looks like the end of a value
        (
            ['Basic realm="a\\\\", Bearer realm="b, Basic c=\\"d\\""'],
            [("basic", {"realm": "a\\"}), ("bearer", {"realm": 'b, Basic c="d"'})],
        ),
        (['bEARER ReAlM="\\a\\b"'], [("bearer", {"realm": "ab"})]),
        # in any order, with unknown ones
        (
            ['Bearer error="invalid_token",scope="x",realm="a",x=y,Digest nonce="n=",qop=auth'],
            [
                ("bearer", {"error": "invalid_token", "scope": "x", "realm": "a", "x": "y"}),
                ("digest", {"nonce": "n=", "qop": "auth"}),
            ],
        ),
        # without the quotes that they should have
        (
            ["Bearer realm=https://a.io/token,service=a.io,scope=repository:a/b:pull"],
            [
                (
                    "bearer",
                    {
                        "realm": "https://a.io/token",
                        "service": "a.io",
                        "scope": "repository:a/b:pull",
                    },
                )
            ],
        ),
    ],
)
def test_reads_challenges(headers: list[str], challenges: list[tuple[str, dict[str, str]]]) -> None:
    expected = [Challenge(scheme=scheme, parameters=found) for scheme, found in challenges]

    assert list(parse_challenges(headers))[: len(expected)] == expected


def test_answers_a_challenge_for_a_token_rather_than_one_for_the_password() -> None:
    basic, bearer, other = (
        Challenge(scheme=scheme, parameters={}) for scheme in ("basic", "bearer", "digest")
    )

    assert choose_challenge([other, basic, bearer]) == bearer
    assert choose_challenge([other, basic]) == basic
    assert choose_challenge([other]) is None


def test_asks_the_realm_for_the_service_and_the_scopes() -> None:
    challenge = Challenge(
        scheme="bearer",
        parameters={"realm": "https://auth.docker.io/token?a=b", "service": "registry.docker.io"},
    )

    url = token_url(challenge, REGISTRY, ["repository:a/b:pull", "repository:c:pull"])

    assert str(url.origin) == "auth.docker.io"
    assert url.target == (
        "/token?a=b&service=registry.docker.io&scope=repository:a/b:pull&scope=repository:c:pull"
    )


def test_a_service_without_a_name_is_asked_without_one() -> None:
    challenge = Challenge(scheme="bearer", parameters={"realm": "https://a.io/token"})

    assert token_url(challenge, REGISTRY, ["x"]).target == "/token?scope=x"


@pytest.mark.parametrize(
    ("asked", "scopes"),
    [
        (None, ["repository:a/b:pull"]),
        ("", ["repository:a/b:pull"]),
        ("repository:a/b:pull", ["repository:a/b:pull"]),
        ("repository:b:pull", ["repository:a/b:pull", "repository:b:pull"]),
        (" x  repository:b:pull  x ", ["repository:a/b:pull", "x", "repository:b:pull"]),
        ("repository:a/b:pull,push", ["repository:a/b:pull", "repository:a/b:pull,push"]),
        ("registry:catalog:*", ["repository:a/b:pull", "registry:catalog:*"]),
        # what is no scope, and far too long
        ('a"b \x7f \xe9 ' + "x" * 1025, ["repository:a/b:pull"]),
    ],
)
def test_a_token_is_for_what_the_challenge_names_too(asked: str | None, scopes: list[str]) -> None:
    parameters = {} if asked is None else {"scope": asked}
    challenge = Challenge(scheme="bearer", parameters=parameters)

    assert list(with_scopes(("repository:a/b:pull",), challenge)) == scopes


def test_a_scope_that_is_covered_by_another_is_not_asked_for() -> None:
    challenge = Challenge(scheme="bearer", parameters={"scope": "repository:a:pull"})

    assert with_scopes(("repository:a:pull,push",), challenge) == ("repository:a:pull,push",)


def test_a_challenge_for_a_thousand_scopes_is_asked_for_some() -> None:
    names = " ".join(f"repository:a{number}:pull" for number in range(1000))
    challenge = Challenge(scheme="bearer", parameters={"scope": names})

    found = with_scopes(("own",), challenge)

    assert (found[0], len(found)) == ("own", 20)


@pytest.mark.parametrize(
    "realm",
    [
        "",
        "/token",
        "http://auth.docker.io/token",
        "http://127.0.0.1/token",
        "https://169.254.169.254/latest/api/token",
        "https://[fd00:ec2::254]/latest",
    ],
)
def test_refuses_a_realm_without_tls_or_in_link_local_addresses(realm: str) -> None:
    challenge = Challenge(scheme="bearer", parameters={"realm": realm})

    with pytest.raises(Rejected, match=r"^registry-1\.docker\.io .*the registry that you mean"):
        token_url(challenge, REGISTRY, [])


def test_a_registry_on_loopback_may_name_a_realm_on_loopback() -> None:
    registry = Url(origin=Origin.of_registry("localhost:5000"), target="/v2/")
    challenge = Challenge(scheme="bearer", parameters={"realm": "http://localhost:5001/auth"})

    assert token_url(challenge, registry, []).origin.port == 5001


@pytest.mark.parametrize(
    ("body", "value", "seconds"),
    [
        (b'{"token": "abc"}', "abc", 60),
        (b'{"access_token": "abc", "expires_in": 300}', "abc", 300),
        (b'{"token": "abc", "access_token": "d", "expires_in": 0}', "abc", 60),
        (b'{"token": "abc", "expires_in": "soon"}', "abc", 60),
    ],
)
def test_reads_a_token_and_how_long_it_is_valid(body: bytes, value: str, seconds: float) -> None:
    token = parse_token(body, "a.io")

    assert (token.value, token.seconds, token.header) == (value, seconds, f"Bearer {value}")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\r\\nX: b"}', b"[" * 100_000]
)
def test_refuses_an_answer_without_a_token(body: bytes) -> None:
    with pytest.raises(Unauthorized, match=r"the token service a\.io answered without a token"):
        parse_token(body, "a.io")


def test_shows_neither_credentials_nor_tokens() -> None:
    credentials = Credentials(username="robot", password="hunter2")
    token = parse_token(b'{"token": "hunter2"}', "a.io")

    assert credentials.header == "Basic cm9ib3Q6aHVudGVyMg=="
    assert "robot" not in repr(credentials)
    assert "hunter2" not in repr((credentials, token))
