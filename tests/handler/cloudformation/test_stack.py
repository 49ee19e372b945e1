"""Requests that CloudFormation cancels while they are carried out."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from cdk_lightsail_containers_handler.errors import OutOfTime
from deployment_requests import FakeLambda, deployment
from lightsail_local.server import Fault
from stack_requests import Stack, digest

REGISTER, DEPLOY = "RegisterContainerImage", "CreateContainerServiceDeployment"
FIX = "fix the resource that failed, and deploy again"


def cancelled(answer: dict[str, Any]) -> str:
    """Return before what a request was cancelled."""
    assert answer["Status"] == "FAILED"
    problem, fix = answer["Reason"].split(": ", 1)
    assert fix == FIX
    return str(problem)


@pytest.mark.parametrize(
    "status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS"]
)
def test_a_creation_that_the_stack_has_taken_back_does_nothing(stack: Stack, status: str) -> None:
    calls = len(stack.lightsail.requests)
    stack.becomes(status)

    answer = stack.create()

    assert cancelled(answer) == (
        f"CloudFormation cancelled the request before anything was done, the stack is {status}"
    )
    assert len(stack.lightsail.requests) == calls


def test_a_creation_that_is_taken_back_registers_nothing(stack: Stack) -> None:
    stack.before["GetContainerImages"] = lambda: stack.becomes("ROLLBACK_IN_PROGRESS")

    assert "before the image was registered" in cancelled(stack.create())

    assert stack.calls(REGISTER) == 0


def test_what_is_registered_while_it_is_taken_back_is_deleted_when_it_is_answered(
    stack: Stack,
) -> None:
    stack.before[REGISTER] = lambda: stack.becomes("ROLLBACK_IN_PROGRESS")

    assert stack.create()["Status"] == "SUCCESS"  # no one reads it

    assert stack.calls(REGISTER) == 1
    assert stack.images() == []


def cancel_unread(stack: Stack, code: str) -> None:
    """Let a request be cancelled while CloudFormation refuses to say so."""
    stack.becomes("ROLLBACK_IN_PROGRESS")
    stack.cloudformation.errors["DescribeStacks"] = code, "Rate exceeded"


def test_what_is_taken_back_unread_is_deleted_when_it_can_be_read_again(stack: Stack) -> None:
    stack.before[REGISTER] = lambda: cancel_unread(stack, "Throttling")

    def be_read_again() -> None:
        if stack.response.answers and stack.time.now - began > 120:
            stack.cloudformation.errors.clear()

    began = stack.time.now
    stack.time.on_sleep = be_read_again

    assert stack.create()["Status"] == "SUCCESS"

    assert stack.calls(REGISTER) == 1
    assert stack.images() == []


def test_the_repetition_deletes_what_is_taken_back_unread(stack: Stack) -> None:
    stack.before[REGISTER] = lambda: cancel_unread(stack, "Throttling")
    create = stack.request("Create")

    with pytest.raises(OutOfTime, match="the stack's status is not known"):
        stack.send(create)
    assert stack.response.answers[-1]["Status"] == "SUCCESS"
    assert len(stack.images()) == 1
    stack.cloudformation.errors.clear()

    stack.time.now += 60
    assert "before anything was done" in cancelled(stack.send(create))
    assert stack.images() == []


def test_nothing_is_waited_for_that_may_not_be_read_any_more(stack: Stack) -> None:
    stack.before[REGISTER] = lambda: cancel_unread(stack, "AccessDenied")
    began = stack.time.now

    assert stack.create()["Status"] == "SUCCESS"

    assert stack.time.now - began < 60
    assert len(stack.images()) == 1


def test_what_was_there_already_is_nothing_to_take_back(stack: Stack) -> None:
    name = stack.create()["PhysicalResourceId"]
    stack.before["GetContainerImages"] = lambda: stack.becomes("ROLLBACK_IN_PROGRESS")

    assert stack.create()["PhysicalResourceId"] == name

    assert stack.images() == [name]


def test_an_update_that_is_taken_back_leaves_what_was_there(stack: Stack) -> None:
    name = stack.create()["PhysicalResourceId"]
    stack.becomes("UPDATE_IN_PROGRESS")
    stack.before[REGISTER] = lambda: stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

    assert stack.update(name, Digest=digest(2))["PhysicalResourceId"] == ":shop.web.2"

    assert stack.images() == [name]


def test_what_cannot_be_taken_back_is_told(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    stack.before[REGISTER] = lambda: stack.becomes("ROLLBACK_IN_PROGRESS")
    stack.lightsail.faults.append(
        Fault(operation="DeleteContainerImage", kind="denied", times=1000)
    )

    assert stack.create()["Status"] == "SUCCESS"

    assert '"step": "not taken back"' in caplog.text


def test_the_update_of_a_rollback_is_carried_out(stack: Stack) -> None:
    name = stack.create()["PhysicalResourceId"]
    stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

    assert stack.update(name, Digest=digest(2))["Status"] == "SUCCESS"


def update_behind_another(stack: Stack, seconds: float) -> dict[str, Any]:
    """Begin another deployment of some seconds, and return the update that waits for it."""
    stack.send(deployment("Create", stack, "nginx:1"))
    stack.becomes("UPDATE_IN_PROGRESS")
    stack.lightsail.behaviour.deployment_seconds = seconds
    stack.client().create_container_service_deployment(
        serviceName="shop", containers={"web": {"image": "nginx:9"}}
    )
    return deployment("Update", stack, "nginx:2")


def lists_slowly(stack: Stack, seconds: float, last: Callable[[], None] = lambda: None) -> None:
    """Let each list of deployments but the first take some seconds, and let the second do more."""
    operation, looks = "GetContainerServiceDeployments", itertools.count()

    def slow() -> None:
        stack.before[operation] = slow
        look = next(looks)
        if look:
            stack.time.sleep(seconds)
        if look == 1:
            last()

    stack.before[operation] = slow


def test_a_deployment_that_is_taken_back_while_its_last_list_takes_long_is_not_made(
    stack: Stack,
) -> None:
    lists_slowly(stack, 6, lambda: stack.becomes("ROLLBACK_COMPLETE"))

    answer = stack.send(deployment("Create", stack, "nginx:1"))

    assert "before it was deployed" in cancelled(answer)
    assert stack.calls("CreateContainerServiceDeployment") == 0


def test_a_service_whose_lists_take_long_gets_its_deployment(stack: Stack) -> None:
    lists_slowly(stack, 6)

    assert stack.send(deployment("Create", stack, "nginx:1"))["Status"] == "SUCCESS"


def test_a_deployment_that_is_taken_back_is_not_made_when_its_turn_comes(stack: Stack) -> None:
    update = update_behind_another(stack, 60)
    stack.time.on_sleep = lambda: stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

    assert "before it was deployed" in cancelled(stack.send(update))

    assert stack.calls(DEPLOY) == 2


def test_the_invocation_that_goes_on_knows_in_which_status_it_began(stack: Stack) -> None:
    update = update_behind_another(stack, 1000)
    aws_lambda = stack.clients["lambda"] = FakeLambda()
    stack.handler(update, stack.context())
    (handed_over,) = aws_lambda.payloads
    stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")

    assert "before anything was done" in cancelled(stack.send(handed_over))

    assert stack.calls(DEPLOY) == 2


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_status_that_is_not_told_stops_nothing(
    stack: Stack, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
    stack.cloudformation.errors["DescribeStacks"] = "AccessDenied", "not for you"
    began = stack.time.now

    assert stack.send(stack.request(kind))["Status"] == "SUCCESS"

    assert "went on without the stack's status" in caplog.text
    assert stack.time.now - began < 60


def test_an_update_whose_first_status_is_not_known_is_carried_out(stack: Stack) -> None:
    stack.becomes("UPDATE_ROLLBACK_IN_PROGRESS")
    errors = stack.cloudformation.errors
    errors["DescribeStacks"] = "AccessDenied", "not for you"
    stack.before["GetContainerImages"] = errors.clear

    assert stack.send(stack.request("Update"))["Status"] == "SUCCESS"
