"""`make live` from its start to its report, with the local cloud in the place of an account."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from demo.cdk_program import QUICK_POLLS
from reliability.unknowns.sides import KEPT, SWITCHES, Row, defaults, likelier_but

from cdk_commands import Cdk
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.behaviour_option import parse_behaviour
from lightsail_local.server import Request
from live_command import FACTOR, LiveCommand
from request_watcher import RequestWatcher

pytestmark = pytest.mark.e2e


@pytest.fixture
def environment(cdk: Cdk) -> Mapping[str, str]:
    return {**cdk.cloud.endpoints.environment_within(os.environ), **QUICK_POLLS}


@pytest.fixture
def behaviour(cdk: Cdk) -> Iterator[Behaviour]:
    """How the cloud's Lightsail behaves; as before at the end."""
    behaviour = cdk.cloud.lightsail.behaviour
    before = dict(vars(behaviour))
    yield behaviour
    vars(behaviour).update(before)


@pytest.fixture
def watched(watcher: RequestWatcher) -> Iterator[RequestWatcher]:
    """The watcher of the cloud's requests, which watches nothing at the end."""
    yield watcher
    watcher.watch = None


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


# Of all sides but one, those that are not the likelier ones, shared out to two runs.
REFUSING = likelier_but(
    reuse_numbers=True,
    missing_digest="accepted",
    missing_service="InvalidInputException",
    other_platforms="refused",
    upload_host="other",
    media_types="docker",
    busy_service="refused",
    latest="resolved",
    order="oldest_first",
    stale_seconds=2,
    throttle_every=3,
)
FORGETTING = likelier_but(
    reuse_numbers=True,
    delete_in_use="done",
    manifest_reads="answered",
    blob_uploads="monolithic",
    locations="relative",
    zstd_layers=False,
    unregistered_seconds=0,
    order="shuffled",
    blob_mount="created",
    throttle_every=3,
)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("row", "unsettled"),
    [
        # A registration of what is not there works, so none tells whether a push is there.
        (REFUSING, {"U8"}),
        # What is gone at once cannot be registered, and so neither deployed nor deleted.
        (FORGETTING, {"U1", "U2", "U3", "U4", "U5", "U8", "U9", "U10", "U11", "U12", "U13"}),
    ],
    ids=["refusing", "forgetting"],
)
def test_a_run_settles_what_can_be_tries_the_product_removes_all_and_reports(
    cdk: Cdk,
    environment: Mapping[str, str],
    behaviour: Behaviour,
    watched: RequestWatcher,
    tmp_path: Path,
    row: Row,
    unsettled: set[str],
) -> None:
    switches = row.switches()
    vars(behaviour).update(switches)
    behaviour.stale_seconds /= FACTOR

    def keep_what_was_tried(request: Request) -> None:
        """No image that is always gone can be deployed; the questions are all asked before."""
        is_of_product = str(request.parameters.get("serviceName", "")).endswith("-web")
        if request.operation == "RegisterContainerImage" and is_of_product and request.error:
            behaviour.unregistered_seconds = KEPT

    watched.watch = keep_what_was_tried
    with LiveCommand(environment, tmp_path, "--yes") as live:
        assert live.wait() == 0, live.output

    report = live.report.read_text()
    for unknown in range(1, 15):
        assert f"\n| U{unknown} " in report
    rows = [line for line in report.splitlines() if "could not be settled" in line]
    assert {line.split("|")[1].strip() for line in rows} == unsettled
    (command,) = [line for line in report.splitlines() if line.startswith("$ lightsail-local up")]
    found = dict(parse_behaviour(word) for word in command.split(" --behaviour ")[1:])
    assert set(found) == {
        side.switch
        for side in row.sides
        if side not in defaults()
        and SWITCHES[side.switch][0] not in unsettled
        # No question is about that one; the clean-up meets it.
        and side.switch != "missing_service"
    }
    for name, side in found.items():
        assert name == "stale_seconds" or side == switches[name], name
    assert "**no**" not in report
    assert report.count(" | yes ") == 4
    assert "this version fails on purpose" in report
    assert "Nothing is left" in live.output
    login = cdk.cloud.lightsail.registry
    for secret in (cdk.cloud.endpoints.account, login, str(tmp_path), "X-Amz-"):
        assert secret not in report
    operations = [one.operation for one in cdk.cloud.lightsail.requests]
    assert operations.count("CreateContainerService") >= 2
    assert behaviour.unregistered_seconds == KEPT  # so the product has met a push that was gone


@pytest.mark.nightly
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
    said = " ".join(live.output.split())  # it is wrapped to the width
    assert "maximum limit of Lightsail Container Services" in said
    report = live.report.read_text()
    assert "**no**" in report
    assert "| U14 " in report
