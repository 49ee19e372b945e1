"""Where the function runs: in processes that can be killed, or in this one."""

from __future__ import annotations

import functools
import gc
import importlib
import itertools
import logging
import mmap
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

import certificates
from fake_ecr import HOST as ECR_HOST
from fake_ecr import lead_to_ecr
from fake_time import FakeTime
from lightsail_local.endpoints import DEFAULT_REGION

from .aws import FUNCTION_ARN, SERVICES

_STALL_SECONDS = 0.5
_LOOK_SECONDS = 0.005
_NOWHERE = "http://127.0.0.1:9"
_REFUSAL = struct.Struct("ii")
_REFUSED = struct.Struct("i")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process of the function is made with.

    Args:
        endpoints: the addresses of AWS's services.
        ecr_port: the port of what stands for Amazon ECR's registry.
        seed: of its randomness.
        is_impatient: whether it waits for answers for half a second of real time only, for runs in
            which one does not come.
        has_simulated_timers: whether its timers follow the simulated clock, for runs in which an
            answer takes too long.
    """

    endpoints: Mapping[str, str]
    ecr_port: int
    seed: int
    is_impatient: bool = False
    has_simulated_timers: bool = False


class Environment(Protocol):
    """Where the function runs."""

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        """Invoke it with a request, and return how that ended: `done`, `raised` or `killed`."""

    def kill(self) -> None:
        """Kill it as it is, and return when it is gone."""

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Stop it, with all its threads, for a while."""

    def close(self) -> None:
        """End it."""


class Environments(Protocol):
    """Makes environments of the function."""

    def make(self, settings: Settings) -> Environment:
        """Make one."""


class Refusal:
    """Which of the connections of the function's processes is refused, as its kernel would."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _REFUSAL.size + _REFUSED.size)
        self.refuse(0, 0)

    def refuse(self, port: int, number: int) -> None:
        """Refuse a connection to a port, the first one being number 1."""
        _REFUSAL.pack_into(self._memory, 0, port, number)
        _REFUSED.pack_into(self._memory, _REFUSAL.size, 0)

    @property
    def has_refused(self) -> bool:
        """Whether that connection was tried, and refused."""
        return bool(_REFUSED.unpack_from(self._memory, _REFUSAL.size)[0])

    def hook(self) -> None:
        """Refuse connections of this process and of those that it forks."""

        def audit(event: str, arguments: tuple[object, ...]) -> None:
            if event != "socket.connect":
                return
            port, number = _REFUSAL.unpack_from(self._memory)
            address = arguments[1]
            if number and isinstance(address, tuple) and address[1] == port:
                _REFUSAL.pack_into(self._memory, 0, port, number - 1)
                if number == 1:
                    _REFUSED.pack_into(self._memory, _REFUSAL.size, 1)
                    raise ConnectionRefusedError(111, "Connection refused")

        sys.addaudithook(audit)


class ProcessEnvironments:
    """Makes processes of the function, each forked from a process that serves nothing else.

    Args:
        clock: the time that they share.

    Attributes:
        log: what they all have logged.
        certificate: that of Amazon ECR's registry, which they trust.
        refusal: which of their connections is refused.
    """

    def __init__(self, clock: FakeTime) -> None:
        self.refusal = Refusal()
        self._folder = tempfile.TemporaryDirectory(prefix="lightsail-faults-")
        self.certificate = certificates.certificate(Path(self._folder.name), ECR_HOST)
        os.environ["SSL_CERT_FILE"] = str(self.certificate.certificate)
        self.log = Path(self._folder.name) / "log"
        self._address = str(Path(self._folder.name) / "environments")
        self._listener = Listener(self._address, "AF_UNIX")
        ours, its = socket.socketpair()
        self._process = os.fork()
        if not self._process:
            ours.close()
            try:
                _serve(its, clock, self.refusal, self._address, self.log)
            finally:
                os._exit(1)
        its.close()
        self._orders = ours

    def make(self, settings: Settings) -> Environment:
        """Start a process of the function."""
        self._orders.sendall(b"fork")
        connection = self._listener.accept()
        process = connection.recv()
        connection.send(settings)
        return _Process(process, connection)

    def close(self) -> None:
        """End the process that the others are forked from."""
        self._orders.close()
        os.waitpid(self._process, 0)
        self._listener.close()
        self._folder.cleanup()


class _Process:
    """A process of the function."""

    def __init__(self, process: int, connection: Connection[Any, Any]) -> None:
        self._process = process
        self._connection = connection

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        try:
            self._connection.send((event, seconds))
            outcome: str = self._connection.recv()
        except (EOFError, ConnectionError, BrokenPipeError):
            return "killed"
        return outcome

    def kill(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        while Path(f"/proc/{self._process}").exists():
            os.sched_yield()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        os.kill(self._process, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it was killed meanwhile
                os.kill(self._process, signal.SIGCONT)

    def close(self) -> None:
        self._connection.close()


class LocalEnvironments:
    """Makes environments of the function in this process, which cannot be killed.

    Args:
        clock: their time.
        arn: the function's ARN.
    """

    def __init__(self, clock: FakeTime, arn: str = FUNCTION_ARN) -> None:
        self._clock = clock
        self._arn = arn

    def make(self, settings: Settings) -> Environment:
        """Make one."""
        return _Local(make_handler(settings, self._clock), self._clock, self._arn)


class _Local:
    """The function in this process."""

    def __init__(self, handler: Callable[[Any, Any], None], clock: FakeTime, arn: str) -> None:
        self._handler = handler
        self._clock = clock
        self._arn = arn

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        return _invoke(self._handler, event, Context(self._clock, seconds, self._arn))

    def kill(self) -> None:
        raise NotImplementedError("only a process can be killed")

    @contextmanager
    def held_up(self) -> Iterator[None]:
        raise NotImplementedError("only a process can be stopped")
        yield

    def close(self) -> None:
        pass


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
    from cdk_lightsail_containers_handler import main  # noqa: PLC0415 - a Region may be set late
    from cdk_lightsail_containers_handler.registry.http.connection import Timeouts  # noqa: PLC0415

    return main.make_handler(
        functools.partial(_make_client, settings, main.CLIENT_CONFIG),
        clock.clock,
        clock.sleep,
        Timeouts(read=_STALL_SECONDS, take=_STALL_SECONDS) if settings.is_impatient else None,
        clock.clock,
    )


def _invoke(handler: Callable[[Any, Any], None], event: Mapping[str, Any], context: Context) -> str:
    try:
        handler(event, context)
    except Exception as error:  # noqa: BLE001 - AWS Lambda takes any
        logging.getLogger().warning("%s: %s", type(error).__name__, error)
        return "raised"
    return "done"


def _serve(
    orders: socket.socket, clock: FakeTime, refusal: Refusal, address: str, log: Path
) -> None:
    """Fork a process of the function for each order."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    refusal.hook()
    # Made as AWS Lambda makes it, in an environment with a Region, and once for all processes.
    main = importlib.import_module("cdk_lightsail_containers_handler.main")
    importlib.import_module("cdk_lightsail_containers_handler.images.push")
    importlib.import_module("cdk_lightsail_containers_handler.deployments.rollout")
    importlib.import_module("cdk_lightsail_containers_handler.aws.secret_values")
    for service, is_impatient in itertools.product(("lightsail", *SERVICES), (False, True)):
        key = service, is_impatient, DEFAULT_REGION
        client = _prepared[key] = _prepare(main.CLIENT_CONFIG, *key)
        client.can_paginate(next(iter(client.meta.method_to_api_mapping)))  # reads a file
    # What is imported stays: a process that looks through it for garbage copies its memory.
    gc.collect()
    gc.freeze()
    while orders.recv(4):
        if not os.fork():
            orders.close()
            try:
                _be_the_function(clock, address, log)
            finally:
                os._exit(1)
    os._exit(0)


