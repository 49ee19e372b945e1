"""`lightsail-local up`: a cloud in the foreground, until it is interrupted."""

import contextlib
import os
import re
import shutil
import subprocess  # nosec B404 # each call says what it runs
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from lightsail_local.containers.container_engine import ENGINES
from lightsail_local.containers.find_container_engine import (
    NoContainerEngineError,
    find_container_engine,
)
from lightsail_local.containers.image_builder import ImageBuilder, find_image_builder
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.containers.started_clouds import started_cloud
from lightsail_local.end_signals import EndSignals
from lightsail_local.endpoints import DEFAULT_PORT, Endpoints
from lightsail_local.engine.engine import EngineError, bind
from lightsail_local.page.cloud_page import cloud_page
from lightsail_local.running_clouds import announced, state_folder
from lightsail_local.server import Request
from lightsail_local.wire.request_line import request_line

_NODE_MAJOR = 20
_ENGINE_CHECK_SECONDS = 0.2
_WIDTH = 80


class UpError(RuntimeError):
    """The cloud cannot start, or has ended by itself; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `up` was called with.

    Attributes:
        port: The engine's port.
        lightsail_port: The port of Lightsail's API.
        registry_port: The registry's port.
        ecr_port: The port of Amazon ECR's registry.
        page_port: The page's port.
        web_port: The port at which container services answer, if their containers run.
        engine: The engine that runs containers: `auto` for the first that does, `none` for none.
        region: The region to play.
        services: The container services to create.
        behaviour: Fields of `Behaviour` that are not to have their default.
    """

    port: int
    lightsail_port: int
    registry_port: int
    ecr_port: int
    page_port: int
    web_port: int
    engine: str
    region: str
    services: Sequence[str]
    behaviour: Mapping[str, Any]


def up(options: Options) -> None:
    """Run a cloud until SIGINT, SIGTERM, or the end of its terminal.

    Raises:
        UpError: It cannot start, or its engine has ended.
        SystemExit: A signal came while it started.
    """
    signals = EndSignals()
    with signals.kept(), _blames_signals(signals), _tells_of_files(), ExitStack() as exits:
        containers, how = _containers(options, exits)
        program = containers.engine.command[0] if containers else ""
        builder = ImageBuilder.of(program) if program else find_image_builder()
        _check_ports(options, containers)
        signals.check()
        requests = _Requests()
        cloud = LocalCloud(
            Behaviour(**options.behaviour),
            port=options.port,
            lightsail_port=options.lightsail_port,
            registry_port=options.registry_port,
            ecr_port=options.ecr_port,
            region=options.region,
            on_request=requests,
            containers=containers,
            builder=builder,
        )
        try:
            with (
                cloud,
                cloud_page(cloud, options.page_port) as page,
                announced(replace(cloud.endpoints, page=page.url)),
            ):
                _warn_of_node()
                _create_services(cloud.endpoints, options.services)
                signals.check()
                _say(_introduction(cloud.endpoints, page.url, how, builder, options))
                requests.are_shown = True
                while not signals.wait(_ENGINE_CHECK_SECONDS):
                    if not cloud.engine.is_running:
                        raise UpError(f"the engine has ended; {cloud.engine.log_end()}")
        except EngineError as error:
            raise UpError(str(error)) from error


class _Requests:
    """Shows each request as a line."""

    are_shown = False

    def __call__(self, request: Request) -> None:
        if self.are_shown:
            _say(request_line(request))


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:
        # A reader or a terminal that is gone is no reason to end, or to leave a request unanswered.
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())


@contextlib.contextmanager
def _blames_signals(signals: EndSignals) -> Iterator[None]:
    """Say nothing of what failed after a signal: Ctrl-C ends an engine's client, too."""
    try:
        yield
    except UpError:
        signals.check()
        raise


@contextlib.contextmanager
def _tells_of_files() -> Iterator[None]:
    """Say which file cannot be written, as on a full disk."""
    try:
        yield
    except OSError as error:
        raise UpError(f"{error}; TMPDIR and XDG_STATE_HOME choose other folders") from error


