"""`make live` from its start to its report, with the local cloud in the place of an account."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cdk_commands import Cdk
from lightsail_local.behaviour import Behaviour
from live_command import LiveCommand

pytestmark = pytest.mark.e2e


@pytest.fixture
def environment(cdk: Cdk) -> Mapping[str, str]:
    return cdk.cloud.endpoints.environment_within(os.environ)


@pytest.fixture
def behaviour(cdk: Cdk) -> Iterator[Behaviour]:
    """How the cloud's Lightsail behaves; as before at the end."""
    behaviour = cdk.cloud.lightsail.behaviour
    before = dict(vars(behaviour))
    yield behaviour
    vars(behaviour).update(before)


@pytest.fixture(autouse=True)
def nothing_is_left(cdk: Cdk) -> Iterator[None]:
    yield
    assert left(cdk) == []


def left(cdk: Cdk) -> list[str]:
    """What is there of a run: services, stacks, log groups, functions and roles."""
    services = cdk.client("lightsail").get_container_services()["containerServices"]
    stacks = cdk.client("cloudformation").describe_stacks()["Stacks"]
    found: list[Any] = [
        *(service["containerServiceName"] for service in services),
        *(one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"),
        *(one["logGroupName"] for one in cdk.client("logs").describe_log_groups()["logGroups"]),
        *(one["FunctionName"] for one in cdk.client("lambda").list_functions()["Functions"]),
        *(one["RoleName"] for one in cdk.client("iam").list_roles()["Roles"]),
    ]
    return [name for name in found if "lsc-live" in name]


def test_a_run_settles_everything_tries_the_product_removes_all_and_reports(
    cdk: Cdk, environment: Mapping[str, str], behaviour: Behaviour, tmp_path: Path
) -> None:
    behaviour.order = "oldest_first"
    behaviour.register_again = "old"
    behaviour.delete_in_use = "done"
    behaviour.latest = "resolved"
    behaviour.stale_seconds = 1.0

    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 0, live.output

    report = live.report.read_text()
    for unknown in range(1, 15):
        assert f"\n| U{unknown} " in report
    assert "could not be settled" not in report
    assert "**no**" not in report
    (command,) = [line for line in report.splitlines() if line.startswith("$ lightsail-local up")]
    for side in ("order=oldest_first", "register_again=old", "delete_in_use=done"):
        assert f"--behaviour {side}" in command
    assert report.count(" | yes ") == 4
    assert "this version fails on purpose" in report
    assert "Nothing is left" in live.output
    login = cdk.cloud.lightsail.registry
    for secret in (cdk.cloud.endpoints.account, login, str(tmp_path), "X-Amz-"):
        assert secret not in report
    operations = [one.operation for one in cdk.cloud.lightsail.requests]
    assert operations.count("CreateContainerService") >= 2


def test_an_interruption_in_a_deploy_leaves_nothing(
    cdk: Cdk, environment: Mapping[str, str], behaviour: Behaviour, tmp_path: Path
) -> None:
    behaviour.deployment_seconds = 5
    began = len(cdk.cloud.lightsail.requests)

    def is_deploying() -> bool:
        return any(
            one.operation == "CreateContainerServiceDeployment"
            and one.parameters["serviceName"].endswith("-web")
            for one in cdk.cloud.lightsail.requests[began:]
        )

    with LiveCommand(environment, tmp_path, "--yes") as live:
        live.wait_until(is_deploying)
        live.interrupt()
        assert live.wait() == 130, live.output

    assert "Nothing is left" in live.output
    assert not live.report.exists()


def test_a_product_that_does_not_work_is_told_and_nothing_is_left(
    cdk: Cdk, environment: Mapping[str, str], behaviour: Behaviour, tmp_path: Path
) -> None:
    # The first deployment is the questions', the second one the stack's, which is never given.
    behaviour.container_services = 1

    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 1, live.output

    assert "not as it should be: it is not so that the deploy succeeds" in live.output
    assert "maximum limit of Lightsail Container Services" in live.output
    report = live.report.read_text()
    assert "**no**" in report
    assert "| U14 " in report
