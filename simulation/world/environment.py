"""Where the function runs: what every environment is, and the one in this process."""

from __future__ import annotations

import functools
import importlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config

from fake_time import FakeTime
from lightsail_local.endpoints import DEFAULT_REGION

from .aws import ENTRY_POINTS, FUNCTION_ARN

# Longer than a busy machine takes for an answer: a sound one that comes later counts as lost.
STALL_SECONDS = 2.0
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process of the function is made with.

    Args:
        endpoints: the addresses of AWS's services.
        ecr_port: the port of what stands for Amazon ECR's registry.
        seed: of its randomness.
        arn: the function's ARN.
        is_impatient: whether it waits for answers for some seconds of real time only, for runs in
            which one does not come.
        has_simulated_timers: whether its timers follow the simulated clock, for runs in which an
            answer takes too long.
    """

    endpoints: Mapping[str, str]
    ecr_port: int
    seed: int
    arn: str = FUNCTION_ARN
    is_impatient: bool = False
    has_simulated_timers: bool = False


class Environment:
    """Where the function runs; only a process of its own can be killed and stopped."""

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        """Invoke it with a request, and return how that ended: `done`, `raised` or `killed`."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kill it as it is, and return when it is gone."""
        raise NotImplementedError("only a process can be killed")

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Stop it, with all its threads, for a while."""
        raise NotImplementedError("only a process can be stopped")
        yield

    def close(self) -> None:
        """End it, if it is no other's."""


class Environments(Protocol):
    """Makes environments of the function."""

    def make(self, settings: Settings) -> Environment:
        """Make one."""


class LocalEnvironments:
    """Makes environments of the function in this process, which cannot be killed.

    Args:
        clock: their time.
    """

    def __init__(self, clock: FakeTime) -> None:
        self._clock = clock
        self._making = threading.Lock()

    def make(self, settings: Settings) -> Environment:
        """Make one."""
        with self._making:  # crhelper's guard sets an environment variable meanwhile
            handler = make_handler(settings, self._clock)
        return _Local(handler, self._clock, settings.arn)


class _Local(Environment):
    """The function in this process."""

    def __init__(self, handler: Callable[[Any, Any], None], clock: FakeTime, arn: str) -> None:
        self._handler = handler
        self._clock = clock
        self._arn = arn

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        return invoke(self._handler, event, Context(self._clock, seconds, self._arn))


class Context:
    """What AWS Lambda says of an invocation."""

    def __init__(self, clock: FakeTime, seconds: float, arn: str = FUNCTION_ARN) -> None:
        self.invoked_function_arn = arn
        self._clock = clock
        self._ends = clock.now + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - self._clock.now) * 1000))


def make_handler(settings: Settings, clock: FakeTime) -> Callable[[Any, Any], None]:
    """Return the function as a cold start makes it."""
    # Imported here, for a Region may be set late.
    from cdk_lightsail_containers_handler import resources  # noqa: PLC0415
    from cdk_lightsail_containers_handler.registry.http.connection import Timeouts  # noqa: PLC0415

    module = ENTRY_POINTS.get(settings.arn, ENTRY_POINTS[FUNCTION_ARN])
    entry = importlib.import_module(f"cdk_lightsail_containers_handler.{module}")
    handler: Callable[[Any, Any], None] = entry.make_handler(
        functools.partial(_make_client, settings, resources.CLIENT_CONFIG),
        clock.clock,
        clock.sleep,
        timeouts=(
            Timeouts(read=STALL_SECONDS, take=STALL_SECONDS) if settings.is_impatient else None
        ),
        today=clock.clock,
    )
    return handler


def invoke(handler: Callable[[Any, Any], None], event: Mapping[str, Any], context: Context) -> str:
    try:
        handler(event, context)
    except Exception as error:  # noqa: BLE001 - AWS Lambda takes any
        logging.getLogger().warning("%s: %s", type(error).__name__, error)
        return "raised"
    return "done"


def _make_client(settings: Settings, config: Config, service: str, **options: Any) -> Any:
    key = service, settings.is_impatient, options.get("region_name", DEFAULT_REGION)
    client = PREPARED.get(key) or prepare(config, *key)
    endpoint = settings.endpoints[service]

    def lead(request: Any, **_: object) -> None:
        request.url = request.url.replace(_NOWHERE, endpoint, 1)

    # An earlier function of this process has led it to servers of its own.
    client.meta.events.unregister("before-sign", unique_id="lead")
    client.meta.events.register("before-sign", lead, unique_id="lead")
    return client


def prepare(config: Config, service: str, is_impatient: bool, region: str) -> Any:
    if is_impatient:
        config = config.merge(Config(read_timeout=STALL_SECONDS))
    return boto3.client(service, endpoint_url=_NOWHERE, config=config, region_name=region)


PREPARED: dict[tuple[str, bool, str], Any] = {}
"""Clients that the function's processes find made, which takes long."""
