"""Many stacks at once in one service, each with a function of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crowd_properties import Properties, image, resources
from fake_time import ThreadTime
from kept_log import logged
from reliability.broken import Broken
from reliability.invariants import Invariants
from reliability.lifecycles import push, set_up
from world.aws import arn
from world.cloudformation import Resources, SimulatedStack
from world.custom_resource import Outcome
from world.environment import LocalEnvironments
from world.function import Function
from world.world import World

from .asset_environment import PassingTime

MANY = 20
SECONDS = 900.0
"""How long an invocation of a function may take."""


@dataclass(kw_only=True)
class Crowd:
    """Many stacks with one resource each, all in the service `shop`, with numbers from 1."""

    world: World
    time: ThreadTime | PassingTime  # passes when no stack has anything to do
    stacks: list[SimulatedStack]
    log: Path = Path(os.devnull)  # what the functions log, where that is read
    invariants: Invariants = field(init=False)
    seconds: float = field(default=0.0, init=False)  # how long the stacks were at work

    def __post_init__(self) -> None:
        self.invariants = Invariants(self.world, self.stacks, set(), self.log)
        self.invariants.begin()

    def at_once(self, act: Callable[[int, SimulatedStack], Outcome]) -> list[Outcome]:
        """Do something with every stack and its number at once, and return what becomes of them."""
        began = self.time.now
        outcomes = self.time.at_once(
            [lambda pair=pair: act(*pair) for pair in enumerate(self.stacks, 1)]  # type: ignore[misc]
        )
        self.seconds += self.time.now - began
        return outcomes

    def put(self, properties: Callable[[int], Properties]) -> list[Outcome]:
        """Create or update all stacks, each with the properties for its number."""
        return self.deploy_all(lambda number: resources(properties(number)))

    def deploy_all(self, contents: Callable[[int], Resources]) -> list[Outcome]:
        """Create or update all stacks, each with what one of its number consists of."""
        wanted = [contents(number) for number in range(1, len(self.stacks) + 1)]
        return self.at_once(lambda number, stack: stack.deploy(wanted[number - 1]))

    def delete(self) -> list[Outcome]:
        """Delete all stacks."""
        return self.at_once(lambda _, stack: stack.delete())

    def check(self, outcomes: list[Outcome], *, succeeds: bool = True) -> None:
        """Check that all holds that has to after this has become of the stacks.

        Raises:
            Broken: it does not.
        """
        with self.at_its_best():
            broken = self.invariants.broken(*outcomes, succeeds=succeeds, had_fault=False)
        if broken:
            raise Broken("; ".join(broken))

    def image(self, label: str, number: int, **more: Any) -> Properties:
        """Push an image as another user does, and return the properties of its registration."""
        push(self.world, str(number))
        return image(label, number, **more)

    def store(self, count: int) -> None:
        """Register images as another user, until the service has so many, which have to stay."""
        for number in range(len(self.images()), count):
            digest = push(self.world, str(1000 + number))
            self._call("RegisterContainerImage", label="old", digest=digest)
        self.time.now += 60
        self.invariants.begin()

    def deploy(self, images: list[str]) -> None:
        """Deploy images as another user does."""
        containers = {f"c{number}": {"image": name} for number, name in enumerate(images)}
        self._call("CreateContainerServiceDeployment", containers=containers)
        self.time.now += 60

    def change(self, scale: int) -> None:
        """Change the service as another user does, which takes its time."""
        self._call("UpdateContainerService", scale=scale)

    def images(self) -> set[str]:
        """Return the names of the images that are registered by now."""
        return {one["image"] for one in self._call("GetContainerImages")["containerImages"]}

    def deployments(self) -> dict[int, Mapping[str, Any]]:
        """Return the service's deployments by their versions."""
        found = self._call("GetContainerServiceDeployments")["deployments"]
        return {one["version"]: one for one in found}

    def living(self) -> set[str]:
        """Return the physical ids of the stacks that have a resource."""
        return {one.physical_id for stack in self.stacks for one in stack.resources.values()}

    def answers(self) -> list[dict[str, Any]]:
        """Return the answers to all requests so far."""
        exchanges = (exchange for stack in self.stacks for exchange in stack.exchanges)
        return [answer for exchange in exchanges if (answer := exchange.first())]

    @contextmanager
    def at_its_best(self) -> Iterator[None]:
        """Let Lightsail show what is there, for a look from outside."""
        behaviour = self.world.behaviour
        before, behaviour.stale_seconds = behaviour.stale_seconds, 0
        yield
        behaviour.stale_seconds = before

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        with self.at_its_best():
            return self.world.call(operation, serviceName="shop", **parameters)


@contextmanager
def crowd(count: int = MANY, *, seconds: float = SECONDS, **behaviour: Any) -> Iterator[Crowd]:
    """Make a world with stacks that have nothing yet.

    Their functions have so many seconds for an invocation; the behavior is Lightsail's.
    """
    time = ThreadTime()
    with World(time) as world, logged() as log:
        world.source.login = ""
        set_up(world)
        vars(world.behaviour).update({"deployment_seconds": 1, **behaviour})
        time.now += 60
        environments = LocalEnvironments(time)

        def stack(number: int) -> SimulatedStack:
            own = arn("lambda", f"function:handler-{number}")
            # A request without an answer is broken here, so nothing is repeated.
            function = Function(world, environments, seconds=seconds, arn=own, repeats=False)
            return SimulatedStack(f"Shop-{number}", world, function)

        stacks = [stack(number) for number in range(1, count + 1)]
        yield Crowd(world=world, time=time, stacks=stacks, log=log)
