"""The rules for the settings of the function, checked before it has any child."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from cdk_lightsail_containers_handler.properties.rules import check_number, show

from .seconds import check_seconds
from .tokens import is_token

if TYPE_CHECKING:
    from types import UnionType

TIMEOUT_SECONDS = (60, 900)
_MEMORY_MIB = (128, 10240)


def check_settings(
    *, architecture: object, log_retention: object, memory_size: object, timeout: object
) -> None:
    """Raise the `ValueError` that says what settings a function may have."""
    _check_type(architecture, "architecture", lambda_.Architecture, "an aws_lambda.Architecture")
    _check_type(log_retention, "log_retention", logs.RetentionDays, "one of aws_logs.RetentionDays")
    if not is_token(memory_size):
        check_number(memory_size, "memory_size, in MiB,", *_MEMORY_MIB)
    check_seconds(timeout, "timeout", *TIMEOUT_SECONDS)


def check_network(*, vpc: object, vpc_subnets: object, security_groups: object) -> None:
    """Raise the `ValueError` that says what a function in a VPC must have."""
    if vpc is None:
        if vpc_subnets is not None or security_groups is not None:
            raise ValueError("vpc_subnets and security_groups need a vpc, got none")
        return
    if not hasattr(vpc, "vpc_id"):
        raise ValueError(f"vpc must be an IVpc such as ec2.Vpc, got {show(vpc)}")
    _check_type(
        vpc_subnets, "vpc_subnets", ec2.SubnetSelection | dict, "an aws_ec2.SubnetSelection"
    )
    # From a public subnet a function reaches nothing outside of the VPC.
    if vpc_subnets is None and cast("ec2.IVpc", vpc).select_subnets().has_public:
        path = cast("ec2.IVpc", vpc).node.path
        raise ValueError(f"vpc must have private subnets, got {path!r}, which has public ones only")
    if getattr(vpc_subnets, "subnet_type", None) is ec2.SubnetType.PUBLIC:
        raise ValueError("vpc_subnets must be private ones, got SubnetType.PUBLIC")
    if security_groups is not None and not _are_security_groups(security_groups):
        rule = "security_groups must be a list of ISecurityGroups such as ec2.SecurityGroup"
        raise ValueError(f"{rule}, got {show(security_groups)}")


def _are_security_groups(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        hasattr(group, "security_group_id") for group in value
    )


def _check_type(value: object, what: str, kind: type | UnionType, shown: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"{what} must be {shown}, got {show(value)}")
