"""Twenty stacks at once in one service: what they do, and what must hold after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from crowd_properties import NAME, Properties, deployment, pushed, resources, served
from reliability.broken import hold
from world.cloudformation import SimulatedStack
from world.custom_resource import Outcome as Became

from .crowd import MANY, Crowd, crowd

MOST = 150
FULL = "container service 'shop' stores 150 images, the most that Lightsail keeps"
_KEPT = 5


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a crowd does, and looks whether all holds."""

    act: Callable[[Crowd], None]
    behaviour: Mapping[str, Any] = field(default_factory=dict)  # Lightsail's
    stored: int = 0  # how many images there are before, at least


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a case."""

    answers: int
    failures: int
    calls: int  # that reached Lightsail
    seconds: float  # in the crowd's own time


def run(name: str, *, count: int = MANY, **behaviour: Any) -> Outcome:
    """Run a case with a crowd of so many stacks, and with Lightsail's behavior changed.

    Raises:
        Broken: something did not hold.
    """
    case = CASES[name]
    with crowd(count, **{**case.behaviour, **behaviour}) as given:
        given.store(case.stored)
        requests = given.world.lightsail.requests
        called = len(requests)
        case.act(given)
        answers = given.answers()
        return Outcome(
            answers=len(answers),
            failures=sum(one["Status"] == "FAILED" for one in answers),
            calls=len(requests) - called,
            seconds=given.seconds,
        )


def _one_label_and_digest(crowd: Crowd) -> None:
    """All stand for one image, and it goes with the first of them: so it is documented."""
    for number in (1, 2):
        _put(crowd, lambda _, number=number: crowd.image("web", number))  # type: ignore[misc]
        hold(len(crowd.living()) == 1, "one image was registered several times")
    crowd.check(crowd.delete())


def _one_label(crowd: Crowd) -> None:
    _put(crowd, lambda n: crowd.image("web", n))
    _put(crowd, lambda n: crowd.image("web", 100 + n))
    crowd.check(crowd.delete())


def _labels(crowd: Crowd) -> None:
    _put(crowd, lambda n: crowd.image(f"web-{n}", 1))
    _put(crowd, lambda n: crowd.image(f"web-{n}", 2))
    crowd.check(crowd.delete())


def _pruned(crowd: Crowd) -> None:
    """Each keeps five of the label's versions: the newest of all, and what is deployed."""
    others = {name for name in crowd.images() if not name.startswith(":shop.old.")}
    deployed = {":shop.old.1", ":shop.old.3"}
    crowd.deploy(sorted(deployed))
    for first in (0, 100):
        _take(
            crowd.put(
                lambda n, first=first: crowd.image("old", first + n, MaxVersions=str(_KEPT))  # type: ignore[misc]
            )
        )
        left = crowd.images() - others
        hold(others <= crowd.images(), "an image of another label was pruned")
        hold(deployed <= left, "an image in use was pruned")
        hold(len(left - deployed) <= _KEPT, f"{len(left)} versions are left")
        # What a stack replaces goes, too, so that of few stacks fewer versions stay.
        numbers = sorted(int(name.rpartition(".")[2]) for name in left)
        newest = numbers[-min(_KEPT, len(crowd.stacks)) :]
        hold(newest[-1] - newest[0] < _KEPT, f"a version newer than {newest[0]} was pruned")
        hold(bool(left & crowd.living()), "the newest images were pruned")


def _last_room(crowd: Crowd) -> None:
    """Room for some alone: the others say so, and leave nothing."""
    room = MOST - len(crowd.images())
    _fill(crowd, crowd.put(lambda n: crowd.image(f"web-{n}", 1)), room)
    _fill(crowd, crowd.put(lambda n: crowd.image(f"web-{n}", 2)), 0)
    crowd.check(crowd.delete())


def _last_room_for_one(crowd: Crowd, label: str = "web", **more: str) -> None:
    """Room for one image, which all of them ask for."""
    _put(crowd, lambda _: crowd.image(label, 1, **more))
    hold(len(crowd.images()) == MOST, "the last room was not used")
    crowd.check(crowd.delete())


