"""An interruption leaves nothing, wherever it comes."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from live.names import TAG

from fake_aws import ACCOUNT, FakeAws
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import Fault, LightsailServer
from live_command import ROOT, LiveCommand

# nohup may have had this process ignore the signal, which it then would.
IN_A_TERMINAL = """
import runpy, signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
runpy.run_module("live", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer(Behaviour(service_seconds=1, deployment_seconds=1)) as server:
        yield server


@pytest.fixture
def environment(lightsail: LightsailServer) -> Iterator[Mapping[str, str]]:
    with FakeAws().served() as aws:
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ENDPOINT_URL_LIGHTSAIL": lightsail.url,
            "NO_PROXY": "127.0.0.1",
        }


def services(lightsail: LightsailServer) -> list[Any]:
    client = boto3.client("lightsail", endpoint_url=lightsail.url)
    found = client.get_container_services()["containerServices"]
    client.close()
    return list(found)


def has_called(lightsail: LightsailServer, operation: str) -> Callable[[], bool]:
    """Return what tells whether an operation was called, of the API or the registry."""
    return lambda: any(
        one.operation == operation for one in [*lightsail.requests, *lightsail.registry_requests]
    )


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        pytest.param(
            *("CreateContainerService", signal.SIGINT),  # the service is PENDING
            marks=pytest.mark.nightly,
        ),
        ("PutManifest", signal.SIGINT),  # the first question is being put
        pytest.param("DeleteContainerImage", signal.SIGTERM, marks=pytest.mark.nightly),
        pytest.param(
            *("CreateContainerServiceDeployment", signal.SIGINT), marks=pytest.mark.nightly
        ),
        pytest.param("UpdateContainerService", signal.SIGTERM, marks=pytest.mark.nightly),
    ],
)
def test_nothing_is_left(
    lightsail: LightsailServer,
    environment: Mapping[str, str],
    tmp_path: Path,
    operation: str,
    number: signal.Signals,
) -> None:
    with LiveCommand(environment, tmp_path, "--yes") as live:
        live.wait_until(has_called(lightsail, operation))
        live.interrupt(number)

        assert live.wait() == 130, live.output

    assert "Interrupted: everything is removed now." in live.output
    assert "Nothing is left" in live.output
    assert services(lightsail) == []
    assert not live.report.exists()


@pytest.mark.nightly
def test_nothing_is_left_when_the_terminal_is_closed(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, "--yes", "--report", tmp_path / "report.md"],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        while not has_called(lightsail, "PutManifest")():
            os.read(ours, 4096)
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        process.wait(60)

    assert services(lightsail) == []


def end_the_work(lightsail: LightsailServer) -> None:
    """Let a run end early and remove its service by itself, which goes on until there is no fault.

    A service that is made just now refuses its deletion on AWS, too.
    """
    lightsail.faults.append(Fault(operation="CreateContainerService", kind="reset_after"))
    refuse_deletions(lightsail)


@contextmanager
def interrupted_in_the_removal(
    lightsail: LightsailServer, environment: Mapping[str, str], folder: Path
) -> Iterator[LiveCommand]:
    """Run the command until it has said what a second Ctrl-C does."""
    end_the_work(lightsail)
    with LiveCommand(environment, folder, "--yes") as live:
        live.wait_until(has_called(lightsail, "DeleteContainerService"))
        live.interrupt()
        live.wait_until(lambda: "Ctrl-C again stops that, too." in live.output)
        yield live


