"""Twenty stacks at once in one service: what they do, and what must hold after each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
)

from .crowd import Crowd, crowd
from .holding import MOST, hold, hold_deployed, hold_full, hold_images
from .member import MANY, Answer, Member, Properties
from .properties import deployment, image, pushed, registry_of_images

_KEPT = 5


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a crowd does.

    Args:
        act: does it, and looks whether all holds.
        behaviour: how Lightsail behaves.
        resource_type: what the stacks consist of.
        stored: how many images there are before.
    """

    act: Callable[[Crowd], None]
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    resource_type: str = CONTAINER_IMAGE_TYPE
    stored: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a case.

    Args:
        answers: how many requests were answered.
        failed: how many of them with a failure, by its sentence.
        calls: how many calls reached Lightsail.
        seconds: how long it took in the crowd's own time.
    """

    answers: int
    failed: Counter[str]
    calls: int
    seconds: float


def run(name: str, *, stale_seconds: float = 0.0, count: int = MANY) -> Outcome:
    """Run a case with a crowd.

    Args:
        name: the case's.
        stale_seconds: how far Lightsail's reads lag behind.
        count: how many stacks.

    Raises:
        Broken: something did not hold.
    """
    case = CASES[name]
    behaviour = {**case.behaviour, "stale_seconds": stale_seconds}
    with crowd(count, resource_type=case.resource_type, **behaviour) as given:
        given.store(case.stored)
        began, called = given.time.now, len(given.lightsail.requests)
        case.act(given)
        answers = [answer for member in given.members for answer in member.answers]
        failed = [answer["Reason"] for answer in answers if answer["Status"] == "FAILED"]
        return Outcome(
            answers=len(answers),
            failed=Counter(failed),
            calls=len(given.lightsail.requests) - called,
            seconds=given.time.now - began,
        )


def _one_label_and_digest(crowd: Crowd) -> None:
    """All stand for one image, and it goes with the first of them: so it is documented."""
    _put(crowd, lambda _: image("web", 1))
    hold(len(crowd.living()) == 1, "one image was registered several times")
    _put(crowd, lambda _: image("web", 2))
    hold(len(crowd.living()) == 1, "one image was registered several times")
    _delete(crowd)


def _one_label(crowd: Crowd) -> None:
    _put(crowd, lambda n: image("web", n))
    _put(crowd, lambda n: image("web", 100 + n))
    _delete(crowd)


def _labels(crowd: Crowd) -> None:
    _put(crowd, lambda n: image(f"web-{n}", 1))
    _put(crowd, lambda n: image(f"web-{n}", 2))
    _delete(crowd)


def _pruned(crowd: Crowd) -> None:
    """Each keeps five of the label's versions: the newest of all, and what is deployed."""
    crowd.store(3, "other")
    others = {name for name in crowd.images() if name.startswith(":shop.other.")}
    crowd.deploy({":shop.old.1": 1000, ":shop.old.3": 1002})
    deployed = {":shop.old.1", ":shop.old.3"}

    def look() -> None:
        left = crowd.images() - others
        hold(others <= crowd.images(), "an image of another label was pruned")
        hold(deployed <= left, "an image in use was pruned")
        hold(len(left - deployed) <= _KEPT, f"{len(left)} versions are left")
        hold(bool(left & crowd.living()), "the newest images were pruned")

    _take(crowd.at_once(lambda m: m.put(image("old", m.number, MaxVersions=str(_KEPT)))))
    look()
    _take(crowd.at_once(lambda m: m.put(image("old", 100 + m.number, MaxVersions=str(_KEPT)))))
    look()


def _last_room(crowd: Crowd) -> None:
    """Room for some alone: the others say so, and leave nothing."""
    before = crowd.images()
    room = MOST - len(before)
    answers = crowd.at_once(lambda m: m.put(image(f"web-{m.number}", 1)))
    hold_full(crowd, answers, room)
    answers = crowd.at_once(lambda m: m.put(image(f"web-{m.number}", 2)))
    hold_full(crowd, answers, 0)
    _delete(crowd)


