"""Two stacks of a service, with the function of an earlier commit and with the present one."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crhelper

from fake_time import FakeTime
from lightsail_local.engine.lambda_runtime import LambdaRuntime
from reliability import ROOT
from reliability.broken import Broken
from reliability.invariants import Invariants
from reliability.lifecycles import push, set_up
from staged_asset import staged_asset
from world.cloudformation import SimulatedStack
from world.custom_resource import Outcome
from world.environment import Environment, Settings
from world.function import Function
from world.world import World

from .memory import runtime
from .properties import Properties, resources

_HANDLER = "lambda/cdk_lightsail_containers_handler"


class NotHere(Exception):
    """The clone does not reach back to a commit."""


class PassingTime(FakeTime):
    """Real time, as the functions have it; what is slept in the world is skipped."""

    def __init__(self) -> None:
        self._skipped = 0.0
        super().__init__(time.time())

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._skipped

    @now.setter
    def now(self, seconds: float) -> None:
        self._skipped += seconds - self.now


class Replaceable:
    """The function of a stack; what runs it can be replaced, as a deploy of the stack does.

    Attributes:
        runtime: what runs it.
    """

    def __init__(self, runtime: LambdaRuntime) -> None:
        self.runtime = runtime

    def make(self, _: Settings) -> Environment:
        """Return this."""
        return self

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        """Invoke it with a request.

        Raises:
            Broken: it did not end well.
        """
        invocation = self.runtime.invoke(event)
        if invocation.error:
            raise Broken(f"in {seconds:g} s: {invocation.error} {invocation.log}")
        return "done"

    def kill(self) -> None:
        """End nothing: the runtime is of others."""

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Hold nothing up."""
        yield

    def close(self) -> None:
        """End nothing: the runtime is of others."""


@dataclass(frozen=True, kw_only=True)
class Two:
    """Two stacks, which begin with an earlier function and with the present one.

    Args:
        world: where they are.
        present: what runs the present function.
        earlier: what runs the earlier one.
        functions: those of the stacks.
        stacks: the stacks.
        invariants: what must hold.
    """

    world: World
    earlier: LambdaRuntime
    present: LambdaRuntime
    functions: list[Replaceable]
    stacks: list[SimulatedStack]
    invariants: Invariants

    def deploy(self, properties: Properties) -> None:
        """Deploy the first stack, which must succeed."""
        self.check(self.stacks[0].deploy(resources(properties)))

    def both(self, *properties: Properties) -> None:
        """Create a resource of each stack, at once, which must succeed."""
        with ThreadPoolExecutor() as threads:
            wanted = map(resources, properties)
            deploy = SimulatedStack.deploy
            self.check(*threads.map(deploy, self.stacks, wanted))

    def delete(self, *stacks: SimulatedStack) -> None:
        """Delete stacks, which must succeed and leave nothing."""
        self.check(*[stack.delete() for stack in stacks])

    def check(self, *outcomes: Outcome, succeeds: bool = True) -> None:
        """Check that all holds that has to.

        Raises:
            Broken: it does not.
        """
        broken = self.invariants.broken(*outcomes, succeeds=succeeds, had_fault=False)
        if broken:
            raise Broken("; ".join(broken))


@contextmanager
def two(commit: str) -> Iterator[Two]:
    """Run the function of a commit and the present one.

    Raises:
        NotHere: the clone does not reach back to it.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        World(PassingTime()) as world,
        runtime(_asset_of(commit, Path(folder) / "earlier"), world) as earlier,
        runtime(staged_asset(Path(folder) / "present"), world) as present,
    ):
        set_up(world)
        for number in (1, 2):
            push(world, str(number))
        world.behaviour.deployment_seconds = 3
        world.source.login = ""
        functions = [Replaceable(earlier), Replaceable(present)]
        stacks = [
            SimulatedStack(f"Shop-{number}", world, Function(world, function, repeats=False))
            for number, function in enumerate(functions)
        ]
        invariants = Invariants(world, stacks, set(), Path(os.devnull))
        invariants.begin()
        yield Two(
            world=world,
            earlier=earlier,
            present=present,
            functions=functions,
            stacks=stacks,
            invariants=invariants,
        )


def _asset_of(commit: str, target: Path) -> Path:
    """Stage the function of a commit: its package, and crhelper."""
    archived = subprocess.run(  # noqa: S603 - our own repository
        ["git", "archive", commit, _HANDLER],  # noqa: S607 - found as the developer's
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if archived.returncode:
        raise NotHere(f"this clone does not reach back to {commit}")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as packed:
        packed.extractall(target, filter="data")
    staged = target / "asset"
    shutil.move(target / _HANDLER, staged / Path(_HANDLER).name)
    shutil.copytree(Path(str(crhelper.__file__)).parent, staged / "crhelper")
    return staged
