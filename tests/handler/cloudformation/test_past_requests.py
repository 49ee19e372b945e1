"""Requests that the stack does not wait for any more: cancelled, repeated late, answered before."""

from collections.abc import Callable
from typing import Any

import pytest

import fake_registry
import oci_images
import signed_images
import stack_requests
from cdk_lightsail_containers_handler.errors import OutOfTime
from deployment_requests import deployment
from fake_kms import KEY, FakeKms
from lightsail_local.server import Fault
from stack_requests import STACK_ID, Stack, digest

REGISTER, IMAGES, DELETE = "RegisterContainerImage", "GetContainerImages", "DeleteContainerImage"
ROLLBACK = "ROLLBACK_IN_PROGRESS"


class Killed(BaseException):
    """The function's process is killed."""


def kill_after(stack: Stack, operation: str, event: dict[str, Any]) -> None:
    """Kill the function when an operation was carried out, before it is answered."""

    def kill() -> None:
        raise Killed

    stack.lightsail.faults.append(Fault(operation=operation, kind="reset_after"))
    stack.time.on_sleep = kill  # what comes next is a pause
    with pytest.raises(Killed):
        stack.handler(event, stack.context())
    stack.time.on_sleep = lambda: None
    stack.time.now += 60  # until AWS Lambda repeats it


