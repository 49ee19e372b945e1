"""What is shown and asked before anything is made."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from live.__main__ import main

from fake_aws import ACCOUNT, FakeAws
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import Fault, LightsailServer

# Its standard input controls the command, so that Ctrl-C interrupts it.
IN_A_TERMINAL = """
import fcntl, runpy, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
# A shell has what it runs in the background ignore the key.
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("live", run_name="__main__")
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shell that is not set up for AWS, and the signals as they were."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer(Behaviour()) as server:
        yield server


@pytest.fixture
def aws(
    no_account: None, lightsail: LightsailServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeAws]:
    """An account, with the environment set up for it."""
    with FakeAws().served() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LIGHTSAIL", lightsail.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        yield aws


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command, and return the sentence with which it refuses to begin."""
    assert main(arguments) == 2
    sentence = capsys.readouterr().err
    assert sentence.startswith("make live: ")
    assert sentence.count("\n") == 1
    return sentence


def test_without_a_region_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert "set AWS_REGION" in refused(capsys)


def test_without_credentials_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    assert "no AWS credentials were found: set AWS_PROFILE" in refused(capsys, "--yes")


def test_a_profile_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-profile")

    assert "no-profile" in refused(capsys)


def test_credentials_that_are_over_are_told(
    capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.errors["GetCallerIdentity"] = ("ExpiredToken", "The security token is expired")

    sentence = refused(capsys, "--yes")

    assert "log in again: ExpiredToken: The security token is expired" in sentence


def test_an_account_that_may_not_ask_lightsail_is_told(
    capsys: pytest.CaptureFixture[str], aws: FakeAws, lightsail: LightsailServer
) -> None:
    lightsail.faults.append(Fault(operation="GetContainerServicePowers", kind="denied"))

    assert "did not tell its prices: AccessDeniedException" in refused(capsys)


def test_a_region_without_lightsail_is_told(
    capsys: pytest.CaptureFixture[str], aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LIGHTSAIL", "http://127.0.0.1:9")

    assert "Lightsail was not reached in eu-central-1" in refused(capsys)


def test_an_account_without_the_bootstrap_is_told_how_to_get_it(
    capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.errors["GetParameter"] = ("ParameterNotFound", "")

    assert f"run `npx cdk bootstrap aws://{ACCOUNT}/eu-central-1` first" in refused(capsys)


def test_an_account_that_may_not_look_the_bootstrap_up_is_told(
    capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    aws.errors["GetParameter"] = ("AccessDeniedException", "not you")

    assert "could not be looked up: AccessDeniedException: not you" in refused(capsys)


def test_without_a_terminal_to_ask_in_nothing_is_made(
    capsys: pytest.CaptureFixture[str], aws: FakeAws, lightsail: LightsailServer
) -> None:
    assert main([]) == 2

    told = capsys.readouterr()
    assert "there is no terminal to ask in: run it in one, or with --yes" in told.err
    assert [one.operation for one in lightsail.requests] == ["GetContainerServicePowers"]
    assert aws.calls == ["GetCallerIdentity", "GetParameter"]


def test_the_plan_tells_account_region_names_and_cost(
    capsys: pytest.CaptureFixture[str], aws: FakeAws
) -> None:
    main([])

    plan = capsys.readouterr().out
    for text in (ACCOUNT, "user/alice", "eu-central-1", "cdk-lsc-live-", "about 0.02 USD"):
        assert text in plan
    assert "at 7 USD a month each, by the hour" in plan
    assert "https://aws.amazon.com/lightsail/pricing/" in plan


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (b"no\n", 1),
        pytest.param(b"y\n", 1, marks=pytest.mark.nightly),
        pytest.param(b"\x04", 1, marks=pytest.mark.nightly),
        (b"\x03", 130),
    ],
)
def test_anything_but_yes_makes_nothing(
    aws: FakeAws, lightsail: LightsailServer, typed: bytes, code: int
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL],
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        told = b""
        while b"Type yes to go on: " not in told:
            piece = os.read(process.stdout.fileno(), 4096)
            assert piece, told
            told += piece
        while process.poll() is None:  # a key that comes just before Python reads has no effect
            os.write(ours, typed)
            with suppress(subprocess.TimeoutExpired):
                told += process.communicate(timeout=10)[0]
        assert process.returncode == code, told
    os.close(ours)
    os.close(theirs)

    assert b"Nothing was made." in told
    assert [one.operation for one in lightsail.requests] == ["GetContainerServicePowers"]


@pytest.mark.parametrize(
    ("profile", "roles"),
    [
        ("careful", 1),
        ("", 2),  # the default one, whose source asks for the code
    ],
)
def test_a_code_of_mfa_is_asked_for_once_and_the_end_of_its_credentials_is_told(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, roles: int
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[default]\nrole_arn = arn:aws:iam::210987654321:role/Admin\nsource_profile = careful\n"
        "[profile careful]\nrole_arn = arn:aws:iam::123456789012:role/Admin\n"
        "source_profile = keys\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n"
        "[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        told = b""
        for prompt, typed in ((b"Enter MFA code for", b"123456\n"), (b"go on: ", b"no\n")):
            while prompt not in told:
                told += os.read(ours, 4096)
            os.write(ours, typed)
        assert process.wait(60) == 1, told
    os.close(ours)
    os.close(theirs)

    assert told.count(b"Enter MFA code") == 1
    assert aws.calls.count("AssumeRole") == roles
    assert b"UTC, in 60 minutes. THAT MAY BE TOO SOON" in told


def test_where_the_cdk_cannot_synthesize_nothing_is_made(
    capsys: pytest.CaptureFixture[str],
    aws: FakeAws,
    lightsail: LightsailServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no Node

    assert main(["--yes", "--report", str(tmp_path / "report.md")]) == 2

    told = capsys.readouterr()
    assert told.err.startswith("make live: the CDK cannot synthesize the stack:\n")
    assert "Nothing was made." in told.out
    assert [one.operation for one in lightsail.requests] == ["GetContainerServicePowers"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.nightly
def test_where_the_bootstrap_is_too_old_nothing_is_made(
    capsys: pytest.CaptureFixture[str], aws: FakeAws, lightsail: LightsailServer, tmp_path: Path
) -> None:
    aws.bootstrap = 5

    assert main(["--yes", "--report", str(tmp_path / "report.md")]) == 2

    assert "bootstrap is of version 5, and the CDK needs 6" in capsys.readouterr().err
    assert [one.operation for one in lightsail.requests] == ["GetContainerServicePowers"]


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    assert "removes everything at the end" in capsys.readouterr().out
