"""Functions in real time: AWS's own runtime client with a staged asset, in a bare interpreter."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from cdk_lightsail_containers._handler.asset import ENTRY_POINT
from fake_time import FakeTime
from lightsail_local.engine.lambda_runtime import LambdaRuntime
from reliability import ROOT
from reliability.broken import Broken
from world.environment import Environment, Settings
from world.world import World

_T = TypeVar("_T")

RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
"""An interpreter that has what AWS Lambda's has."""
_NAMES = {"route53": "ROUTE_53", "secretsmanager": "SECRETS_MANAGER"}


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

    def at_once(self, acts: Sequence[Callable[[], _T]]) -> list[_T]:
        """Do everything at once, each in a thread, and return the results in the same order."""
        with ThreadPoolExecutor() as threads:
            return [begun.result() for begun in [threads.submit(act) for act in acts]]


class AssetEnvironment(Environment):
    """The environment of a stack's function; what runs it can be replaced, as by a deploy."""

    def __init__(self, runtime: LambdaRuntime) -> None:
        self.runtime = runtime
        self.seconds = 0.0  # how long the last invocation took

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
        self.seconds = invocation.seconds
        return "done"


def runtime(asset: Path, world: World, python: Path = RUNTIME, **environment: str) -> LambdaRuntime:
    """Return what runs a function in a process of its own, as AWS Lambda does."""
    endpoints = {
        f"AWS_ENDPOINT_URL_{_NAMES.get(service, service.upper())}": url
        for service, url in world.endpoints.items()
    }
    return LambdaRuntime(
        asset,
        ENTRY_POINT,
        python=python,
        timeout=900,
        init_timeout=120,
        environment={**endpoints, **environment},
    )
