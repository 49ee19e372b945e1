"""The oldest versions of a label are deleted beyond `MaxVersions`."""

from functools import partial

import pytest

import stack_requests
from image_requests import deploy, reason
from lightsail_local.server import Fault
from stack_requests import Stack, digest


class TestMaxVersions:
    def register(self, stack: Stack, *numbers: int) -> None:
        for number in numbers:
            stack.client().register_container_image(
                serviceName="shop", label="web", digest=digest(number)
            )

    def test_deletes_the_oldest_versions_of_the_label_beyond_the_number(self) -> None:
        with stack_requests.stack(order="shuffled") as stack:
            self.register(stack, 2, 3, 4)
            stack.create(Label="worker")

            stack.create(MaxVersions="2")

            assert stack.images() == [":shop.web.3", ":shop.web.4", ":shop.worker.1"]

    def test_never_deletes_one_in_use(self, stack: Stack) -> None:
        self.register(stack, 2, 3, 4)
        stack.deploy(":shop.web.1")

        stack.create(MaxVersions="1")

        assert stack.images() == [":shop.web.1", ":shop.web.4"]

    def test_never_deletes_one_that_is_deployed_while_it_deletes_others(self) -> None:
        with stack_requests.stack(delete_in_use="done") as stack:
            self.register(stack, 2, 3, 4)
            stack.deploy(":shop.web.3")
            stack.lightsail.faults.append(Fault(operation="DeleteContainerImage", kind="throttle"))

            def deploy_the_second_one() -> None:
                if stack.calls("DeleteContainerImage"):
                    stack.time.on_sleep = lambda: None
                    deploy(stack, ":shop.web.2")

            stack.time.on_sleep = deploy_the_second_one
            stack.create(MaxVersions="1")

            assert stack.images() == [":shop.web.2", ":shop.web.3", ":shop.web.4"]

    def test_never_deletes_one_that_another_resource_of_the_stack_stands_for(
        self, stack: Stack
    ) -> None:
        # A rename and another image in one update, whose rollback asks nothing of the old resource.
        one = stack.create()["PhysicalResourceId"]
        stack.lists(one, "CREATE_COMPLETE")
        stack.becomes("UPDATE_IN_PROGRESS")
        renamed = stack.request("Create", Digest=digest(2), MaxVersions="1")

        stack.send({**renamed, "LogicalResourceId": "Renamed"})

        assert stack.images() == [one, ":shop.web.2"]

    @pytest.mark.parametrize("late", ["ListStackResources", "DescribeStackEvents"])
    def test_never_deletes_one_while_cloudformation_does_not_say_what_it_stands_for(
        self, stack: Stack, caplog: pytest.LogCaptureFixture, late: str
    ) -> None:
        caplog.set_level("INFO")
        self.register(stack, 2)
        stack.cloudformation.errors[late] = "Throttling", "slow down"

        assert stack.create(MaxVersions="1")["Status"] == "SUCCESS"

        assert stack.images() == [":shop.web.1", ":shop.web.2"]
        assert "could not prune" in caplog.text

    def test_asks_for_nothing_while_there_are_no_more_versions(self, stack: Stack) -> None:
        self.register(stack, 2)
        stack.cloudformation.errors["ListStackResources"] = "Throttling", "slow down"
        asked = len(stack.cloudformation.calls)

        stack.create(MaxVersions="3")

        assert "ListStackResources" not in stack.cloudformation.calls[asked:]

    def test_never_deletes_the_one_being_replaced(self, stack: Stack) -> None:
        old = stack.create()["PhysicalResourceId"]
        self.register(stack, 2, 3)

        stack.update(old, Digest=digest(4), MaxVersions="1")

        assert stack.images() == [old, ":shop.web.4"]

    def test_never_deletes_the_one_that_was_found(self, stack: Stack) -> None:
        self.register(stack, 1, 2, 3)

        assert stack.create(MaxVersions="1")["PhysicalResourceId"] == ":shop.web.1"
        assert stack.images() == [":shop.web.1", ":shop.web.3"]

    def test_calls_no_more_than_needed_when_there_is_nothing_to_delete(self, stack: Stack) -> None:
        stack.create(MaxVersions="2")

        assert stack.calls("GetContainerServices") == 0
        assert stack.calls("DeleteContainerImage") == 0

    def test_fails_nothing_when_pruning_fails(self, stack: Stack) -> None:
        self.register(stack, 2)
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", kind="denied", times=1000)
        )

        answer = stack.create(MaxVersions="1")

        assert answer["PhysicalResourceId"] == ":shop.web.2"
        assert stack.images() == [":shop.web.1", ":shop.web.2"]

    @pytest.mark.parametrize("number", ["150", "1"])
    def test_makes_room_for_the_new_one_in_a_service_that_is_full(
        self, stack: Stack, number: str
    ) -> None:
        self.register(stack, *range(2, 152))

        assert stack.create(MaxVersions=number)["PhysicalResourceId"] == ":shop.web.151"
        assert len(stack.images()) == int(number)

    def test_makes_room_though_reads_still_show_a_full_service(self) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            self.register(stack, *range(2, 152))
            stack.time.now += 60

            assert stack.create(MaxVersions="140")["PhysicalResourceId"] == ":shop.web.151"
            assert len(stack.images()) == 140

    @pytest.mark.parametrize("number", ["150", "140"])
    def test_makes_room_when_others_took_the_last_room_meanwhile(self, number: str) -> None:
        with stack_requests.stack(stale_seconds=4) as stack:
            self.register(stack, *range(2, 151))
            stack.time.now += 60
            self.register(stack, 151)

            assert stack.create(MaxVersions=number)["PhysicalResourceId"] == ":shop.web.151"
            assert len(stack.images()) == int(number)

    def test_says_that_a_service_is_full_when_nothing_can_be_deleted(self, stack: Stack) -> None:
        self.register(stack, *range(2, 152))
        stack.lightsail.faults.append(
            Fault(operation="DeleteContainerImage", code="InvalidInputException", times=1000)
        )

        assert "stores 150 images" in reason(stack.create(MaxVersions="149"))
        assert stack.calls("RegisterContainerImage") == 150

    def test_makes_room_in_a_service_that_is_full(self, stack: Stack) -> None:
        self.register(stack, *range(2, 152))

        answer = stack.create(MaxVersions="140")

        assert answer["PhysicalResourceId"] == ":shop.web.151"
        assert len(stack.images()) == 140


