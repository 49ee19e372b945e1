"""The Delete of what an update has replaced: it does not wait, and deletes nothing in use."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

import stack_requests
from stack_requests import Stack

CLEAN_UP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
STALE = 4.0
READS = "GetContainerServices"


@contextmanager
def replaced(status: str = CLEAN_UP, **behaviour: object) -> Iterator[tuple[Stack, str]]:
    """A stack in a status, and the image that it does not stand for any more."""
    with stack_requests.stack(delete_in_use="done", **behaviour) as stack:
        old = stack.create(Label="old")["PhysicalResourceId"]
        stack.update(old)
        stack.deploy(":shop.web.1")
        stack.becomes(status)
        yield stack, old


def delete(stack: Stack, name: str) -> float:
    """Delete an image of the label `old`, and return how long the function waited."""
    began = stack.time.now
    assert stack.delete(name, Label="old")["Status"] == "SUCCESS"
    return stack.time.now - began


def deploy(stack: Stack, image: str) -> None:
    """Deploy an image as another stack does, and wait for nothing."""
    stack.client().create_container_service_deployment(
        serviceName="shop", containers={"worker": {"image": image}}
    )


def read_with_lags(stack: Stack, *lags: float) -> None:
    """Let one read of the service after the other lag behind, each in its own way."""
    in_turns = itertools.cycle(lags)

    def lag() -> None:
        stack.lightsail.behaviour.stale_seconds = next(in_turns)
        stack.before[READS] = lag

    lag()


def test_deletes_the_image_without_waiting() -> None:
    with replaced() as (stack, old):
        assert delete(stack, old) == 0
        assert stack.images() == [":shop.web.1"]


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    ],
)
def test_looks_twice_as_long_as_the_stack_may_have_deployed_it(status: str) -> None:
    with replaced(status) as (stack, old):
        assert delete(stack, old) == 5
        assert stack.images() == [":shop.web.1"]


def test_looks_twice_when_the_status_of_the_stack_is_not_known() -> None:
    with replaced() as (stack, old):
        stack.cloudformation.errors["DescribeStacks"] = "AccessDenied", "no"

        assert delete(stack, old) >= 5
        assert stack.images() == [":shop.web.1"]


def test_looks_twice_while_the_service_is_being_changed() -> None:
    with replaced() as (stack, old):
        stack.lightsail.behaviour.service_seconds = 60
        stack.client().update_container_service(serviceName="shop", scale=2)

        assert delete(stack, old) == 5


def test_waits_for_reads_that_still_show_the_deployment_before() -> None:
    with replaced(stale_seconds=STALE) as (stack, old):
        deploy(stack, old)
        stack.time.now += 60
        deploy(stack, ":shop.web.1")
        stack.time.now += 2  # it became active a second ago

        assert delete(stack, old) == 5
        assert stack.images() == [":shop.web.1"]


def test_keeps_an_image_that_only_the_look_before_the_deletion_shows_in_use() -> None:
    with replaced() as (stack, old):
        read_with_lags(stack, STALE, 0)
        stack.lightsail.behaviour.stale_seconds = STALE
        deploy(stack, old)
        stack.time.now += 2

        delete(stack, old)

        assert old in stack.images()


@pytest.mark.parametrize("lags", [(STALE,), (STALE, 1.0)], ids=str)
def test_is_blind_to_another_stacks_deployment_for_no_longer_than_after_two_looks(
    lags: tuple[float, ...],
) -> None:
    """The second look comes five seconds later, and so does the deletion: it sees no more."""
    moments = [moment + 0.5 for moment in range(-5, 6)]

    def lost(status: str) -> list[float]:
        return [moment for moment in moments if _loses(status, moment, lags)]

    blind = lost(CLEAN_UP)

    assert blind == [moment for moment in moments if -min(lags) < moment < 0]
    assert [moment + 5 for moment in blind] == lost("DELETE_IN_PROGRESS")


def _loses(status: str, moment: float, lags: tuple[float, ...]) -> bool:
    """Return whether an image goes that another stack deploys at a moment of its Delete.

    Args:
        status: the stack's.
        moment: seconds from the request to the deployment; less than 0 for before it.
        lags: how far the reads of the service lag behind, one after the other.
    """
    with replaced(status, stale_seconds=STALE) as (stack, old):
        used = []

        def deploy_it() -> None:
            try:
                deploy(stack, old)
            except ClientError:
                return  # it is gone already
            used.append(old)

        def deploy_it_meanwhile() -> None:
            stack.time.on_sleep = lambda: None
            now = stack.time.now
            if began + moment < now:
                stack.time.now = began + moment
                deploy_it()
                stack.time.now = now

        if moment < 0:
            deploy_it()
            stack.time.now -= moment
        else:
            stack.time.on_sleep = deploy_it_meanwhile
        began = stack.time.now
        read_with_lags(stack, *lags)
        delete(stack, old)
        stack.lightsail.behaviour.stale_seconds = 0
        return bool(used) and old not in stack.images()
