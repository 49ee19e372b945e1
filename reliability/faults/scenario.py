"""The lives of stacks, each with one part whose calls are struck.

A scenario has a world with two services, `shop` and `blog`, and images of others that have to stay.
`prepare` brings it to where its struck part begins, `act` is that part. What comes after is the
same for all: another deploy, and the stack's end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lightsail_local.samples.sample_image import push_sample_image

from .cloudformation import Stack, Template
from .custom_resource import Outcome
from .templates import by_archive, by_digest, by_ecr, by_source, renamed, serving
from .world import World


@dataclass
class Stage:
    """A world, and the stacks in it.

    Args:
        world: the world.
        stack: the stack whose life it is.
        others: stacks that have to be as they are at the end.
    """

    world: World
    stack: Stack
    others: list[Stack]


@dataclass(frozen=True)
class Scenario:
    """A part of a stack's life.

    Args:
        prepare: what comes before.
        act: what is struck.
        then: the template of another deploy afterwards.
        succeeds: whether what is struck succeeds when nothing is.
    """

    prepare: Callable[[Stage], None]
    act: Callable[[Stage], Outcome]
    then: Callable[[World], Template]
    succeeds: bool = True


def set_up(world: World) -> None:
    """Have two services, and images that are nobody's of these stacks."""
    for name in ("shop", "blog"):
        world.client.create_container_service(serviceName=name, power="nano", scale=1)
    for label, text in (("web", "somebody's"), ("other", "another's")):
        register(world, "shop", label, text)


def register(world: World, service: str, label: str, text: str) -> str:
    """Have somebody register an image, and return its name."""
    digest = push_sample_image(world.lightsail.url, text)
    answer = world.client.register_container_image(serviceName=service, label=label, digest=digest)
    return str(answer["containerImage"]["image"])


def _deployed(*templates: Callable[[World], Template]) -> Callable[[Stage], None]:
    """Return what brings the stack to the last of some templates."""

    def prepare(stage: Stage) -> None:
        for template in templates:
            outcome = stage.stack.deploy(template(stage.world))
            _expect(outcome, "CREATE_COMPLETE", "UPDATE_COMPLETE")

    return prepare


def _expect(outcome: Outcome, *statuses: str) -> None:
    if outcome.status not in statuses:
        raise RuntimeError(f"a stack that had to be made is {outcome}")


def _deploy(template: Callable[[World], Template]) -> Callable[[Stage], Outcome]:
    return lambda stage: stage.stack.deploy(template(stage.world))


def _delete(stage: Stage) -> Outcome:
    return stage.stack.delete()


def _with_another_stack(stage: Stage) -> None:
    """Have another stack serve from the same service, and deploy at this very moment."""
    _deployed(serving("first"))(stage)
    (other,) = stage.others
    outcome = other.deploy(by_digest("worker", Label="worker")(stage.world))
    _expect(outcome, "CREATE_COMPLETE")
    name = other.resources["Image"].physical_id
    stage.world.client.create_container_service_deployment(
        serviceName="shop", containers={"worker": {"image": name}}
    )


def _serving_an_old_version(stage: Stage) -> None:
    """Have somebody serve the oldest of some versions."""
    _deployed(by_digest("first", RemovalPolicy="Retain"))(stage)
    name = stage.stack.resources["Image"].physical_id
    stage.world.client.create_container_service_deployment(
        serviceName="shop", containers={"web": {"image": name}}
    )
    stage.world.clock.sleep(stage.world.behaviour.deployment_seconds)
    _deployed(*(by_digest(text, RemovalPolicy="Retain") for text in ("second", "third")))(stage)


def _blobs_take(seconds: float) -> Callable[[Stage], None]:
    def prepare(stage: Stage) -> None:
        stage.world.source.blob_seconds = seconds

    return prepare


def _slow_deployments(stage: Stage) -> None:
    _deployed(serving("first"))(stage)
    # Longer than an invocation; CloudFormation waits for two of them in turn.
    stage.world.behaviour.deployment_seconds = stage.world.times.invocation + 100


SCENARIOS = {
    "create by digest": Scenario(
        prepare=_deployed(), act=_deploy(by_digest("first")), then=by_digest("last")
    ),
    "create by source": Scenario(
        prepare=_deployed(), act=_deploy(by_source("first")), then=by_source("last")
    ),
    "create by ecr": Scenario(
        prepare=_deployed(), act=_deploy(by_ecr("first")), then=by_ecr("last")
    ),
    "create by archive": Scenario(
        prepare=_deployed(), act=_deploy(by_archive("first")), then=by_archive("last")
    ),
    "update by digest": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(by_digest("second")),
        then=by_digest("last"),
    ),
    "update by label": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(by_digest("first", Label="worker")),
        then=by_digest("last"),
    ),
    "update by source": Scenario(
        prepare=_deployed(by_source("first")),
        act=_deploy(by_source("second")),
        then=by_source("last"),
    ),
    "update by service": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(by_digest("first", ServiceName="blog")),
        then=by_digest("last"),
    ),
    "rollback": Scenario(
        prepare=_deployed(serving("first")),
        act=_deploy(serving("second", broken=True)),
        then=serving("last"),
        succeeds=False,
    ),
    "rollback of a moved tag": Scenario(
        prepare=_deployed(serving("live")),
        act=_deploy(serving("live", text="moved", revision="2", fails="crash")),
        then=serving("last"),
        succeeds=False,
    ),
    "rename": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(renamed(by_digest("first"))),
        then=renamed(by_digest("last")),
    ),
    "delete": Scenario(prepare=_deployed(by_digest("first")), act=_delete, then=by_digest("last")),
    "delete what serves": Scenario(
        prepare=_deployed(serving("first")), act=_delete, then=serving("last")
    ),
    "prune": Scenario(
        prepare=_deployed(
            *(by_digest(text, RemovalPolicy="Retain") for text in ("first", "second", "third"))
        ),
        act=_deploy(by_digest("fourth", RemovalPolicy="Retain", MaxVersions="3")),
        then=by_digest("last", RemovalPolicy="Retain", MaxVersions="1"),
    ),
    "prune what serves": Scenario(
        prepare=_serving_an_old_version,
        act=_deploy(by_digest("fourth", RemovalPolicy="Retain", MaxVersions="3")),
        then=by_digest("last", RemovalPolicy="Retain", MaxVersions="1"),
    ),
    "deploy": Scenario(prepare=_deployed(), act=_deploy(serving("first")), then=serving("last")),
    "deploy again": Scenario(
        prepare=_deployed(serving("first")), act=_deploy(serving("second")), then=serving("last")
    ),
    "failed deploy": Scenario(
        prepare=_deployed(serving("first")),
        act=_deploy(serving("second", fails="crash")),
        then=serving("last"),
        succeeds=False,
    ),
    "two stacks": Scenario(
        prepare=_with_another_stack, act=_deploy(serving("second")), then=serving("last")
    ),
    # A push has its config and three layers, and an invocation 870 seconds for them.
    "slow push": Scenario(
        prepare=_blobs_take(100), act=_deploy(by_source("first", layers=3)), then=by_digest("last")
    ),
    "push at the last moment": Scenario(
        prepare=_blobs_take(215), act=_deploy(by_source("first", layers=3)), then=by_digest("last")
    ),
    "hand-over of a push": Scenario(
        prepare=_blobs_take(220), act=_deploy(by_source("first", layers=3)), then=by_digest("last")
    ),
    "hand-over of a deploy": Scenario(
        prepare=_slow_deployments, act=_deploy(serving("second")), then=by_digest("last")
    ),
}
