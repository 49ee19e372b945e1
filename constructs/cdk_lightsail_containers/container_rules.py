"""The rules for what a container runs with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from aws_cdk import SecretValue

from cdk_lightsail_containers_handler.properties.container import (
    check_container_image,
    check_port,
    check_protocol,
)
from cdk_lightsail_containers_handler.properties.rules import show

from .container_image import ContainerImage
from .container_secret import ContainerSecret
from .template_secrets import is_secret_reference, secrets_among
from .tokens import is_known, is_token

if TYPE_CHECKING:
    from constructs import Construct

# What has an equals sign is no name to a process; `Ref` and `Fn::Sub` are CloudFormation's own.
_VARIABLE = re.compile(r"(?!Ref\Z|Fn::)[^=\x00-\x1f\x7f]+")


def check_command(command: object) -> None:
    """Raise the `ValueError` that says what a command must be."""
    if not isinstance(command, list | tuple):
        raise ValueError(f"command must be a list of texts, got {show(command)}")  # noqa: TRY004 - one kind of error for a user
    for part in command:
        _check_no_secret(part, "a part of command")
        if not isinstance(part, str) and not is_token(part):
            raise ValueError(f"command must be a list of texts, got {show(part)} in it")


def check_environment(environment: object, secrets: object) -> None:
    """Raise the `ValueError` that says what environment variables must be, without their values."""
    for name, value in _variables(environment, "environment"):
        _check_value(value, f"environment[{name!r}]")
    for name, value in _variables(secrets, "secrets"):
        ContainerSecret.of(value, f"secrets[{name!r}]")
        if name in cast("Mapping[str, object]", environment):
            raise ValueError(f"a name must not be both in environment and secrets, got {name!r}")


def check_image(image: object) -> None:
    """Raise the `ValueError` that says what names the image of a container."""
    if isinstance(image, ContainerImage):
        path = image.node.path
        raise ValueError(f"image must be a text: hand in the image_name of {path!r}, got itself")  # noqa: TRY004 - one kind of error for a user
    if is_known(image):
        check_container_image(image, None)


def check_key(key: object, what: str) -> None:
    """Raise the `ValueError` that says that a template's keys are known when it is written."""
    if is_token(key):
        raise ValueError(f"{what} must be known when the app is synthesized, got a token")


def check_hides_no_secret(
    scope: Construct, command: Iterable[str], environment: Mapping[str, str]
) -> None:
    """Refuse a token in a container that hides a secret.

    CloudFormation puts it in the clear into the request, where nothing masks it.
    """
    values = {
        "a part of command": list(command),
        **{f"environment[{name!r}]": value for name, value in environment.items()},
    }
    for what, secret in secrets_among(scope, values):
        raise _refusal(what, secret)


def check_ports(ports: object) -> None:
    """Raise the `ValueError` that says which ports there are, and what is spoken on them."""
    if not isinstance(ports, Mapping):
        raise ValueError(f"ports must be protocols by port, got {show(ports)}")  # noqa: TRY004 - one kind of error for a user
    for port, protocol in ports.items():
        check_key(port, "a port")
        check_port(port)
        if is_known(protocol):
            check_protocol(protocol, f"ports[{port}]")


def _check_no_secret(value: object, what: str) -> None:
    if isinstance(value, SecretValue):
        raise _refusal(what, "a SecretValue")
    if is_secret_reference(value):
        raise _refusal(what, "a dynamic reference")


def _refusal(what: str, secret: str) -> ValueError:
    # Not the value: it may be the secret itself.
    return ValueError(
        f"{what} must not be a secret, got {secret}: pass it in `secrets=`, from AWS Secrets "
        "Manager or SSM"
    )


def _check_value(value: object, what: str) -> None:
    _check_no_secret(value, what)
    if not isinstance(value, str) and not is_token(value):
        raise ValueError(f"{what} must be a text, got a value of type {type(value).__name__!r}")


def _variables(variables: object, what: str) -> Iterable[tuple[str, object]]:
    if not isinstance(variables, Mapping):
        shown = type(variables).__name__
        raise ValueError(f"{what} must be values by name, got a value of type {shown!r}")  # noqa: TRY004 - one kind of error for a user
    for name in variables:
        check_key(name, f"a name in {what}")
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            rule = f"a name in {what} must be a text without '=' or control characters, not empty"
            raise ValueError(f"{rule}, and neither 'Ref' nor 'Fn::...', got {show(name)}")
    return variables.items()