def _room_made(crowd: Crowd) -> None:
    """No room, except for a stack that prunes the label that fills the service."""
    _take(crowd.put(lambda n: crowd.image("old", n, MaxVersions="140")))
    hold(len(crowd.images()) <= MOST, "Lightsail stores more than it can")
    hold(crowd.living() <= crowd.images(), "a new image was pruned before the old ones")


def _busy(crowd: Crowd) -> None:
    """The service is being changed when they come."""
    for number in (1, 2):
        crowd.change(scale=1 + number)
        _put(crowd, lambda n, number=number: crowd.image(f"web-{n}", number))  # type: ignore[misc]
    crowd.check(crowd.delete())


def _coming_and_going(crowd: Crowd) -> None:
    """Some are made, some updated and some deleted, all under one label."""
    _put(crowd, lambda n: crowd.image("web", n))
    for turn in range(1, 4):
        numbers = range(1, len(crowd.stacks) + 1)
        wanted = {n: resources(crowd.image("web", 100 * turn + n)) for n in numbers}

        def act(
            number: int, stack: SimulatedStack, turn: int = turn, wanted: Any = wanted
        ) -> Became:
            return stack.deploy(wanted[number]) if (number + turn) % 3 else stack.delete()

        crowd.check(crowd.at_once(act))
    crowd.check(crowd.delete())


def _in_use(crowd: Crowd) -> None:
    """Ten of the images are deployed when all stacks are deleted."""
    before = crowd.images()
    _put(crowd, lambda n: crowd.image("web", n))
    used = {stack.image() for stack in crowd.stacks[:10]}
    crowd.deploy(sorted(used))
    crowd.check(crowd.delete())
    hold(crowd.images() == before | used, f"{crowd.images()} are left of {used}")


def _pushed(crowd: Crowd) -> None:
    """Twenty images with a layer in common."""
    source = crowd.world.source
    _put(crowd, lambda n: pushed(source, f"web-{n}", n))
    _put(crowd, lambda n: pushed(source, f"web-{n}", n % MANY + 1))
    crowd.check(crowd.delete())


def _pushed_into_the_last_room(crowd: Crowd) -> None:
    room = MOST - len(crowd.images())
    source, pushes = crowd.world.source, crowd.world.lightsail.registry_requests
    _fill(crowd, crowd.put(lambda n: pushed(source, f"web-{n}", n)), room)
    began = len(pushes)
    _fill(crowd, crowd.put(lambda n: pushed(source, f"api-{n}", n)), 0)
    hold(len(pushes) == began, "something was pushed into a service that is full")
    crowd.check(crowd.delete())


def _pushed_as_one(crowd: Crowd) -> None:
    """The last room is for one image, which all of them push."""
    _put(crowd, lambda _: pushed(crowd.world.source, "web", 1))
    hold(len(crowd.living()) == 1, "one image was registered several times")
    crowd.check(crowd.delete())


def deployed_once(crowd: Crowd) -> None:
    """Twenty deployments take turns, and each comes to serve."""
    _put(crowd, lambda n: deployment(n, 1))
    _look_at_deployments(crowd, 1)


def _deployed(crowd: Crowd) -> None:
    """They do, and so do twenty others after them."""
    deployed_once(crowd)
    _put(crowd, lambda n: deployment(n, 2))
    _look_at_deployments(crowd, 2)
    crowd.check(crowd.delete())


def deployed_too_late(crowd: Crowd) -> None:
    """Deployments that take too long for all of them to have a turn in CloudFormation's hour."""
    outcomes = crowd.put(lambda n: deployment(n, 1))
    hold(bool(crowd.living()), "no deployment came to serve")
    _look_at_deployments(crowd, 1)
    for outcome in outcomes:
        told = " ".join(outcome.reasons)
        is_told = "took no deployment in all the time" in told or "still under way" in told
        is_served = outcome.status == "CREATE_COMPLETE"
        hold(is_served or is_told, f"a failure without its cause: {told}")


def _served(crowd: Crowd) -> None:
    """Each pushes an image and deploys it, and again; what serves in the end stays."""
    source = crowd.world.source
    for first in (0, 100):
        crowd.check(crowd.deploy_all(lambda n, first=first: served(source, f"web-{n}", first + n)))  # type: ignore[misc]
    deployments = crowd.deployments().values()
    failed = [one for one in deployments if one["state"] == "FAILED"]
    hold(not failed, f"{failed} did not come to serve")
    hold(len(deployments) == 2 * len(crowd.stacks), f"there are {len(deployments)} deployments")
    crowd.check(crowd.delete())


def _put(crowd: Crowd, properties: Callable[[int], Properties]) -> None:
    """Create or update all stacks, which succeeds and leaves no other image than theirs."""
    crowd.check(crowd.put(properties))


def _take(outcomes: list[Became]) -> None:
    for outcome in outcomes:
        hold(not outcome.reasons, str(outcome))


def _fill(crowd: Crowd, outcomes: list[Became], room: int) -> None:
    """Check that as many had success as there was room for, and that the others say why not."""
    crowd.check(outcomes, succeeds=False)
    told = [outcome.reasons for outcome in outcomes if outcome.reasons]
    succeeded = len(outcomes) - len(told)
    hold(succeeded == room, f"{succeeded} of {room} succeeded")
    hold(all(one[0].startswith(FULL) for one in told), f"a failure without its cause: {told}")
    hold(len(crowd.images()) <= MOST, "Lightsail stores more than it can")


def _look_at_deployments(crowd: Crowd, tag: int) -> None:
    """Check that each stack has a deployment of its own, which ran what that stack asked for."""
    deployments, versions = crowd.deployments(), set()
    for number, stack in enumerate(crowd.stacks, 1):
        if not stack.resources:
            continue
        version = int(stack.resources[NAME].attributes["DeploymentVersion"])
        hold(version not in versions, "two stacks have the same deployment")
        versions.add(version)
        made = deployments[version]
        web = made["containers"]["web"]
        own = web["environment"]["STACK"] == str(number) and web["image"] == f"nginx:{tag}"
        hold(own and made["state"] in ("ACTIVE", "INACTIVE"), f"{made} is not {stack.name}'s")


_REFUSED_WHILE_BUSY = {"busy_service": "refused", "service_seconds": 60}
_SHUFFLED = {"order": "shuffled"}
CASES: Mapping[str, Case] = {
    "one label, one digest": Case(act=_one_label_and_digest, behaviour=_SHUFFLED),
    "the same, registering it again gives the same": Case(
        act=_one_label_and_digest, behaviour={"register_again": "old"}
    ),
    "one label, a digest each": Case(act=_one_label, behaviour=_SHUFFLED),
    "a label each, one digest": Case(act=_labels),
    "coming and going": Case(act=_coming_and_going, behaviour=_SHUFFLED),
    f"max_versions={_KEPT} of one label": Case(act=_pruned, behaviour=_SHUFFLED, stored=5),
    "ten of them deployed": Case(act=_in_use, behaviour=_SHUFFLED, stored=5),
    "room for 5": Case(act=_last_room, stored=145),
    "room for 1, which all ask for": Case(act=_last_room_for_one, stored=149),
    "the same, max_versions=1": Case(
        act=partial(_last_room_for_one, label="kept", MaxVersions="1"), stored=149
    ),
    "no room, max_versions=140": Case(act=_room_made, stored=150),
    "the service is busy for a minute": Case(act=_busy, behaviour=_REFUSED_WHILE_BUSY),
    "pushed from one registry": Case(act=_pushed),
    "pushed, room for 5": Case(act=_pushed_into_the_last_room, stored=145),
    "pushed, room for 1, which all ask for": Case(act=_pushed_as_one, stored=149),
    "pushed and deployed": Case(act=_served, behaviour={"deployment_seconds": 10}),
    "deployed, 100 seconds each": Case(act=_deployed, behaviour={"deployment_seconds": 100}),
    "deployed, behind one call a second": Case(
        act=deployed_once,
        behaviour={"deployment_seconds": 60, "calls_per_second": 1, "calls_at_once": 5},
    ),
    "deployed, five minutes each": Case(
        act=deployed_too_late, behaviour={"deployment_seconds": 300}
    ),
}
