"""The function's processes: forked from one that has everything imported, and really killed."""

from __future__ import annotations

import functools
import importlib
import logging
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

import certificates
from fake_ecr import HOST as ECR_HOST
from fake_ecr import lead_to_ecr

from .aws_services import SERVICES
from .clock import Clock

FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:handler"
_STALL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process of the function is made with.

    Args:
        endpoints: the addresses of AWS's services.
        ecr_port: the port of what stands for Amazon ECR's registry.
        seed: of its randomness.
        is_impatient: whether it waits for answers for half a second of real time only, for runs in
            which one does not come.
    """

    endpoints: Mapping[str, str]
    ecr_port: int
    seed: int
    is_impatient: bool = False


class Environments:
    """Makes processes of the function, each forked from a process that serves nothing else.

    Args:
        clock: the time that they share.

    Attributes:
        log: what they all have logged.
        certificate: that of Amazon ECR's registry, which they trust.
    """

    def __init__(self, clock: Clock) -> None:
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
            _serve(its, clock, self._address, self.log)
        its.close()
        self._orders = ours

    def make(self, settings: Settings) -> Environment:
        """Start a process of the function."""
        self._orders.sendall(b"fork")
        connection = self._listener.accept()
        process = connection.recv()
        connection.send(settings)
        return Environment(process, connection)

    def close(self) -> None:
        """End the process that the others are forked from."""
        self._orders.close()
        os.waitpid(self._process, 0)
        self._listener.close()
        self._folder.cleanup()


class Environment:
    """A process of the function."""

    def __init__(self, process: int, connection: Connection[Any, Any]) -> None:
        self._process = process
        self._connection = connection

    def invoke(self, event: Mapping[str, Any], seconds: float) -> str:
        """Hand it a request, and return how that ended: `done`, `raised` or `killed`."""
        try:
            self._connection.send((event, seconds))
            outcome: str = self._connection.recv()
        except (EOFError, ConnectionError, BrokenPipeError):
            return "killed"
        return outcome

    def kill(self) -> None:
        """Kill the process as it is, and return when it is gone."""
        os.kill(self._process, signal.SIGKILL)
        while Path(f"/proc/{self._process}").exists():
            os.sched_yield()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Have the process stand still, with all its threads."""
        os.kill(self._process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process, signal.SIGCONT)

    def close(self) -> None:
        """End the process."""
        self._connection.close()


class _Context:
    """What AWS Lambda says of an invocation."""

    invoked_function_arn = FUNCTION_ARN

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._ends = clock.now + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - self._clock.now) * 1000))


def _serve(orders: socket.socket, clock: Clock, address: str, log: Path) -> None:
    """Fork a process of the function for each order."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    clock.hook()
    for service in ("lightsail", *SERVICES):  # read their models once for all
        boto3.client(service)
    # Made as AWS Lambda makes it, in an environment with a Region, and once for all processes.
    importlib.import_module("cdk_lightsail_containers_handler.main")
    importlib.import_module("cdk_lightsail_containers_handler.images.push")
    importlib.import_module("cdk_lightsail_containers_handler.deployments.rollout")
    importlib.import_module("cdk_lightsail_containers_handler.aws.secret_values")
    while orders.recv(4):
        if not os.fork():
            orders.close()
            try:
                _be_the_function(clock, address, log)
            finally:
                os._exit(1)
    os._exit(0)


def _be_the_function(clock: Clock, address: str, log: Path) -> None:
    from cdk_lightsail_containers_handler import main  # noqa: PLC0415 - imported by now
    from cdk_lightsail_containers_handler.registry.http.connection import Timeouts  # noqa: PLC0415

    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    connection = Client(address, "AF_UNIX")
    connection.send(os.getpid())
    settings: Settings = connection.recv()
    lead_to_ecr(settings.ecr_port)
    random.seed(settings.seed)
    handler = main.make_handler(
        functools.partial(_make_client, settings, main.CLIENT_CONFIG),
        clock.read,
        clock.sleep,
        Timeouts(read=_STALL_SECONDS, take=_STALL_SECONDS) if settings.is_impatient else None,
    )
    while True:
        try:
            event, seconds = connection.recv()
        except EOFError:
            os._exit(0)
        try:
            handler(event, _Context(clock, seconds))
        except Exception as error:  # noqa: BLE001 - AWS Lambda takes any
            logging.getLogger().warning("%s: %s", type(error).__name__, error)
            connection.send("raised")
        else:
            connection.send("done")


def _make_client(settings: Settings, config: Config, service: str, **options: Any) -> Any:
    if settings.is_impatient:
        config = config.merge(Config(read_timeout=_STALL_SECONDS))
    return boto3.client(
        service,
        endpoint_url=settings.endpoints[service],
        config=config,
        **options,
    )
