"""Calls that may have been carried out: what is not known is not answered as a failure."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

import fake_registry
import oci_images
import stack_requests
from cdk_lightsail_containers_handler.errors import Unanswered
from deployment_requests import FakeLambda, deployment
from fake_registry import FakeRegistry
from lightsail_local.server import Fault
from stack_requests import Stack

REGISTER, IMAGES = "RegisterContainerImage", "GetContainerImages"
DEPLOY, DEPLOYMENTS = "CreateContainerServiceDeployment", "GetContainerServiceDeployments"
RESOURCE = "cdk_lightsail_containers_handler.deployments.resource"
FOR_EVER = 10**6
DENIED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke")


def lose(stack: Stack, operation: str, read: str, outage: str) -> None:
    """Carry a call out, lose its answer, and fail every read from then on."""
    stack.lightsail.faults.append(Fault(operation=operation, kind="reset_after"))
    stack.before[operation] = lambda: stack.lightsail.faults.append(
        Fault(operation=read, kind=outage, times=FOR_EVER)
    )


def left_unanswered(stack: Stack, event: dict[str, Any]) -> None:
    """Send a request to the handler, and check that it answers nothing."""
    before = len(stack.response.taken)
    with pytest.raises(Unanswered):
        stack.handler(event, stack.context())
    assert len(stack.response.taken) == before


@pytest.mark.parametrize("is_dated", [True, False])
@pytest.mark.parametrize("outage", ["throttle", "error", "reset_before"])
def test_a_registration_that_may_be_there_is_not_answered_but_found_by_the_repetition(
    stack: Stack, outage: Any, *, is_dated: bool
) -> None:
    stack.is_dated = is_dated
    lose(stack, REGISTER, IMAGES, outage)
    event = stack.request("Create")

    left_unanswered(stack, event)
    stack.lightsail.faults.clear()
    stack.time.now += 60
    answer = stack.send(event)

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ":shop.web.1")
    assert stack.images() == [":shop.web.1"]


def test_a_repetition_that_meets_the_same_outage_is_not_answered_either(stack: Stack) -> None:
    lose(stack, REGISTER, IMAGES, "throttle")
    event = stack.request("Create")
    left_unanswered(stack, event)
    stack.time.now += 60

    with pytest.raises(Exception, match="did not answer GetContainerImages"):
        stack.handler(event, stack.context())

    assert stack.response.answers == []


def test_a_first_delivery_that_meets_an_outage_is_answered(stack: Stack) -> None:
    stack.lightsail.faults.append(Fault(operation=IMAGES, kind="throttle", times=FOR_EVER))

    assert stack.create()["Status"] == "FAILED"


def test_a_registration_whose_answer_is_lost_after_the_service_was_busy_is_found(
    stack: Stack,
) -> None:
    stack.lightsail.behaviour.busy_service = "refused"
    stack.lightsail.behaviour.service_seconds = stack.seconds - 34
    stack.client().update_container_service(serviceName="shop", power="micro")
    ready = stack.time.now + stack.seconds - 34

    def lose_the_answer_of_the_one_that_is_taken() -> None:
        if stack.time.now > ready and stack.calls(REGISTER) and not stack.lightsail.faults:
            stack.lightsail.faults.append(Fault(operation=REGISTER, kind="reset_after"))

    stack.time.on_sleep = lose_the_answer_of_the_one_that_is_taken
    event = stack.request("Create")
    try:
        stack.handler(event, stack.context())
    except Unanswered:
        stack.time.on_sleep = lambda: None
        stack.lightsail.faults.clear()
        stack.time.now += 60
        stack.handler(event, stack.context())

    (answer,) = stack.response.answers
    stands_for = answer["PhysicalResourceId"]
    assert stack.images() == ([stands_for] if answer["Status"] == "SUCCESS" else [])


@pytest.mark.parametrize("seconds", [300, 38])  # in 38 s there is no time for another look
def test_a_service_that_never_answers_a_registration_but_shows_that_there_is_none_is_told(
    stack: Stack, seconds: float
) -> None:
    stack.seconds = seconds
    stack.lightsail.faults.append(Fault(operation=REGISTER, kind="reset_before", times=FOR_EVER))

    answer = stack.create()

    assert answer["Status"] == "FAILED"
    assert "Lightsail did not answer RegisterContainerImage" in answer["Reason"]
    assert stack.images() == []


def test_a_lost_registration_that_is_followed_by_a_refusal_is_found(stack: Stack) -> None:
    stack.lightsail.faults.append(Fault(operation=REGISTER, kind="reset_after"))
    # The first look after it does not show it yet.
    stack.lightsail.behaviour.stale_seconds = 7

    assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    assert len(stack.images()) <= 1


def test_a_lost_registration_is_found_when_lightsail_makes_sense_again(stack: Stack) -> None:
    stack.lightsail.faults.append(Fault(operation=REGISTER, kind="reset_after"))
    stack.before[REGISTER] = lambda: stack.lightsail.faults.append(
        Fault(operation=IMAGES, kind="garbage", times=5)  # so often is asked again
    )

    assert stack.create()["PhysicalResourceId"] == ":shop.web.1"

    assert stack.images() == [":shop.web.1"]


@contextmanager
def pushed_and_lost() -> Iterator[tuple[Stack, FakeRegistry, dict[str, Any]]]:
    """Give a stack, a registry and the Create of an image of it whose registration is lost."""
    with stack_requests.stack() as stack, fake_registry.fake_registry() as source:
        source.add(oci_images.image(b"layer"), "1")
        stack.client().create_container_service(serviceName="other", power="nano", scale=1)
        lose(stack, REGISTER, IMAGES, "error")
        image = {"Image": f"{source.host}/web:1"}
        yield stack, source, stack.request("Create", Digest=None, Source=image)


class TestPush:
    def test_hands_over_and_the_next_invocation_does_not_fail_in_its_first_read(self) -> None:
        with pushed_and_lost() as (stack, source, event):
            invoked = stack.clients["lambda"] = FakeLambda()

            stack.handler(event, stack.context())
            (second,) = invoked.payloads
            stack.handler(second, stack.context())
            _, third = invoked.payloads
            assert stack.response.answers == []
            source.manifests.clear()  # and the source is gone
            stack.lightsail.faults.clear()
            answer = stack.send(third)

            assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ":shop.web.1")
            assert stack.images() == [":shop.web.1"]

    def test_that_is_cancelled_while_it_is_in_doubt_is_taken_back_without_its_source(self) -> None:
        with pushed_and_lost() as (stack, source, event):
            invoked = stack.clients["lambda"] = FakeLambda()
            stack.handler(event, stack.context())
            (second,) = invoked.payloads
            stack.lightsail.faults.clear()
            source.manifests.clear()
            stack.becomes("ROLLBACK_IN_PROGRESS")

            assert stack.send(second)["Status"] == "FAILED"

            assert stack.images() == []

    def test_that_is_in_doubt_and_cannot_look_twice_is_not_answered(self) -> None:
        with pushed_and_lost() as (stack, _, event):
            invoked = stack.clients["lambda"] = FakeLambda()
            stack.handler(event, stack.context())
            (second,) = invoked.payloads
            stack.lightsail.faults.clear()
            stack.lightsail.behaviour.stale_seconds = FOR_EVER
            stack.before[IMAGES] = lambda: stack.time.sleep(stack.seconds - 30)
            stack.clients["lambda"] = FakeLambda(DENIED)

            with pytest.raises(Exception, match="CloudFormation waits no longer"):
                stack.handler(second, stack.context())

            assert stack.response.answers == []

    def test_that_lightsail_does_not_answer_goes_on_though_nothing_is_registered(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        invoked = stack.clients["lambda"] = FakeLambda()
        source.add(oci_images.image(b"layer"), "1")
        stack.client().create_container_service(serviceName="other", power="nano", scale=1)
        stack.lightsail.faults.append(
            Fault(operation=REGISTER, kind="reset_before", times=FOR_EVER)
        )
        image = {"Image": f"{source.host}/web:1"}

        stack.handler(stack.request("Create", Digest=None, Source=image), stack.context())
        (second,) = invoked.payloads
        stack.lightsail.faults.clear()

        assert stack.send(second)["PhysicalResourceId"] == ":shop.web.1"

    def test_is_left_to_the_repetition_when_it_cannot_hand_over(self) -> None:
        with pushed_and_lost() as (stack, _, event):
            stack.clients["lambda"] = FakeLambda(DENIED)

            with pytest.raises(Exception, match="did not take the image") as raised:
                stack.handler(event, stack.context())
            assert raised.value.__cause__ is None  # AWS Lambda would log it, with no mask
            assert stack.response.answers == []


class TestDeployment:
    def test_that_may_be_made_is_found_by_the_next_invocation(self, stack: Stack) -> None:
        invoked = stack.clients["lambda"] = FakeLambda()
        lose(stack, DEPLOY, DEPLOYMENTS, "error")

        stack.handler(deployment("Create", stack), stack.context())
        (second,) = invoked.payloads
        stack.handler(second, stack.context())  # the outage goes on
        _, third = invoked.payloads
        assert stack.response.answers == []
        stack.lightsail.faults.clear()

        assert stack.send(third)["Data"]["DeploymentVersion"] == "1"
        assert stack.calls(DEPLOY) == 1

    def test_that_another_one_has_followed_is_made_again_by_the_next_invocation(
        self, stack: Stack
    ) -> None:
        event = deployment("Create", stack)
        stack.send(event)
        stack.deploy("nginx:9")
        handed = {"Count": 1, "Began": stack.time.now, "State": {"Settled": 0}}

        answer = stack.send({**event, "HandOver": handed})

        assert answer["Data"]["DeploymentVersion"] == "3"

    def test_is_found_when_lightsail_makes_sense_again(self, stack: Stack) -> None:
        stack.lightsail.faults.append(Fault(operation=DEPLOY, kind="reset_after"))
        stack.before[DEPLOY] = lambda: stack.lightsail.faults.append(
            Fault(operation=DEPLOYMENTS, kind="garbage", times=5)
        )

        assert stack.send(deployment("Create", stack))["Data"]["DeploymentVersion"] == "1"

        assert stack.calls(DEPLOY) == 1

    def test_whose_secret_cannot_be_read_while_it_is_in_doubt_is_not_answered(
        self, stack: Stack
    ) -> None:
        invoked = stack.clients["lambda"] = FakeLambda()
        lose(stack, DEPLOY, DEPLOYMENTS, "error")
        stack.handler(deployment("Create", stack), stack.context())
        (second,) = invoked.payloads
        second["ResourceProperties"]["Containers"]["web"]["Secrets"] = {"P": {"SecretArn": "arn:x"}}

        stack.handler(second, stack.context())

        assert len(invoked.payloads) == 2
        assert stack.response.answers == []

    def test_whose_code_cannot_be_loaded_while_it_is_in_doubt_is_not_answered(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        invoked = stack.clients["lambda"] = FakeLambda()
        lose(stack, DEPLOY, DEPLOYMENTS, "error")
        stack.handler(deployment("Create", stack), stack.context())
        (second,) = invoked.payloads
        monkeypatch.setitem(sys.modules, RESOURCE, None)

        with pytest.raises(Exception, match="unexpected ModuleNotFoundError"):
            stack.handler(second, stack.context())

        assert stack.response.answers == []

    def test_whose_code_cannot_be_loaded_fails(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, RESOURCE, None)

        answer = stack.send(deployment("Create", stack))

        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith("unexpected ModuleNotFoundError")


def test_the_timer_does_not_answer_for_what_may_be_carried_out(
    stack: Stack, fire_timer: Callable[[], None]
) -> None:
    stack.before[REGISTER] = fire_timer

    assert stack.create()["Status"] == "SUCCESS"
    assert stack.images() == [":shop.web.1"]
