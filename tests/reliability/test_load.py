"""A part of `make load`: many stacks at once, and a function with little memory."""

import itertools
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reliability.broken import Broken
from reliability.lifecycles import register
from reliability.load import crowds, door, memory, releases
from reliability.load.crowd import MANY, crowd
from reliability.load.two_functions import NotHere
from reliability.unknowns.sides import KEPT, cover

from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.images.removal import ImageRemovals
from fake_time import ThreadTime

ROOT = Path(__file__).parents[2]
STALE_SECONDS = 4.0
MOMENTS = itertools.count()
# Less of what takes long; the others take minutes of a processor.
SOME = 4
MORE = 6  # than there is room for
TOGETHER = ["one label, one digest", "coming and going", "room for 5"]
LONG = ["deployed, 100 seconds each", "deployed, five minutes each"]


@pytest.mark.nightly
@pytest.mark.parametrize("name", TOGETHER)
def test_twenty_stacks_at_once_do_not_disturb_each_other(name: str) -> None:
    crowds.run(name, stale_seconds=STALE_SECONDS)


@pytest.mark.parametrize("name", [name for name in crowds.CASES if name not in LONG])
def test_some_stacks_at_once_do_not_disturb_each_other(name: str) -> None:
    count = MORE if "room for 5" in name else SOME
    crowds.run(name, stale_seconds=STALE_SECONDS, count=count)


# Of a push that is gone at once, nothing can be deployed.
ROWS = [{**row.switches(), "unregistered_seconds": KEPT} for row in cover()]


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=[pytest.mark.nightly] * (n >= SOME)) for n, row in enumerate(ROWS)],
)
def test_two_stacks_that_serve_from_one_service_do_not_disturb_each_other(
    row: dict[str, Any],
) -> None:
    crowds.run("pushed and deployed", count=2, **row)


@pytest.mark.parametrize("count", [SOME, pytest.param(MANY, marks=pytest.mark.nightly)])
def test_deployments_take_turns(count: int) -> None:
    with crowd(count, deployment_seconds=20) as given:
        crowds.deployed_once(given)


def test_deployments_that_have_no_turn_in_the_hour_say_so() -> None:
    with crowd(SOME, deployment_seconds=1200) as given:
        crowds.deployed_too_late(given)


def test_what_a_crowd_leaves_is_told() -> None:
    with crowd(2) as given:
        created = given.put(lambda number: given.image("web", number))
        given.check(created)

        for name in (":shop.web.2", ":shop.other.1"):
            given.world.call("DeleteContainerImage", serviceName="shop", image=name)
        register(given.world, "shop", "old", "of no stack")

        with pytest.raises(Broken) as broken:
            given.check(created)

    assert str(broken.value).split("; ") == [
        "image :shop.other.1 is lost",
        "image :shop.web.2 is lost",
        "image :shop.old.1 belongs to no stack",
    ]


def test_a_secret_in_the_log_of_a_crowd_is_told() -> None:
    with crowd(1) as given:
        (secret, *_) = sorted(given.world.untold())
        logging.getLogger().info("it is %s", secret)

        with pytest.raises(Broken, match="the log shows"):
            given.check([])


def test_versions_that_are_pruned_too_early_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    prune = ImageRemovals._prune
    monkeypatch.setattr(
        ImageRemovals, "_prune", lambda self, wanted, most, needed: prune(self, wanted, 2, needed)
    )

    with pytest.raises(Broken, match="a version newer than 1 was pruned"):
        crowds.run("max_versions=5 of one label", count=SOME)


def test_stacks_before_a_limit_of_calls_come_through_and_not_all_at_once() -> None:
    passed = door.pass_through(2, 5, count=MORE)

    assert passed.refused > 0
    assert passed.least < passed.seconds < 2 * passed.least
    assert passed.together < MORE


def test_stacks_with_too_little_time_before_a_limit_of_calls_say_so() -> None:
    with pytest.raises(Broken, match="fewer stacks at once"):
        door.pass_through(1, 1, count=MORE, seconds=35)


@pytest.mark.parametrize(
    ("back_off", "count", "told"),
    [
        (lambda deadline, _: deadline.pause(0.03 + next(MOMENTS) % 7 / 100), 2, "calls for"),
        (
            lambda deadline, attempt: deadline.pause(min(10, 0.5 * 2**attempt)),
            5,
            "came back together",
        ),
    ],
)
def test_stacks_that_come_back_too_often_or_together_are_told(
    back_off: Callable[[Deadline, int], bool],
    count: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Deadline, "back_off", back_off)

    with pytest.raises(Broken, match=told):
        door.pass_through(1, 1, count=count)


@pytest.mark.parametrize("name", memory.SMALL)
def test_a_function_of_128_mb_has_enough(name: str) -> None:
    measured = memory.measure(name, limit_mib=memory.MOST_MIB)

    assert measured.mib < 0.6 * memory.MOST_MIB


def test_a_function_that_has_not_enough_is_told() -> None:
    with pytest.raises(Broken):
        memory.measure("register", limit_mib=16)


@pytest.mark.parametrize("scenario", ["upgraded", "rolled back"])
def test_an_earlier_function_goes_along_with_the_present_one(scenario: str) -> None:
    try:
        releases.run("registers", scenario)
    except NotHere as missing:
        pytest.skip(str(missing))


def test_a_clone_that_does_not_reach_back_is_told() -> None:
    with pytest.raises(NotHere), releases.two("0" * 40):
        pass


def test_shared_time_passes_when_no_one_has_anything_to_do() -> None:
    time, woken = ThreadTime(), []

    def sleep(*seconds: float) -> float:
        for each in seconds:
            time.sleep(each)
            woken.append((time.now, sum(seconds)))
        return time.now

    began = time.now
    ends = time.at_once([lambda: sleep(1, 5), lambda: sleep(2), lambda: sleep(2.5, 0.25)])

    assert [end - began for end in ends] == [6, 2, 2.75]
    assert woken == sorted(woken)
    assert time.now == began + 6


def test_shared_time_goes_on_for_one_that_helps_another_that_waits() -> None:
    time = ThreadTime()
    began = time.now

    def helped() -> None:
        helper = threading.Thread(target=time.sleep, args=(3,))
        helper.start()
        helper.join()

    time.at_once([helped])

    assert time.now == began + 3


def test_what_goes_wrong_at_once_is_raised() -> None:
    time = ThreadTime()

    def fail() -> None:
        raise Broken("never fixed")

    with pytest.raises(Broken, match="never fixed"):
        time.at_once([lambda: time.sleep(5), fail])


def test_the_command_line_prints_a_table() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "reliability", "load", "--only", "door", "--stacks", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "| calls a second, at once | answers | taken |" in ran.stdout
    assert "0 broken" in ran.stdout
