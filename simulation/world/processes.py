"""Processes of the function, which can be killed and stopped."""

from __future__ import annotations

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import oci_images
from cdk_lightsail_containers_handler.cloudformation import response
from certificates import Certificate, certificate
from fake_ecr import HOST as ECR_HOST
from fake_ecr import lead_to_ecr
from fake_time import FakeTime, ProcessTime
from lightsail_local.endpoints import DEFAULT_REGION

from .aws import DOMAINS_ARN, FUNCTION_ARN, SERVICES
from .cloudformation import SimulatedStack
from .environment import (
    PREPARED,
    STALL_SECONDS,
    Context,
    Environment,
    LocalEnvironments,
    Settings,
    invoke,
    make_handler,
    prepare,
)
from .function import Function
from .template import Templates
from .world import World

_LOOK_SECONDS = 0.005
_REFUSAL = struct.Struct("ii")
_REFUSED = struct.Struct("i")


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
        templates: what the function is used with once, before the processes are forked: they find
            what libraries make at their first use, which takes as long as a request.

    Attributes:
        log: what they all have logged.
        certificate: that of Amazon ECR's registry, which they trust.
        refusal: which of their connections is refused.
    """

    def __init__(self, clock: FakeTime, templates: Templates) -> None:
        self.refusal = Refusal()
        self._folder = tempfile.TemporaryDirectory(prefix="lightsail-faults-")
        self.certificate = certificate(Path(self._folder.name), ECR_HOST)
        os.environ["SSL_CERT_FILE"] = str(self.certificate.certificate)
        self.log = Path(self._folder.name) / "log"
        self._address = str(Path(self._folder.name) / "environments")
        self._listener = Listener(self._address, "AF_UNIX")
        ours, its = socket.socketpair()
        self._process = os.fork()
        if not self._process:
            ours.close()
            try:
                self._serve(its, clock, templates)
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

    def _serve(self, orders: socket.socket, clock: FakeTime, templates: Templates) -> None:
        """Fork a process of the function for each order."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _prepare_clients()
        logging.disable()  # the log is that of runs
        _warm_up(self.certificate, templates)
        logging.disable(logging.NOTSET)
        self.refusal.hook()
        # What is there stays: a process that looks through it for garbage copies its memory.
        gc.collect()
        gc.freeze()
        while orders.recv(4):
            if not os.fork():
                orders.close()
                try:
                    _be_the_function(clock, self._address, self.log)
                finally:
                    os._exit(1)
        os._exit(0)


class _Process(Environment):
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


def _prepare_clients() -> None:
    """Make clients for all processes, as AWS Lambda does in an environment with a Region."""
    resources = importlib.import_module("cdk_lightsail_containers_handler.resources")
    for service, is_impatient in itertools.product(
        ("lightsail", "route53", *SERVICES), (False, True)
    ):
        key = service, is_impatient, DEFAULT_REGION
        client = PREPARED[key] = prepare(resources.CLIENT_CONFIG, *key)
        client.can_paginate(next(iter(client.meta.method_to_api_mapping)))  # reads a file


def _warm_up(certificate: Certificate, templates: Templates) -> None:
    """Let the function create an image, a deployment and a certificate in this process."""
    clock = ProcessTime()
    with World(clock, certificate) as world:
        world.call("CreateContainerService", serviceName="shop", power="nano", scale=1)
        world.source.add(oci_images.sample("web"), "1")
        source = {"Source": f"{world.source.host}/web:1", "Revision": "1"}
        for arn, kind, parameters in (
            (FUNCTION_ARN, "deployment", source),
            (DOMAINS_ARN, "certificate", {}),
        ):
            function = Function(world, LocalEnvironments(clock), arn=arn)
            stack = SimulatedStack(kind, world, function)
            stack.deploy(templates[kind].with_parameters(**parameters))
            stack.delete()
    for client in PREPARED.values():
        client.close()


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
    if settings.is_impatient:  # the function takes no other time for this from outside
        response.ATTEMPT_SECONDS = STALL_SECONDS
    handler = make_handler(settings, clock)
    while True:
        try:
            event, seconds = connection.recv()
        except EOFError:
            os._exit(0)
        connection.send(invoke(handler, event, Context(clock, seconds, settings.arn)))


def _simulate_timers(clock: FakeTime) -> None:
    """Let what waits for another thread of this process give up in simulated time."""
    wait = threading.Event.wait

    def wait_in_time(self: threading.Event, timeout: float | None = None) -> bool:
        if timeout is None:
            return wait(self)
        ends = clock.now + timeout
        while not self.is_set() and clock.now < ends:
            time.sleep(_LOOK_SECONDS)
        return wait(self, 0)

    threading.Event.wait = wait_in_time  # type: ignore[method-assign]