def refuse_deletions(lightsail: LightsailServer) -> None:
    refusal = Fault(operation="DeleteContainerService", code="InvalidInputException", times=10**6)
    lightsail.faults.append(refusal)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_once_the_removal_has_begun_a_closed_terminal_and_a_request_to_end_do_not_stop_it(
    lightsail: LightsailServer,
    environment: Mapping[str, str],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    end_the_work(lightsail)
    with LiveCommand(environment, tmp_path, "--yes") as live:
        live.wait_until(has_called(lightsail, "DeleteContainerService"))
        live.interrupt(number)
        lightsail.faults.clear()

        assert live.wait() == 1, live.output

    assert "Interrupted" not in live.output
    assert "Nothing is left" in live.output
    assert services(lightsail) == []
    assert "The run ended early: CreateContainerService" in live.report.read_text()


def test_the_first_ctrl_c_in_the_removal_does_not_stop_it(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with interrupted_in_the_removal(lightsail, environment, tmp_path) as live:
        lightsail.faults.clear()

        assert live.wait() == 130, live.output

    assert "Nothing is left" in live.output
    assert services(lightsail) == []
    assert "looked for twice" in live.report.read_text()


def test_the_second_ctrl_c_in_the_removal_tells_and_reports_what_is_left(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with interrupted_in_the_removal(lightsail, environment, tmp_path) as live:
        live.interrupt()

        assert live.wait() == 130, live.output

    (service,) = services(lightsail)
    command = f"delete-container-service --service-name {service['containerServiceName']} "
    assert command in live.output
    assert command in live.report.read_text()


def test_an_interrupted_clean_up_tells_what_is_left(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    name = "cdk-lsc-live-0123abcd"
    client = boto3.client("lightsail", endpoint_url=lightsail.url)
    tags = [{"key": TAG, "value": name}]
    client.create_container_service(serviceName=name, power="nano", scale=1, tags=tags)
    client.close()
    refuse_deletions(lightsail)

    def deletions() -> int:
        return sum(one.operation == "DeleteContainerService" for one in lightsail.requests)

    with LiveCommand(environment, tmp_path, "--clean-up", "--yes") as live:
        live.wait_until(lambda: deletions() > 0)
        live.interrupt(signal.SIGTERM)  # which does not stop it
        tried = deletions()
        live.wait_until(lambda: deletions() > tried + 1)
        live.interrupt()

        assert live.wait() == 130, live.output

    assert f"aws cloudformation delete-stack --stack-name {name} --region us-east-1" in live.output
    assert f"delete-container-service --service-name {name} --region us-east-1" in live.output
    assert "Nothing was" not in live.output


@pytest.mark.nightly
def test_an_answer_of_another_form_ends_the_run_and_nothing_is_left(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    lightsail.faults.append(Fault(operation="CreateContainerService", kind="garbage"))

    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 1

    assert "The run ended early: unexpected KeyError('containerService')" in live.output
    assert "Nothing is left" in live.output
    assert services(lightsail) == []


@pytest.mark.nightly
def test_a_report_that_cannot_be_written_is_printed(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    lightsail.behaviour.container_services = 0
    (tmp_path / "report.md").mkdir()

    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 1

    assert "The report could not be written" in live.output
    assert "# Lightsail, as it was found" in live.output


@pytest.mark.nightly
def test_a_service_that_cannot_be_made_is_told_and_nothing_is_left(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    lightsail.behaviour.container_services = 0

    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 1

    assert "The run ended early: CreateContainerService: InvalidInputException" in live.output
    assert "maximum limit of Lightsail Container Services" in live.output
    assert "Nothing is left" in live.output
    assert "maximum limit" in live.report.read_text()


@pytest.mark.nightly
def test_a_report_does_not_tell_who_ran_it(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    lightsail.faults.append(
        Fault(
            operation="CreateContainerService",
            code="AccessDeniedException",
            message=f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized",
        )
    )

    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 1

    report = live.report.read_text()
    assert "User: <caller> is not authorized" in report
    assert "alice" not in report


@pytest.mark.nightly
def test_a_second_interruption_tells_what_is_left_and_clean_up_removes_it(
    lightsail: LightsailServer, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with LiveCommand(environment, tmp_path, "--yes") as live:
        live.wait_until(has_called(lightsail, "CreateContainerService"))
        lightsail.faults.append(Fault(operation="DeleteContainerService", kind="hang", seconds=60))
        live.interrupt()
        live.wait_until(lambda: not lightsail.faults)
        live.interrupt()
        assert live.wait() == 130
    (service,) = services(lightsail)
    name = service["containerServiceName"]
    assert f"aws cloudformation delete-stack --stack-name {name} --region us-east-1" in live.output
    assert f"delete-container-service --service-name {name}-web" in live.output
    assert "python -m live --clean-up" in live.output

    with LiveCommand(environment, tmp_path, "--clean-up") as asked:
        assert asked.wait() == 2
        assert "there is no terminal to ask in" in asked.output
    assert len(services(lightsail)) == 1

    with LiveCommand(environment, tmp_path, "--clean-up", "--yes") as live:
        assert live.wait() == 0, live.output
    assert f"of {name}: its stack and log groups, and the services {name}" in live.output
    assert services(lightsail) == []

    with LiveCommand(environment, tmp_path, "--clean-up") as live:
        assert live.wait() == 0
    assert "Nothing of an earlier run" in live.output