@pytest.mark.parametrize("seconds", [300.0, 900.0])
def test_pruning_waits_for_no_service_that_is_busy(stack: Stack, seconds: float) -> None:
    stack.seconds = seconds
    names = [
        stack.create(Digest=digest(number), RemovalPolicy="Retain")["PhysicalResourceId"]
        for number in (1, 2, 3)
    ]
    stack.lightsail.behaviour.busy_service = "refused"
    stack.lightsail.behaviour.service_seconds = 3000
    began = stack.time.now
    # Another user changes the service right after the registration.
    stack.before["RegisterContainerImage"] = partial(
        stack.client().update_container_service, serviceName="shop", power="micro"
    )

    stack.update(names[-1], Digest=digest(4), MaxVersions="1", RemovalPolicy="Retain")

    assert stack.time.now - began <= 10
    assert ":shop.web.1" in stack.images()


def test_pruning_does_not_wait_for_a_lightsail_that_is_away(stack: Stack) -> None:
    stack.seconds = 900
    one = stack.create()["PhysicalResourceId"]
    began = stack.time.now
    stack.before["RegisterContainerImage"] = lambda: stack.before.update(
        GetContainerImages=lambda: stack.lightsail.faults.append(
            Fault(operation="GetContainerImages", kind="throttle", times=10_000)
        )
    )

    answer = stack.update(one, Digest=digest(2), MaxVersions="1")

    assert answer["Status"] == "SUCCESS"
    assert stack.time.now - began < 60
