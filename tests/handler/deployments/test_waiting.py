"""How soon a deployment that serves is noticed, and how many calls that takes."""

import statistics
from collections.abc import Iterator

import pytest

import stack_requests
from deployment_requests import deployment
from stack_requests import Stack

LIST, SERVICE = "GetContainerServiceDeployments", "GetContainerServices"
SECONDS = (20.0, 75.5, 131.0, 186.5, 242.0, 297.5)


@pytest.fixture
def stack() -> Iterator[Stack]:
    with stack_requests.stack() as given:
        given.seconds = 900
        yield given


def waited(stack: Stack, seconds: float, image: str = "nginx:1") -> float:
    """Deploy for so many seconds, and return how long after them the answer comes."""
    stack.time.now += 60
    stack.lightsail.behaviour.deployment_seconds = seconds
    began = stack.time.now
    answer = stack.send(deployment("Create", stack, image))
    assert answer["Status"] == "SUCCESS", answer
    return stack.time.now - began - seconds


def test_is_noticed_in_little_more_than_a_second_with_fifty_calls(stack: Stack) -> None:
    late = [waited(stack, seconds, f"nginx:{seconds}") for seconds in SECONDS]

    assert statistics.mean(late) < 1.6
    assert max(late) <= 2.5
    assert len(stack.lightsail.requests) / len(SECONDS) <= 50


def test_asks_for_the_list_only_before_it_deploys_and_when_the_service_makes_it_no_more(
    stack: Stack,
) -> None:
    waited(stack, 200)

    assert stack.calls(LIST) == 3  # twice before it deploys
    assert stack.calls(SERVICE) > 20


def test_is_noticed_though_the_service_does_not_show_it_yet() -> None:
    with stack_requests.stack(stale_seconds=4) as stack:
        # Reads lag behind its end, too.
        assert waited(stack, 30) <= 4 + 2.5
