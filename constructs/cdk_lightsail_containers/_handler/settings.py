"""The rules of a function's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, SecretValue
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from cdk_lightsail_containers._checks import is_known, is_token
from cdk_lightsail_containers._template_secrets import is_secret_reference, secrets_among
from cdk_lightsail_containers_handler.properties.rules import BEYOND_TIMEOUT_SECONDS, show

if TYPE_CHECKING:
    from types import UnionType

    from constructs import Construct

TIMEOUT_SECONDS = (60, 900)
MEMORY_MIB = (128, 10240)
MOST_EXECUTIONS = 1_000_000
TRACES = (lambda_.Tracing.ACTIVE, lambda_.Tracing.PASS_THROUGH)
# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_PROXY = re.compile(r"(http://)?([^\s/@]+@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")


def longest_wait(timeout: Duration) -> Duration:
    """Return the greatest age of a request when the function starts it.

    AWS Lambda repeats a killed invocation after one minute, and again after two more. An invocation
    that reached its timeout has answered shortly before, so it needs no repetition.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    seconds = TIMEOUT_SECONDS[0] if timeout.is_unresolved() else int(timeout.to_seconds())
    return Duration.seconds(seconds + BEYOND_TIMEOUT_SECONDS)


def check_environment(scope: Construct, environment: object, *, is_synthesis: bool = False) -> None:
    """Check the environment variables of the function itself."""
    if not isinstance(environment, Mapping):
        shown = type(environment).__name__
        raise ValueError(f"environment must be a mapping of name to string, got a {shown}")
    for name, value in environment.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            rule = "a name in environment must be letters, digits and _, at least two of them, and "
            raise ValueError(f"{rule}begin with a letter, got {show(name)}")
        what = f"environment[{name!r}]"
        secrets = list(secrets_among(scope, {name: value}, is_synthesis=is_synthesis))
        if isinstance(value, SecretValue) or is_secret_reference(value) or secrets:
            # The message must not show the value, which may be the secret itself.
            raise ValueError(
                f"{what} must not be a secret: everyone who may read the function's configuration "
                "sees it"
            )
        if not isinstance(value, str) and not is_token(value):
            kind = type(value).__name__
            raise ValueError(f"{what} must be a string, got a value of type {kind!r}")
        is_proxy = name.upper() == "HTTPS_PROXY" and value and is_known(value)
        if is_proxy and not _PROXY.fullmatch(value):
            without_login = value.rpartition("@")[2]
            raise ValueError(
                f"{what} must be an address such as http://proxy:3128, got {show(without_login)}"
            )


def check_has(value: object, what: str, attribute: str, shown: str) -> None:
    """Check that a value, if there is one, has the attribute of its interface."""
    if value is not None and (isinstance(value, type) or not hasattr(value, attribute)):
        raise ValueError(f"{what} must be {shown}, got {show(value)}")


def check_network(*, vpc: object, vpc_subnets: object, security_groups: object) -> None:
    """Check that a function in a VPC has private subnets."""
    if vpc is None:
        if vpc_subnets is not None or security_groups is not None:
            raise ValueError("vpc_subnets and security_groups need a vpc, got none")
        return
    if not hasattr(vpc, "vpc_id"):
        raise ValueError(f"vpc must be an IVpc such as ec2.Vpc, got {show(vpc)}")
    check_type(vpc_subnets, "vpc_subnets", ec2.SubnetSelection | dict, "an aws_ec2.SubnetSelection")
    # A function in a public subnet reaches nothing outside the VPC.
    if vpc_subnets is None and cast("ec2.IVpc", vpc).select_subnets().has_public:
        path = cast("ec2.IVpc", vpc).node.path
        raise ValueError(f"vpc must have private subnets, got {path!r}, which has only public ones")
    if getattr(vpc_subnets, "subnet_type", None) is ec2.SubnetType.PUBLIC:
        raise ValueError("vpc_subnets must be private, got SubnetType.PUBLIC")
    if security_groups is not None and not _are_security_groups(security_groups):
        rule = "security_groups must be a list of ISecurityGroups such as ec2.SecurityGroup"
        raise ValueError(f"{rule}, got {show(security_groups)}")


def _are_security_groups(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        hasattr(group, "security_group_id") for group in value
    )


def check_type(value: object, what: str, kind: type | UnionType, shown: str) -> None:
    """Check that a value, if there is one, is of a type."""
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"{what} must be {shown}, got {show(value)}")
