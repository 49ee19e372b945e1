"""Nothing of a run is left, in any state that it was in."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from live.clean_up import CleanUp, find_runs
from live.names import TAG, Names
from live.stack import RunStack

from fake_aws import FakeAws
from lightsail_local.server import Fault

from .conftest import NAME, Cloud

Start = Callable[..., Cloud]
WEB = f"{NAME}-web"


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws().served() as aws:
        yield aws


class Removing:
    """A clean-up in an account."""

    def __init__(self, cloud: Cloud, aws: FakeAws) -> None:
        self.cloud = cloud
        self.aws = aws
        self.cloudformation: Any = boto3.client("cloudformation", endpoint_url=aws.url)
        self.logs: Any = boto3.client("logs", endpoint_url=aws.url)
        self.stack = RunStack(NAME, self.cloudformation, cloud.lightsail.waiting)
        self.clean_up = CleanUp(
            stack=self.stack,
            services=Names(NAME).services,
            lightsail=cloud.lightsail,
            logs=self.logs,
            region="eu-central-1",
        )

    def services(self) -> list[str]:
        found = self.cloud.client.get_container_services()["containerServices"]
        return [service["containerServiceName"] for service in found]

    def make_service(self, name: str, *, tagged: bool = True) -> None:
        tags = [{"key": TAG, "value": name}] if tagged else []
        self.cloud.client.create_container_service(
            serviceName=name, power="nano", scale=1, tags=tags
        )


@pytest.fixture
def removing(cloud: Start, aws: FakeAws) -> Iterator[Removing]:
    removing = Removing(cloud(), aws)
    with closing(removing.cloudformation), closing(removing.logs):
        yield removing


def test_stack_services_and_log_groups_go(removing: Removing) -> None:
    removing.make_service(NAME)
    removing.make_service(WEB)
    removing.make_service("of-another-user")
    removing.aws.stacks = {
        NAME: ("CREATE_COMPLETE", {}),
        "of-another-user": ("CREATE_COMPLETE", {}),
    }
    removing.aws.log_groups = [f"{NAME}-HandlerLogGroup-1", "of-another-user"]

    assert removing.clean_up.run() == []

    assert removing.services() == ["of-another-user"]
    assert list(removing.aws.stacks) == ["of-another-user"]
    assert removing.aws.log_groups == ["of-another-user"]


@pytest.mark.parametrize("code", ["NotFoundException", "InvalidInputException"])
def test_a_service_is_gone_once_it_is_not_listed_however_a_missing_one_is_called(
    removing: Removing, code: str
) -> None:
    removing.cloud.rename("NotFoundException", code)
    removing.make_service(NAME)
    began = removing.cloud.time.now

    assert removing.clean_up.run() == []

    assert removing.services() == []
    # One is DELETING for two minutes, and the other one was never made.
    assert removing.cloud.time.now - began < 5 * 60
    assert len(removing.cloud.server.requests) < 150


def test_a_service_whose_deletion_is_taken_without_an_end_is_not_waited_for(
    removing: Removing,
) -> None:
    def take(parsed: dict[str, Any], http_response: Any, **_: object) -> None:
        http_response.status_code = 200
        parsed.pop("Error", None)

    events = removing.cloud.client.meta.events
    events.register("after-call.lightsail.DeleteContainerService", take)
    removing.make_service(NAME)
    began = removing.cloud.time.now

    assert removing.clean_up.run() == []
    assert removing.cloud.time.now - began < 10 * 60


def test_where_nothing_was_made_nothing_is_left(removing: Removing) -> None:
    assert removing.clean_up.run() == []


@pytest.mark.parametrize("stale_seconds", [0, 3])
def test_a_service_that_shows_only_after_the_interruption_goes(
    cloud: Start, aws: FakeAws, stale_seconds: float
) -> None:
    removing = Removing(cloud(stale_seconds=stale_seconds), aws)
    time = removing.cloud.time

    def appear() -> None:
        time.on_sleep = lambda: None
        removing.make_service(NAME)

    # The first wait is the one before the second look.
    time.on_sleep = appear

    assert removing.clean_up.run() == []
    time.sleep(stale_seconds)
    assert removing.services() == []


def test_an_update_is_cancelled_and_its_rollback_waited_for(removing: Removing) -> None:
    removing.aws.stacks = {NAME: ("UPDATE_IN_PROGRESS", {})}
    statuses = iter(["UPDATE_ROLLBACK_IN_PROGRESS"] * 3 + ["UPDATE_ROLLBACK_COMPLETE"] * 90)

    def go_on() -> None:
        if removing.aws.stacks:
            removing.aws.stacks[NAME] = (next(statuses), {})

    removing.cloud.time.on_sleep = go_on

    assert removing.clean_up.run() == []
    assert removing.aws.calls.count("CancelUpdateStack") == 1
    cancelled = removing.aws.calls.index("CancelUpdateStack")
    assert removing.aws.calls.index("DeleteStack") > cancelled + 3


def test_an_update_that_ends_before_it_is_cancelled_is_deleted(removing: Removing) -> None:
    removing.aws.stacks = {NAME: ("UPDATE_IN_PROGRESS", {})}
    removing.aws.errors["CancelUpdateStack"] = ("ValidationError", "it cannot be called")

    def end() -> None:
        if removing.aws.stacks:
            removing.aws.stacks[NAME] = ("UPDATE_COMPLETE", {})

    removing.cloud.time.on_sleep = end

    assert removing.clean_up.run() == []


def test_a_change_set_that_was_never_executed_is_not_waited_for(removing: Removing) -> None:
    removing.aws.stacks = {NAME: ("REVIEW_IN_PROGRESS", {})}

    assert removing.clean_up.run() == []
    assert removing.aws.calls.index("DeleteStack") == 1


def test_a_deletion_that_shows_late_and_takes_its_time_is_waited_for(removing: Removing) -> None:
    removing.aws.stacks = {NAME: ("CREATE_COMPLETE", {})}
    removing.aws.on_delete_stack = lambda _: None
    statuses = iter(["DELETE_IN_PROGRESS"] * 5 + ["DELETE_COMPLETE"] * 9)
    removing.cloud.time.on_sleep = lambda: removing.aws.stacks.update(
        {NAME: (next(statuses, "DELETE_COMPLETE"), {})}
    )

    assert removing.clean_up.run() == []
    assert removing.aws.calls.count("DeleteStack") == 1


def test_a_stack_that_fails_to_go_is_tried_again_once_its_service_is_gone(
    removing: Removing,
) -> None:
    removing.make_service(WEB)
    removing.aws.stacks = {NAME: ("CREATE_COMPLETE", {})}

    def fail_while_there_is_a_service(name: str) -> None:
        removing.aws.stacks[name] = ("DELETE_FAILED", {})
        if not removing.services():
            del removing.aws.stacks[name]

    removing.aws.on_delete_stack = fail_while_there_is_a_service

    assert removing.clean_up.run() == []
    assert removing.aws.stacks == {}


def test_what_cannot_be_removed_is_told_with_the_command_that_does(removing: Removing) -> None:
    removing.make_service(NAME)
    removing.aws.stacks = {NAME: ("CREATE_COMPLETE", {})}
    removing.aws.errors["DeleteStack"] = ("AccessDenied", "not you")
    removing.cloud.server.faults.append(
        Fault(operation="DeleteContainerService", kind="denied", times=99)
    )

    stack, service = removing.clean_up.run()

    assert stack.what.startswith(f"stack {NAME}, CREATE_COMPLETE")
    assert "not you" in stack.what
    assert stack.command == (
        f"aws cloudformation delete-stack --stack-name {NAME} --region eu-central-1"
    )
    assert service.what.startswith(
        f"container service {NAME}, PENDING (DeleteContainerService: AccessDenied"
    )
    assert service.command == (
        f"aws lightsail delete-container-service --service-name {NAME} --region eu-central-1"
    )


def test_without_the_right_to_look_all_that_may_be_left_is_shown(removing: Removing) -> None:
    removing.aws.errors["DescribeStacks"] = ("ExpiredToken", "it is over")

    left = removing.clean_up.run()

    assert [one.what.partition(" (")[0] for one in left] == [
        f"stack {NAME}",
        f"container service {NAME}",
        f"container service {WEB}",
    ]
    assert all("ExpiredToken" in one.what for one in left)


def test_runs_are_found_by_name_and_tag_and_nothing_else_is(removing: Removing) -> None:
    other = "cdk-lsc-live-99999999"
    removing.make_service(WEB)
    removing.make_service(NAME)
    removing.make_service(other, tagged=False)
    removing.make_service("cdk-lsc-live-mine")
    removing.aws.stacks = {
        NAME: ("DELETE_FAILED", {TAG: NAME}),
        "cdk-lsc-live-12345678": ("ROLLBACK_COMPLETE", {TAG: "cdk-lsc-live-12345678"}),
        "cdk-lsc-live-22222222": ("CREATE_COMPLETE", {}),
        "cdk-lsc-live-33333333": ("DELETE_COMPLETE", {TAG: "cdk-lsc-live-33333333"}),
        "shop": ("CREATE_COMPLETE", {TAG: "shop"}),
    }

    removing.aws.log_groups = [
        "cdk-lsc-live-mine",
        f"{NAME}-HandlerLogGroup-1",
        "cdk-lsc-live-44444444-HandlerLogGroup-1",
        "shop-HandlerLogGroup-1",
    ]

    found = find_runs(removing.cloud.lightsail, removing.cloudformation, removing.logs)

    assert found == {
        NAME: [WEB, NAME],
        "cdk-lsc-live-12345678": [],
        "cdk-lsc-live-44444444": [],
    }


def test_another_error_of_a_stack_is_not_taken_for_its_end(removing: Removing) -> None:
    removing.aws.errors["DescribeStacks"] = ("AccessDenied", "not you")

    with pytest.raises(ClientError):
        removing.stack.status()