class TestARequestThatWasKilledAfterItRegistered:
    @pytest.mark.parametrize("is_dated", [True, False])
    def test_and_is_cancelled_is_taken_back_by_its_repetition(
        self, stack: Stack, *, is_dated: bool
    ) -> None:
        stack.is_dated = is_dated
        event = stack.request("Create")
        kill_after(stack, REGISTER, event)
        stack.becomes(ROLLBACK)

        stack.new_handler()(event, stack.context())

        assert stack.images() == []

    def test_and_is_cancelled_while_it_is_repeated_is_taken_back(self, stack: Stack) -> None:
        event = stack.request("Create")
        kill_after(stack, REGISTER, event)
        stack.before[IMAGES] = lambda: stack.becomes(ROLLBACK)

        stack.new_handler()(event, stack.context())

        assert stack.images() == []

    def test_from_a_source_and_is_cancelled_is_taken_back(self, stack: Stack) -> None:
        with fake_registry.fake_registry() as source:
            source.add(oci_images.image(b"layer"), "1")
            event = stack.request("Create", Digest=None, Source={"Image": f"{source.host}/web:1"})
            kill_after(stack, REGISTER, event)
            stack.becomes(ROLLBACK)

            stack.new_handler()(event, stack.context())

        assert stack.images() == []

    def test_of_what_had_to_be_signed_and_is_cancelled_is_taken_back_without_its_key(
        self, stack: Stack
    ) -> None:
        with (
            fake_registry.fake_registry() as source,
            FakeKms(keys={KEY: signed_images.public_key("deploy")}).served() as kms,
        ):
            stack.urls["kms"] = kms.url
            signed_images.put(source, signed_images.contents("cosign-3"))
            source_of = {"Digest": None, "Source": {"Image": f"{source.host}/web:1"}}
            event = stack.request("Create", **source_of, SignedBy=KEY)
            kill_after(stack, REGISTER, event)
            assert stack.images() == [":shop.web.1"]
            stack.becomes(ROLLBACK)
            kms.keys.clear()

            stack.new_handler()(event, stack.context())

        assert stack.images() == []

    def test_as_an_update_and_is_cancelled_is_taken_back(self, stack: Stack) -> None:
        event, one = self.update(stack)
        kill_after(stack, REGISTER, event)
        stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

        stack.new_handler()(event, stack.context())

        assert stack.images() == [one]

    def test_as_an_update_and_is_cancelled_in_the_second_in_which_it_was_sent_is_taken_back(
        self, stack: Stack
    ) -> None:
        event, one = self.update_that_is_cancelled_at_once(stack)

        assert stack.send(event)["PhysicalResourceId"] == one

        assert stack.images() == [one]

    def test_as_the_update_of_a_rollback_that_has_ended_stays(self, stack: Stack) -> None:
        event, one = self.update_that_is_cancelled_at_once(stack)
        (two,) = set(stack.images()) - {one}
        stack.lists(two, "UPDATE_COMPLETE")

        stack.new_handler()(event, stack.context())

        assert stack.images() == [one, two]

    def test_as_an_update_stays_if_it_is_not_known_what_the_stack_stands_for(
        self, stack: Stack
    ) -> None:
        event, one = self.update_that_is_cancelled_at_once(stack)
        stack.cloudformation.errors["ListStackResources"] = "AccessDenied", "not for you"

        stack.new_handler()(event, stack.context())

        assert len(stack.images()) == 2
        assert one in stack.images()

    def update_that_is_cancelled_at_once(self, stack: Stack) -> tuple[dict[str, Any], str]:
        """Return an update that has registered, and what the stack has gone back to since."""
        event, one = self.update(stack)
        stack.before[REGISTER] = lambda: stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
        kill_after(stack, REGISTER, event)
        stack.lists(one, "UPDATE_COMPLETE")
        stack.becomes("UPDATE_ROLLBACK_COMPLETE")
        return event, one

    def update(self, stack: Stack) -> tuple[dict[str, Any], str]:
        """Return an update that the stack has begun with, and what it stood for before."""
        one = stack.create()["PhysicalResourceId"]
        stack.lists(one, "CREATE_COMPLETE")
        stack.becomes("CREATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.lists(one, "UPDATE_IN_PROGRESS")
        return stack.request("Update", PhysicalResourceId=one, Digest=digest(2)), str(one)

    def test_in_the_second_in_which_the_stack_began_and_is_cancelled_is_taken_back(
        self, stack: Stack
    ) -> None:
        stack.time.now += 0.6  # Lightsail's dates are in whole seconds
        stack.becomes("CREATE_IN_PROGRESS")
        event = stack.request("Create")
        kill_after(stack, REGISTER, event)
        stack.becomes(ROLLBACK)

        stack.new_handler()(event, stack.context())

        assert stack.images() == []

    def test_is_taken_back_later_when_lightsail_is_away(self, stack: Stack) -> None:
        event = stack.request("Create")
        kill_after(stack, REGISTER, event)
        stack.becomes(ROLLBACK)
        stack.lightsail.faults.append(Fault(operation=IMAGES, kind="throttle", times=10**6))
        with pytest.raises(OutOfTime):  # so that AWS Lambda repeats it
            stack.new_handler()(event, stack.context())
        stack.lightsail.faults.clear()

        stack.new_handler()(event, stack.context())

        assert stack.images() == []

    def test_and_is_not_cancelled_stays(self, stack: Stack) -> None:
        event = stack.request("Create")
        kill_after(stack, REGISTER, event)

        assert stack.send(event)["PhysicalResourceId"] == ":shop.web.1"

        assert stack.images() == [":shop.web.1"]


@pytest.mark.parametrize("is_dated", [True, False])
def test_the_first_delivery_leaves_an_image_that_was_there_before_the_operation(
    stack: Stack, *, is_dated: bool
) -> None:
    stack.is_dated = is_dated
    one = stack.create()["PhysicalResourceId"]
    stack.becomes("CREATE_COMPLETE")
    stack.time.now += 100
    stack.becomes("UPDATE_IN_PROGRESS")
    stack.before[IMAGES] = lambda: stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

    stack.send(stack.request("Create"))

    assert stack.images() == [one]


class TestTwoStacksThatRegisterOneDigest:
    def register_elsewhere(self, stack: Stack) -> None:
        stack.client().register_container_image(serviceName="shop", label="web", digest=digest(1))

    def test_when_the_later_one_gives_way_and_is_cancelled_the_others_image_stays(
        self, stack: Stack
    ) -> None:
        stack.before[IMAGES] = lambda: self.register_elsewhere(stack)

        stack.response.on_answer = lambda: stack.becomes(ROLLBACK)
        assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

        assert stack.images() == [":shop.web.1"]

    def test_when_the_later_one_finds_it_and_is_cancelled_the_others_image_stays(
        self, stack: Stack
    ) -> None:
        self.register_elsewhere(stack)

        stack.response.on_answer = lambda: stack.becomes(ROLLBACK)
        assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

        assert stack.images() == [":shop.web.1"]

    def test_when_the_later_one_loses_its_answer_and_is_cancelled_the_others_image_stays(
        self,
    ) -> None:
        with stack_requests.stack(register_again="old", stale_seconds=4) as stack:
            self.register_elsewhere(stack)
            stack.time.now += 2
            stack.becomes("CREATE_IN_PROGRESS")
            stack.lightsail.faults.append(Fault(operation=REGISTER, kind="reset_after"))

            stack.response.on_answer = lambda: stack.becomes(ROLLBACK)
            assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

            assert stack.calls(REGISTER) == 2
            assert stack.images() == [":shop.web.1"]


class TestALateDuplicate:
    def go_on(self, stack: Stack) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a Create and an Update of a stack that has carried both out."""
        create = stack.request("Create")
        one = stack.send(create)["PhysicalResourceId"]
        stack.becomes("CREATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        update = stack.request("Update", PhysicalResourceId=one, Digest=digest(2))
        stack.send(update)
        stack.becomes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        stack.delete(one)
        return create, update

    @pytest.mark.parametrize("is_dated", [True, False])
    @pytest.mark.parametrize("status", ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"])
    def test_registers_nothing(self, stack: Stack, status: str, *, is_dated: bool) -> None:
        stack.is_dated = is_dated
        create, _ = self.go_on(stack)
        stack.becomes(status)

        answer = stack.send(create)

        assert answer["Status"] == "FAILED"  # CloudFormation has another answer
        assert f"the request came too late, the stack is {status}" in answer["Reason"]
        assert stack.images() == [":shop.web.2"]

    def test_registers_nothing_while_the_stack_is_updated_once_more(self, stack: Stack) -> None:
        create, update = self.go_on(stack)
        stack.becomes("UPDATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.update(":shop.web.2", Digest=digest(3))

        stack.send(create)
        stack.send(update)

        assert stack.images() == [":shop.web.2", ":shop.web.3"]

    def test_deploys_nothing(self, stack: Stack) -> None:
        create = deployment("Create", stack, "nginx:1")
        stack.send(create)
        stack.becomes("CREATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.send(deployment("Update", stack, "nginx:2"))
        stack.becomes("UPDATE_COMPLETE")

        assert stack.send(create)["Status"] == "FAILED"

        assert stack.calls("CreateContainerServiceDeployment") == 2

    def test_of_a_deletion_leaves_an_image_that_was_registered_since(self) -> None:
        # Lightsail may give a number out again.
        with stack_requests.stack(reuse_numbers=True) as stack:
            one = stack.create()["PhysicalResourceId"]
            delete = stack.request(
                "Delete", PhysicalResourceId=one, Digest=None, Source={"Image": "ghcr.io/a/b:1"}
            )
            stack.send(delete)
            stack.time.now += 100
            again = stack.create()["PhysicalResourceId"]
            assert again == one

            stack.send(delete)

            assert stack.images() == [again]

    def test_of_a_deletion_leaves_an_image_that_the_resource_stands_for_again(
        self, stack: Stack
    ) -> None:
        one = stack.create()["PhysicalResourceId"]
        stack.deploy(one)
        stack.becomes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        delete = stack.request("Delete", PhysicalResourceId=one)
        stack.lists("two", "UPDATE_COMPLETE")
        stack.send(delete)  # it is in use
        stack.becomes("UPDATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.lists(one, "UPDATE_COMPLETE")
        stack.becomes("UPDATE_COMPLETE")
        stack.deploy("nginx:1")

        stack.send(delete)

        assert stack.images() == [one]

    def test_is_told_by_two_looks_at_the_stack(self, stack: Stack) -> None:
        stack.becomes("UPDATE_IN_PROGRESS")
        event = stack.request("Create")
        stack.becomes("CREATE_COMPLETE")  # a read that lags behind
        stack.time.on_sleep = lambda: setattr(
            stack.cloudformation.stacks[STACK_ID], "status", "UPDATE_IN_PROGRESS"
        )

        assert stack.send(event)["Status"] == "SUCCESS"


class TestAnAnswerWhoseReplyIsLost:
    @pytest.mark.parametrize("reply", ["reset", 500])
    @pytest.mark.parametrize("is_listed", [True, False, None])
    @pytest.mark.parametrize("changes_update_time", [True, False])
    def test_leaves_the_image_when_the_next_update_rolls_back(
        self, stack: Stack, reply: Any, *, is_listed: bool | None, changes_update_time: bool
    ) -> None:
        stack.cloudformation.changes_update_time = changes_update_time
        one = stack.create()["PhysicalResourceId"]
        stack.lists(one, "CREATE_COMPLETE")
        stack.becomes("CREATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.response.faults = [reply] * 3
        if is_listed is None:
            stack.cloudformation.errors["ListStackResources"] = "AccessDenied", "not for you"
        is_on = []

        def go_on() -> None:
            if stack.response.bodies[1:] and not is_on:  # CloudFormation has the answer
                is_on.append(True)
                stack.lists(":shop.web.2", "UPDATE_COMPLETE", "Image" if is_listed else "Other")
                stack.becomes("UPDATE_COMPLETE")
                stack.time.now += 2
                stack.becomes("UPDATE_IN_PROGRESS")
                stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

        stack.time.on_sleep = go_on

        assert stack.update(one, Digest=digest(2))["PhysicalResourceId"] == ":shop.web.2"

        assert stack.images() == [":shop.web.1", ":shop.web.2"]


class TestACancelledUpdate:
    @pytest.mark.parametrize("changes_update_time", [True, False])
    def test_that_was_registered_is_taken_back(
        self, stack: Stack, *, changes_update_time: bool
    ) -> None:
        stack.cloudformation.changes_update_time = changes_update_time
        one = stack.create()["PhysicalResourceId"]
        stack.becomes("CREATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.lists(one, "UPDATE_IN_PROGRESS")

        def cancel() -> None:
            stack.lists(one, "UPDATE_FAILED")
            stack.time.now += 1
            stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

        stack.before[REGISTER] = cancel

        stack.update(one, Digest=digest(2))

        assert stack.images() == [one]

    @pytest.mark.parametrize("kind", ["image", "deployment"])
    def test_that_is_late_for_its_first_look_does_nothing(self, stack: Stack, kind: str) -> None:
        one = stack.create()["PhysicalResourceId"]
        stack.send(deployment("Create", stack, "nginx:1"))
        stack.becomes("CREATE_COMPLETE")
        stack.time.now += 100
        stack.becomes("UPDATE_IN_PROGRESS")
        image = stack.request("Update", PhysicalResourceId=one, Digest=digest(2))
        event = image if kind == "image" else deployment("Update", stack, "nginx:2")
        stack.time.now += 5  # it waits in AWS Lambda's queue
        stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

        assert "CloudFormation cancelled the request" in stack.send(event)["Reason"]

        assert stack.images() == [one]
        assert stack.calls("CreateContainerServiceDeployment") == 1

    def test_is_told_from_the_rollbacks_own(self, stack: Stack) -> None:
        stack.send(deployment("Create", stack, "nginx:1"))
        stack.becomes("CREATE_COMPLETE")
        stack.becomes("UPDATE_IN_PROGRESS")
        stack.send(deployment("Update", stack, "nginx:2"))
        stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
        stack.time.now += 0.4  # of the same second

        assert stack.send(deployment("Update", stack, "nginx:1"))["Status"] == "SUCCESS"


def test_what_is_registered_and_answered_by_the_timer_is_taken_back(
    stack: Stack, fire_timer: Callable[[], None]
) -> None:
    stack.before[REGISTER] = lambda: stack.before.update({IMAGES: fire_timer})

    assert stack.send(stack.request("Create"))["Status"] == "FAILED"

    assert stack.images() == []