def _containers(options: Options, exits: ExitStack) -> tuple[RealContainers | None, str]:
    """Return what runs containers, and how it is said."""
    # Clears what a killed cloud has left running.
    cloud = exits.enter_context(started_cloud(state_folder()))
    if options.engine == "none":
        return None, "simulated, as --engine none asks for"
    names = ENGINES if options.engine == "auto" else (options.engine,)
    try:
        engine = find_container_engine(cloud, names)
    except NoContainerEngineError as error:
        if options.engine == "auto":
            return None, f"simulated: {error}"
        raise UpError(f"{error}; `--engine none` simulates containers") from error
    limits = "" if engine.is_limiting else ", which cannot limit memory and processors here"
    containers = RealContainers(engine=engine, port=options.web_port, folder=cloud.folder)
    return containers, f"run by {engine.version}{limits}"


def _check_ports(options: Options, containers: RealContainers | None) -> None:
    ports = {
        "--port": options.port,
        "--lightsail-port": options.lightsail_port,
        "--registry-port": options.registry_port,
        "--ecr-port": options.ecr_port,
        "--page-port": options.page_port,
    }
    if containers:
        ports["--web-port"] = containers.port
    refused: dict[str, list[tuple[int, str]]] = {}
    with ExitStack() as bound:
        for option, port in ports.items():
            try:
                # Listening, so that no two of them can be the same.
                bound.enter_context(bind(port)).listen()
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                refused.setdefault(reason, []).append((port, option))
    if refused:
        raise UpError("\n".join(_refused(reason, each) for reason, each in refused.items()))


def _refused(reason: str, each: Sequence[tuple[int, str]]) -> str:
    """Say that ports are refused for the same reason."""
    ports = ", ".join(str(port) for port, _ in each)
    options = ", ".join(option for _, option in each)
    if len(each) == 1:
        return f"cannot listen on port {ports}: {reason}; choose another one with {options}"
    return f"cannot listen on ports {ports}: {reason}; choose others with {options}"


def _warn_of_node() -> None:
    """Say so if the CDK command line will not run; the cloud itself does not need Node."""
    node = shutil.which("node")
    version = "none"
    if node is not None:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # nosec B603  # noqa: S603 - the user's own node
        version = shown.stdout.strip() or "one that does not run"
        major = re.match(r"v(\d+)", version)
        if major and int(major[1]) >= _NODE_MAJOR:
            return
    print(
        f"lightsail-local: warning: cdk needs Node.js {_NODE_MAJOR} or later, found {version}",
        file=sys.stderr,
    )


def _create_services(endpoints: Endpoints, names: Sequence[str]) -> None:
    if not names:
        return
    endpoints.enter()
    client = boto3.client("lightsail")
    with contextlib.closing(client):
        for name in names:
            try:
                client.create_container_service(serviceName=name, power="nano", scale=1)
            except ClientError as error:
                message = error.response["Error"]["Message"]
                raise UpError(f"cannot create the service {name}: {message}") from error


def _built(builder: ImageBuilder | None) -> str:
    """Return how images are built."""
    if builder is None:
        return f"not built, for none of {', '.join(ENGINES)} answers"
    where = " on another machine" if builder.is_remote else ""
    return f"built by {Path(builder.program).name}{where}"


def _introduction(
    endpoints: Endpoints, page: str, containers: str, builder: ImageBuilder | None, options: Options
) -> str:
    service = next(iter(options.services), "NAME")
    # `--port 0` has taken a free one.
    own = urlsplit(endpoints.engine).port
    port = "" if own == DEFAULT_PORT else f" --port {own}"
    services = ", ".join(options.services) or "none yet"
    return f"""\
The local cloud is up: account {endpoints.account}, region {endpoints.region}

  AWS        {endpoints.engine}   CloudFormation, Lambda, S3 and more
  Lightsail  {endpoints.lightsail}
  registry   {endpoints.registry}
  Amazon ECR {endpoints.ecr}
  page       {page}   shows in a browser what happens here
{_row("containers", containers)}
{_row("images", _built(builder))}
{_row("services", services)}

In another shell:

  eval "$(lightsail-local env{port})"
  digest=$(lightsail-local sample-image{port} hello)
  cdk bootstrap aws://{endpoints.account}/{endpoints.region}
  cdk deploy -c service_name={service} -c label=web -c digest=$digest

The last line is for the app of cdk-lightsail-containers' repository; in a
project of your own it is `cdk deploy`.

Ctrl-C ends it. Requests to Lightsail and its registry:
"""


def _row(name: str, text: str) -> str:
    """Return a row of a table, cut between words where it is too long."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"  {name:10} ",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )
