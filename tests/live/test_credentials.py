"""What is handed to the CDK, and for how long credentials last."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from live.cdk import Cdk
from live.credentials import LASTING, Lifetime, environment, kept, lifetime

from fake_aws import ROLE_LASTS, FakeAws

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CONFIG = """
[profile keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = of-the-user
[profile temporary]
aws_access_key_id = ASIAIOSFODNN7EXAMPLE
aws_secret_access_key = of-a-session
aws_session_token = token
[profile role]
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = keys
[profile own-source]
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = own-source
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = of-the-user
"""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make a session of a profile, or of the environment."""
    config = tmp_path / "config"
    config.write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)

    def make(profile: str) -> Any:
        if profile:
            monkeypatch.setenv("AWS_PROFILE", profile)
            monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
        return boto3.Session(region_name="eu-central-1")

    return make


@pytest.mark.parametrize(
    ("profile", "keys"),
    [
        ("keys", ("AKIAIOSFODNN7EXAMPLE", "of-the-user", None)),
        ("temporary", ("ASIAIOSFODNN7EXAMPLE", "of-a-session", "token")),
    ],
)
def test_the_cdk_gets_keys_and_no_profile_that_it_would_prefer(
    session: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    keys: tuple[str | None, ...],
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another user")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    made = session(profile)
    made.get_credentials()  # as the search for the account does
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "of another user")

    given = environment(made)

    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    assert tuple(given.get(name) for name in names) == keys
    assert given["AWS_REGION"] == "eu-central-1"
    assert given["PATH"] == os.environ["PATH"]
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CREDENTIAL_EXPIRATION"):
        assert name not in given


def test_the_command_line_runs_in_the_environment_that_it_is_given(tmp_path: Path) -> None:
    asked: list[str] = []

    def nowhere() -> dict[str, str]:
        asked.append("environment")
        return {"PATH": str(tmp_path)}  # where there is no Node

    cdk = Cdk(tmp_path, {}, nowhere)

    assert [cdk.synth(tmp_path).returncode, cdk.destroy().returncode] == [127, 127]
    assert asked == ["environment"] * 2


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("keys", Lifetime(is_endless=True)), ("temporary", Lifetime())],
)
def test_keys_last_and_a_session_that_does_not_tell_its_end_is_told_so(
    session: Callable[..., Any], profile: str, expected: Lifetime
) -> None:
    assert lifetime(session(profile)) == expected


def have_until(monkeypatch: pytest.MonkeyPatch, ends: datetime) -> None:
    """Put the credentials of a session into variables."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "of-a-session"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_CREDENTIAL_EXPIRATION", ends.isoformat()),
    ):
        monkeypatch.setenv(name, value)


def test_the_end_of_what_stands_in_variables_is_known(
    session: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    have_until(monkeypatch, ends)

    assert lifetime(session("")) == Lifetime(ends=ends)


def test_keys_that_nothing_renews_are_used_to_their_end(
    session: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=20)
    have_until(monkeypatch, ends)
    kept_session = kept(session(""))

    # botocore would read the variables again, and fail, as that changes nothing.
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", (ends - timedelta(minutes=15)).isoformat())

    keys = kept_session.get_credentials().get_frozen_credentials()
    assert tuple(keys)[:3] == ("ASIAIOSFODNN7EXAMPLE", "of-a-session", "token")
    assert kept_session.region_name == "eu-central-1"


@pytest.mark.parametrize("profile", ["role", "own-source"])
def test_a_role_that_asks_for_no_code_is_renewed(
    session: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    with FakeAws().served() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        of_role = session(profile)
        of_role.get_credentials().get_frozen_credentials()

        assert lifetime(of_role) == Lifetime(is_endless=True)
    assert ROLE_LASTS < LASTING


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (Lifetime(is_endless=True), "last, or are renewed as long as the login lasts"),
        (Lifetime(), "do not tell when they end: they have to last 2 hours"),
        (Lifetime(ends=NOW + LASTING), "end at 14:00 UTC, in 120 minutes"),
        (Lifetime(ends=NOW + ROLE_LASTS), "end at 13:00 UTC, in 60 minutes. THAT MAY BE TOO SOON"),
    ],
)
def test_it_is_told_in_words(last: Lifetime, told: str) -> None:
    text = last.told(NOW)

    assert told in text
    assert ("TOO SOON" in text) == ("TOO SOON" in told)