def _be_the_function(clock: FakeTime, address: str, log: Path) -> None:
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    connection = Client(address, "AF_UNIX")
    connection.send(os.getpid())
    settings: Settings = connection.recv()
    lead_to_ecr(settings.ecr_port)
    random.seed(settings.seed)
    if settings.has_simulated_timers:
        _simulate_timers(clock)
    handler = make_handler(settings, clock)
    while True:
        try:
            event, seconds = connection.recv()
        except EOFError:
            os._exit(0)
        connection.send(_invoke(handler, event, Context(clock, seconds)))


def _simulate_timers(clock: FakeTime) -> None:
    """Let what waits for another thread of this process give up in simulated time."""
    result, wait = Future.result, threading.Event.wait

    def look(is_done: Callable[[], bool], timeout: float) -> None:
        ends = clock.now + timeout
        while not is_done() and clock.now < ends:
            time.sleep(_LOOK_SECONDS)

    def result_in_time(self: Future[Any], timeout: float | None = None) -> Any:
        if timeout is not None:
            look(self.done, timeout)
        return result(self, timeout and 0)

    def wait_in_time(self: threading.Event, timeout: float | None = None) -> bool:
        if timeout is not None:
            look(self.is_set, timeout)
        return wait(self, timeout and 0)

    Future.result = result_in_time  # type: ignore[method-assign]
    threading.Event.wait = wait_in_time  # type: ignore[method-assign]


def _make_client(settings: Settings, config: Config, service: str, **options: Any) -> Any:
    key = service, settings.is_impatient, options.get("region_name", DEFAULT_REGION)
    client = _prepared.get(key) or _prepare(config, *key)
    endpoint = settings.endpoints[service]

    def lead(request: Any, **_: object) -> None:
        request.url = request.url.replace(_NOWHERE, endpoint, 1)

    client.meta.events.register("before-sign", lead, unique_id="lead")
    return client


def _prepare(config: Config, service: str, is_impatient: bool, region: str) -> Any:
    if is_impatient:
        config = config.merge(Config(read_timeout=_STALL_SECONDS))
    return boto3.client(service, endpoint_url=_NOWHERE, config=config, region_name=region)


_prepared: dict[tuple[str, bool, str], Any] = {}
"""Clients that the function's processes find made, which takes long."""
