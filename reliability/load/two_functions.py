"""Two stacks of a service, with the function of an earlier commit and with the present one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import crhelper

from crowd_properties import Properties, resources
from lightsail_local.engine.lambda_runtime import LambdaRuntime
from reliability import ROOT
from reliability.lifecycles import push, set_up
from staged_asset import staged_asset
from world.cloudformation import SimulatedStack
from world.function import Function
from world.world import World

from .asset_environment import AssetEnvironment, PassingTime, runtime
from .crowd import Crowd

_HANDLER = "lambda/cdk_lightsail_containers_handler"


class NotHere(Exception):
    """The clone does not reach back to a commit."""


@dataclass(kw_only=True)
class Two(Crowd):
    """Two stacks, which begin with an earlier function and with the present one."""

    earlier: LambdaRuntime
    present: LambdaRuntime
    functions: list[AssetEnvironment]  # those of the stacks

    def put_first(self, properties: Properties) -> None:
        """Deploy the first stack, which must succeed."""
        self.check([self.stacks[0].deploy(resources(properties))])

    def both(self, *properties: Properties) -> None:
        """Create a resource of each stack, at once, which must succeed."""
        self.check(self.put(lambda number: properties[number - 1]))


@contextmanager
def two(commit: str) -> Iterator[Two]:
    """Run the function of a commit and the present one.

    Raises:
        NotHere: the clone does not reach back to it.
    """
    time = PassingTime()
    with (
        tempfile.TemporaryDirectory() as folder,
        World(time) as world,
        runtime(_asset_of(commit, Path(folder) / "earlier"), world) as earlier,
        runtime(staged_asset(Path(folder) / "present"), world) as present,
    ):
        set_up(world)
        for number in (1, 2):
            push(world, str(number))
        world.behaviour.deployment_seconds = 3
        world.source.login = ""
        functions = [AssetEnvironment(earlier), AssetEnvironment(present)]
        stacks = [
            SimulatedStack(f"Shop-{number}", world, Function(world, function, repeats=False))
            for number, function in enumerate(functions)
        ]
        yield Two(
            world=world,
            time=time,
            stacks=stacks,
            earlier=earlier,
            present=present,
            functions=functions,
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
    target.mkdir()
    subprocess.run(["tar", "-xC", target], input=archived.stdout, check=True)  # noqa: S603, S607
    staged = target / "asset"
    shutil.move(target / _HANDLER, staged / Path(_HANDLER).name)
    shutil.copytree(Path(str(crhelper.__file__)).parent, staged / "crhelper")
    return staged
