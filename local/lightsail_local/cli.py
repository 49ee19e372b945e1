"""The command `lightsail-local`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said here, or an import below says less
    sys.exit(f"lightsail-local: needs Python 3.11 or later, this is {sys.version.split()[0]}")

import argparse
import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shlex
import webbrowser
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import urlsplit

from lightsail_local.behaviour.behaviour_option import behaviour_help, parse_behaviour
from lightsail_local.behaviour.failure import Failure
from lightsail_local.containers.container_engine import ENGINES
from lightsail_local.endpoints import (
    DEFAULT_ECR_PORT,
    DEFAULT_LIGHTSAIL_PORT,
    DEFAULT_PAGE_PORT,
    DEFAULT_PORT,
    DEFAULT_REGION,
    DEFAULT_REGISTRY_PORT,
    DEFAULT_WEB_PORT,
    Endpoints,
)
from lightsail_local.running_clouds import running_clouds
from lightsail_local.status import read_state, status_lines

if TYPE_CHECKING:
    from io import TextIOWrapper

_PROGRAM = "lightsail-local"
_DISTRIBUTION = "cdk-lightsail-containers"
_HIGHEST_PORT = 65535
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_EXTRA = ("aiohttp", "boto3", "ministack")
_DESCRIPTION = """\
A local cloud for `cdk deploy`: Lightsail's container services with their
registry, and CloudFormation, Lambda, S3 and the rest beside them. It needs no
account, and listens on this computer only. What you deploy runs if there is
Docker or another engine, and is simulated if there is none."""
_EXAMPLES = """\
examples:
  lightsail-local up --service shop
      run a cloud with a container service; then, in another shell:
  eval "$(lightsail-local env)"
      have cdk, boto3 and aws in this shell talk to it, and to nothing else
  lightsail-local sample-image hello
      push a small image, and print the digest to deploy
  lightsail-local sample-image --fails crash hello
      one that fails when it is deployed, to see what becomes of it
  lightsail-local logs -f shop
      show what the containers of shop log, as it comes
  lightsail-local up --behaviour service_seconds=60 --behaviour latest=resolved
      a slow Lightsail, with another choice where AWS does not say how it behaves"""


class CommandError(RuntimeError):
    """What is said on standard error before the command ends with 1."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What stands after the command's name; None takes the process's own.

    Returns:
        The exit code: 0, or 1 after a line or two on standard error.
    """
    options = _parser().parse_args(arguments)
    _show_all_characters()
    try:
        options.run(options)
        # Here, where an error gets a message, and not when Python ends.
        print(end="", flush=True)
    except CommandError as error:
        print(f"{_PROGRAM}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # Of `lightsail-local logs shop | head` there is nothing to tell.
        if not isinstance(error, BrokenPipeError):
            print(f"{_PROGRAM}: {error}", file=sys.stderr)
        # Python would complain again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _show_all_characters() -> None:
    """Write a character that the terminal lacks as its number: it is no error."""
    # Where there is no standard output, as after `>&-`, nothing can be set.
    with contextlib.suppress(AttributeError):
        output = cast("TextIOWrapper", sys.stdout)
        if output.errors == "strict":  # else Python has chosen what keeps names of files
            output.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=raw
    )
    version = f"{_PROGRAM} {importlib.metadata.version(_DISTRIBUTION)}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    up = _command(commands, "up", _up, "run a cloud until Ctrl-C, and show its requests")
    up.formatter_class, up.epilog = raw, behaviour_help()
    ports = {
        "--port": (DEFAULT_PORT, "CloudFormation, Lambda, S3 and the rest"),
        "--lightsail-port": (DEFAULT_LIGHTSAIL_PORT, "Lightsail's API"),
        "--registry-port": (DEFAULT_REGISTRY_PORT, "Lightsail's registry"),
        "--ecr-port": (DEFAULT_ECR_PORT, "Amazon ECR's registry"),
        "--page-port": (DEFAULT_PAGE_PORT, "the page that shows what happens"),
        "--web-port": (DEFAULT_WEB_PORT, "the URLs of container services, if they run"),
    }
    for option, (default, service) in ports.items():
        up.add_argument(
            option,
            type=_port,
            default=default,
            metavar="PORT",
            help=f"the port of {service}, 0 for a free one (default: %(default)s)",
        )
    up.add_argument(
        "--engine",
        choices=("auto", *ENGINES, "none"),
        default="auto",
        help="what runs the containers: auto takes the first one that works, none simulates "
        "them (default: %(default)s)",
    )
    up.add_argument(
        "--region",
        type=_region,
        default=DEFAULT_REGION,
        help="the Region to simulate (default: %(default)s)",
    )
    up.add_argument(
        "--service",
        action="append",
        default=[],
        type=_service,
        metavar="NAME",
        help="create a container service of that name; may be repeated",
    )
    up.add_argument(
        "--behaviour",
        action="append",
        default=[],
        type=parse_behaviour,
        metavar="KEY=VALUE",
        help="how Lightsail behaves, see below; may be repeated",
    )

    env = _command(commands, "env", _env, "print variables that lead cdk, boto3 and aws to it")
    image = _command(commands, "sample-image", _sample_image, "push an image, print its digest")
    image.add_argument("text", type=_utf8, metavar="TEXT", help="the text of the image's web page")
    image.add_argument(
        "--fails", choices=get_args(Failure), help="how it fails when it is deployed"
    )
    status = _command(
        commands, "status", _status, "show the container services, and why deployments failed"
    )
    logs = _command(commands, "logs", _logs, "show what the containers of a service have logged")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    opened = _command(commands, "open", _open, "open a container service's URL in your browser")
    for command in (logs, opened):
        command.add_argument(
            "service", type=_service, metavar="SERVICE", help="the container service's name"
        )
    docker = _command(commands, "docker", _docker, "build as docker does, push to the local cloud")
    docker.add_argument("--engine", default="docker", help="the engine's program (default: docker)")
    for option in ("--registry", "--folder"):  # given by the program that CDK_DOCKER names
        docker.add_argument(option, help=argparse.SUPPRESS)
    docker.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="as of docker")
    for command in (env, image, status, logs, opened, docker):
        command.add_argument(
            "--port", type=_port, help="the port given to `up`, if several clouds are running"
        )
    return parser


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    sentence = f"{text[0].upper()}{text[1:]}."
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=sentence)
    parser.set_defaults(run=run)
    return parser


def _up(options: argparse.Namespace) -> None:
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(
            f"{', '.join(missing)} not installed: pip install '{_DISTRIBUTION}[local]'"
        )
    # Imported once what they need is known to be there.
    from lightsail_local.up import Options, UpError, up  # noqa: PLC0415

    try:
        up(
            Options(
                port=options.port,
                lightsail_port=options.lightsail_port,
                registry_port=options.registry_port,
                ecr_port=options.ecr_port,
                page_port=options.page_port,
                web_port=options.web_port,
                engine=options.engine,
                region=options.region,
                services=options.service,
                behaviour=dict(options.behaviour),
            )
        )
    except UpError as error:
        raise CommandError(str(error)) from error


def _env(options: argparse.Namespace) -> None:
    endpoints = _running(options.port)
    for name in endpoints.conflicting(os.environ):
        print(f"unset {name}")
    for name, value in endpoints.environment(os.environ).items():
        print(f"export {name}={shlex.quote(value)}")


def _sample_image(options: argparse.Namespace) -> None:
    endpoints = _running(options.port)
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in _up

    from lightsail_local.samples.sample_image import push_sample_image  # noqa: PLC0415

    endpoints.enter()
    try:
        digest = push_sample_image(
            endpoints.lightsail, options.text, fails=options.fails, region=endpoints.region
        )
        print(digest)
    except ClientError as error:
        raise CommandError(error.response["Error"]["Message"]) from error
    except OSError as error:
        raise CommandError(f"cannot push the image: {error}") from error


def _status(options: argparse.Namespace) -> None:
    page = _running(options.port).page
    try:
        state = read_state(page)
    except (OSError, HTTPException) as error:
        raise CommandError(f"the cloud does not answer: {error}") from error
    for line in status_lines(state):
        print(line)


def _logs(options: argparse.Namespace) -> None:
    with _looking(options.port) as services:
        for line in services.log(options.service, follow=options.follow):
            print(line, flush=True)


def _open(options: argparse.Namespace) -> None:
    with _looking(options.port) as services:
        url = services.url(options.service)
    if urlsplit(url).scheme != "http":
        raise CommandError(
            "the cloud simulates containers, so no URL answers; run "
            f"`{_PROGRAM} up` where docker, podman, nerdctl or finch starts containers"
        )
    print(url)
    webbrowser.open(url)


def _docker(options: argparse.Namespace) -> None:
    registry, folder = options.registry, options.folder
    if registry is None:
        endpoints = _running(options.port)
        registry, folder = endpoints.ecr, endpoints.clients
    from lightsail_local.ecr.docker_program import (  # noqa: PLC0415 - as in _up
        DockerProgram,
        DockerProgramError,
    )

    if not options.words:
        raise CommandError("give a command of docker, such as `build`")
    program = DockerProgram(options.engine, registry, Path(folder))
    try:
        status = program.run(options.words)
    except DockerProgramError as error:
        raise CommandError(str(error)) from error
    if status:
        raise SystemExit(status)


@contextlib.contextmanager
def _looking(port: int | None) -> Iterator[Any]:
    """Give the services of a running cloud, and say what Lightsail says of a wrong name."""
    endpoints = _running(port)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in _up

    from lightsail_local.looking import RunningServices  # noqa: PLC0415

    endpoints.enter()
    try:
        with contextlib.closing(RunningServices()) as services:
            yield services
    except ClientError as error:
        raise CommandError(error.response["Error"]["Message"]) from error
    except BotoCoreError as error:
        raise CommandError(f"the cloud does not answer: {error}") from error


def _running(port: int | None) -> Endpoints:
    clouds = running_clouds()
    if port is not None and port not in clouds:
        raise CommandError(f"no cloud on port {port}; run `{_PROGRAM} up --port {port}` first")
    if not clouds:
        raise CommandError(f"no cloud is running; run `{_PROGRAM} up` first, in another shell")
    if port is None and len(clouds) > 1:
        ports = ", ".join(map(str, clouds))
        raise CommandError(f"several clouds are running; choose one with --port: {ports}")
    return clouds[port] if port is not None else next(iter(clouds.values()))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(
            f"a port is a number from 0 to {_HIGHEST_PORT}, got {text!r}"
        )
    return int(text)


def _service(text: str) -> str:
    # Lightsail says what else is wrong with a name; with this one boto3 would not ask it.
    if not text:
        raise argparse.ArgumentTypeError(
            f"the name of a container service, such as shop, is not empty, got {text!r}"
        )
    return text


def _utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:  # of bytes that the shell has handed on
        raise argparse.ArgumentTypeError(f"TEXT is to be UTF-8, got {text!r}") from error
    return text


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"a region matches {_REGION.pattern}, as {DEFAULT_REGION} does, got {text!r}"
        )
    return text