def _last_room_for_one(crowd: Crowd) -> None:
    """Room for one image, which all of them ask for."""
    _put(crowd, lambda _: image("web", 1))
    hold(len(crowd.images()) == MOST, "the last room was not used")
    _delete(crowd)


def _last_room_for_one_kept(crowd: Crowd) -> None:
    """The same, and each keeps one version of its label."""
    _put(crowd, lambda _: image("web", 1, MaxVersions="1"))
    hold(len(crowd.images()) == MOST, "the last room was not used")
    _delete(crowd)


def _room_made(crowd: Crowd) -> None:
    """No room, except for a stack that prunes the label that fills the service."""
    _take(crowd.at_once(lambda m: m.put(image("old", m.number, MaxVersions="140"))))
    hold(len(crowd.images()) <= MOST, "Lightsail stores more than it can")
    hold(crowd.living() <= crowd.images(), "a new image was pruned before the old ones")


def _busy(crowd: Crowd) -> None:
    """The service is being changed when they come."""
    crowd.client().update_container_service(serviceName="shop", scale=2)
    _put(crowd, lambda n: image(f"web-{n}", 1))
    crowd.client().update_container_service(serviceName="shop", scale=3)
    _put(crowd, lambda n: image(f"web-{n}", 2))
    _delete(crowd)


def _coming_and_going(crowd: Crowd) -> None:
    """Some are made, some updated and some deleted, all under one label."""
    _put(crowd, lambda n: image("web", n))
    for turn in range(1, 4):

        def act(member: Member, turn: int = turn) -> Answer | None:
            if (member.number + turn) % 3:
                return member.put(image("web", 100 * turn + member.number))
            return member.delete()

        before = crowd.images() - crowd.living()
        _take(crowd.at_once(act))
        hold_images(crowd, before)
    _delete(crowd)


def _in_use(crowd: Crowd) -> None:
    """Ten of the images are deployed when all stacks are deleted."""
    before = crowd.images()
    _put(crowd, lambda n: image("web", n))
    used = {str(member.physical_id): member.number for member in crowd.members[:10]}
    crowd.deploy(used)
    _take(crowd.at_once(Member.delete))
    hold(crowd.images() == before | used.keys(), f"{crowd.images()} are left of {list(used)}")


def _pushed(crowd: Crowd) -> None:
    """Twenty images with a layer in common."""
    with registry_of_images() as registry:
        _put(crowd, lambda n: pushed(registry, f"web-{n}", n))
        _put(crowd, lambda n: pushed(registry, f"web-{n}", n % MANY + 1))
    _delete(crowd)


def _pushed_into_the_last_room(crowd: Crowd) -> None:
    room = MOST - len(crowd.images())
    with registry_of_images() as registry:
        answers = crowd.at_once(lambda m: m.put(pushed(registry, f"web-{m.number}", m.number)))
        hold_full(crowd, answers, room)
        pushes = crowd.lightsail.registry_requests
        began = len(pushes)
        answers = crowd.at_once(lambda m: m.put(pushed(registry, f"api-{m.number}", m.number)))
        hold_full(crowd, answers, 0)
        hold(len(pushes) == began, "something was pushed into a service that is full")
    _delete(crowd)


def _pushed_as_one(crowd: Crowd) -> None:
    """The last room is for one image, which all of them push."""
    with registry_of_images() as registry:
        _put(crowd, lambda _: pushed(registry, "web", 1))
    hold(len(crowd.living()) == 1, "one image was registered several times")
    _delete(crowd)


def deployed_once(crowd: Crowd) -> None:
    """Twenty deployments take turns, and each comes to serve."""
    created = crowd.at_once(lambda m: m.put(deployment(m.number, 1)))
    _take(created)
    hold_deployed(crowd, created, 1)


def _deployed(crowd: Crowd) -> None:
    """They do, and so do twenty others after them."""
    deployed_once(crowd)
    updated = crowd.at_once(lambda m: m.put(deployment(m.number, 2)))
    _take(updated)
    hold_deployed(crowd, updated, 2)
    _delete(crowd)


def deployed_too_late(crowd: Crowd) -> None:
    """Deployments that take too long for all of them to have a turn in CloudFormation's hour."""
    answers = crowd.at_once(lambda m: m.put(deployment(m.number, 1)))
    served = [answer for answer in answers if answer["Status"] == "SUCCESS"]
    hold(len(served) > 0, "no deployment came to serve")
    hold_deployed(crowd, served, 1)
    for answer in answers:
        told = answer.get("Reason", "")
        is_told = "took no deployment in all the time" in told or "still under way" in told
        hold(answer in served or is_told, f"a failure without its cause: {told}")


def _put(crowd: Crowd, properties: Callable[[int], Properties]) -> None:
    """Create or update all stacks, which succeeds and leaves no other image than theirs."""
    before = crowd.images() - crowd.living()
    _take(crowd.at_once(lambda member: member.put(properties(member.number))))
    hold_images(crowd, before)


def _delete(crowd: Crowd) -> None:
    """Delete all stacks, which leaves what there was before them."""
    before = crowd.images() - crowd.living()
    _take(crowd.at_once(Member.delete))
    hold_images(crowd, before)


def _take(answers: list[Answer]) -> None:
    for answer in answers:
        hold(answer["Status"] == "SUCCESS", str(answer.get("Reason")))


_REFUSED_WHILE_BUSY = {"busy_service": "refused", "service_seconds": 60}
_HARSH = {"delete_in_use": "done", "order": "shuffled"}
CASES: Mapping[str, Case] = {
    "one label, one digest": Case(act=_one_label_and_digest, behaviour=_HARSH),
    "the same, registering it again gives the same": Case(
        act=_one_label_and_digest, behaviour={"register_again": "old"}
    ),
    "one label, a digest each": Case(act=_one_label, behaviour=_HARSH),
    "a label each, one digest": Case(act=_labels),
    "coming and going": Case(act=_coming_and_going, behaviour=_HARSH),
    f"max_versions={_KEPT} of one label": Case(act=_pruned, behaviour=_HARSH, stored=5),
    "ten of them deployed": Case(act=_in_use, behaviour=_HARSH, stored=5),
    "room for 5": Case(act=_last_room, stored=145),
    "room for 1, which all ask for": Case(act=_last_room_for_one, stored=149),
    "the same, max_versions=1": Case(act=_last_room_for_one_kept, stored=149),
    "no room, max_versions=140": Case(act=_room_made, stored=150),
    "the service is busy for a minute": Case(act=_busy, behaviour=_REFUSED_WHILE_BUSY),
    "pushed from one registry": Case(act=_pushed, behaviour={"missing_digest": "refused"}),
    "pushed, room for 5": Case(
        act=_pushed_into_the_last_room, behaviour={"missing_digest": "refused"}, stored=145
    ),
    "pushed, room for 1, which all ask for": Case(
        act=_pushed_as_one, behaviour={"missing_digest": "refused"}, stored=149
    ),
    "deployed, 100 seconds each": Case(
        act=_deployed, behaviour={"deployment_seconds": 100}, resource_type=DEPLOYMENT_TYPE
    ),
    "deployed, behind one call a second": Case(
        act=deployed_once,
        behaviour={"deployment_seconds": 60, "calls_per_second": 1, "calls_at_once": 5},
        resource_type=DEPLOYMENT_TYPE,
    ),
    "deployed, five minutes each": Case(
        act=deployed_too_late, behaviour={"deployment_seconds": 300}, resource_type=DEPLOYMENT_TYPE
    ),
}
