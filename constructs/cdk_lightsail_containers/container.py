"""A container of a deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import SecretValue

from cdk_lightsail_containers_handler.properties.container import (
    ContainerProperty,
    PortProtocol,
    check_container_image,
    check_port,
    check_protocol,
)
from cdk_lightsail_containers_handler.properties.rules import show

from ._checks import is_known, is_token
from ._template_secrets import is_secret_reference, secrets_among
from .container_image import ContainerImage
from .container_secret import ContainerSecret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm
    from constructs import Construct

# A process cannot have a name with an equals sign; `Ref` and `Fn::Sub` belong to CloudFormation.
_VARIABLE = re.compile(r"(?!Ref\Z|Fn::)[^=\x00-\x1f\x7f]+")


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that a deployment runs on every node of a container service.

    https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_Container.html

    Args:
        image: a `ContainerImage` of the same container service, or the name of a linux/amd64 image:
            `:service.label.N`; `registry/repository:tag` in a public registry, such as
            `nginx:1.27`, or in a private repository of Amazon ECR that the service may pull from. A
            tag that moves to another image does not cause a new deployment: use a digest or a
            `ContainerImage`.
        ports: a mapping of open port, 1 to 65535, to `PortProtocol` or its name. The containers of
            the service reach each other on these ports; the internet reaches only the public
            endpoint. A port cannot be a token. Default: none.
        environment: a mapping of name to string: environment variables that are not secret. They
            are in the template and in the deployment: pass secrets in `secrets`. A secret behind a
            token, such as a NoEcho parameter, is refused. A name cannot be a token. Default: none.
        command: the command to run, a list of strings that are not secret. Default: the image's
            own command.
        secrets: a mapping of name to secret: environment variables whose values the function reads
            when it deploys. A secret is a `ContainerSecret`, or a secret of AWS Secrets Manager or
            a parameter of SSM, used as a whole. Default: none.

    Raises:
        ValueError: a value breaks its rule, or a name is in both `environment` and `secrets`. The
            message shows no value of either.
    """

    image: str | ContainerImage
    ports: Mapping[int, PortProtocol | str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: Sequence[str] = ()
    secrets: Mapping[str, ContainerSecret | secretsmanager.ISecret | ssm.IParameter] = field(
        default_factory=dict, repr=False
    )

    def __post_init__(self) -> None:
        _check_image(self.image)
        _check_ports(self.ports)
        _check_command(self.command)
        for name, value in _variables(self.environment, "environment"):
            _check_string(value, f"environment[{name!r}]")
        for name, value in _variables(self.secrets, "secrets"):
            ContainerSecret.of(value, f"secrets[{name!r}]")
            if name in self.environment:
                raise ValueError(
                    f"a name must not be in both environment and secrets, got {name!r}"
                )

    @property
    def image_name(self) -> str:
        """The name of the image."""
        image = self.image
        return image.image_name if isinstance(image, ContainerImage) else image

    def bind(self, handler: iam.IGrantable) -> Mapping[str, object]:
        """Grant the handler to read the secrets, and return the resource properties.

        Args:
            handler: the function that deploys, or a principal that stands for its role.
        """
        parts = {
            ContainerProperty.COMMAND: list(self.command),
            ContainerProperty.ENVIRONMENT: dict(self.environment),
            # In JSON every key is a string.
            ContainerProperty.PORTS: {str(port): what for port, what in self.ports.items()},
            ContainerProperty.SECRETS: {
                name: ContainerSecret.of(value, name).bind(handler)
                for name, value in self.secrets.items()
            },
        }
        return {
            ContainerProperty.IMAGE: self.image_name,
            **{name: part for name, part in parts.items() if part},
        }


def check_key(key: object, what: str) -> None:
    """Check that a key of a template is known when the template is written."""
    if is_token(key):
        raise ValueError(f"{what} must be known when the app is synthesized, got a token")


def reject_secrets(scope: Construct, container: Container, *, is_synthesis: bool = False) -> None:
    """Check that no token in a container's command or environment contains a secret.

    CloudFormation sends such a secret to the function in clear text, where nothing masks it.
    """
    values = {
        "a part of command": list(container.command),
        **{f"environment[{name!r}]": value for name, value in container.environment.items()},
    }
    for what, secret in secrets_among(scope, values, is_synthesis=is_synthesis):
        raise _secret_refused(what, secret)


def _check_image(image: object) -> None:
    if isinstance(image, ContainerImage) or not is_known(image):
        return
    if not isinstance(image, str):
        raise ValueError(f"image must be a ContainerImage or an image name, got {show(image)}")
    check_container_image(image, None)


def _check_ports(ports: object) -> None:
    if not isinstance(ports, Mapping):
        raise ValueError(f"ports must be a mapping of port to PortProtocol, got {show(ports)}")
    for port, protocol in ports.items():
        check_key(port, "a port")
        check_port(port)
        if is_known(protocol):
            check_protocol(protocol, f"ports[{port}]")


def _check_command(command: object) -> None:
    if not isinstance(command, list | tuple):
        raise ValueError(f"command must be a list of strings, got {show(command)}")
    for part in command:
        _check_not_secret(part, "a part of command")
        if not isinstance(part, str) and not is_token(part):
            raise ValueError(f"command must be a list of strings, got {show(part)} in it")


def _variables(variables: object, what: str) -> Iterable[tuple[str, object]]:
    """Return the items of a mapping after a check of its names."""
    if not isinstance(variables, Mapping):
        shown = type(variables).__name__
        raise ValueError(f"{what} must be a mapping of name to value, got a {shown}")
    for name in variables:
        check_key(name, f"a name in {what}")
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            rule = f"a name in {what} must be a non-empty string without '=' or control characters"
            raise ValueError(f"{rule}, and neither 'Ref' nor 'Fn::...', got {show(name)}")
    return variables.items()


def _check_string(value: object, what: str) -> None:
    _check_not_secret(value, what)
    if not isinstance(value, str) and not is_token(value):
        raise ValueError(f"{what} must be a string, got a value of type {type(value).__name__!r}")


def _check_not_secret(value: object, what: str) -> None:
    if isinstance(value, SecretValue):
        raise _secret_refused(what, "a SecretValue")
    if is_secret_reference(value):
        raise _secret_refused(what, "a dynamic reference")


def _secret_refused(what: str, secret: str) -> ValueError:
    # The message must not show the value, which may be the secret itself.
    return ValueError(
        f"{what} must not be a secret, got {secret}: pass it in `secrets=`, from AWS Secrets "
        "Manager or SSM"
    )
