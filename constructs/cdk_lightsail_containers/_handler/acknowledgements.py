"""Acknowledgments of what checks such as cdk-nag report about the handler."""

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import Construct, IConstruct

from cdk_lightsail_containers._checks import is_token


def acknowledge_runtime(scope: Construct) -> None:
    """Acknowledge that the function's runtime is not the newest."""
    _acknowledge(
        scope,
        "AwsSolutions-L1",
        "AWS Lambda supports Python 3.13 until 2029; a newer one comes with a release of this "
        "library that was tested on it.",
    )


def acknowledge_lightsail(scope: Construct) -> None:
    """Acknowledge the actions of a resource's policy that are allowed on all resources."""
    _acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::*]",
        "These actions accept no resource: Lightsail's Get operations, and the logins of its "
        "registry and of Amazon ECR.",
    )


def acknowledge_domains(scope: Construct) -> None:
    """Acknowledge what a policy for certificates and DNS records allows on more than one."""
    partition, _, account = _place(scope)
    _acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::*]",
        "These actions accept no resource: Lightsail's Get operations.",
    )
    _acknowledge(
        scope,
        f"AwsSolutions-IAM5[Resource::arn:{partition}:lightsail:*:{account}:Domain/*]",
        "Only the zone's name is known, and Lightsail's ARNs do not contain it.",
    )


def acknowledge_role(scope: IConstruct) -> None:
    """Acknowledge the actions of the function's role that are allowed on all resources."""
    _acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::*]",
        "These actions accept no resource: the login of Amazon ECR, for a function in a VPC those "
        "on network interfaces, and those of AWS X-Ray.",
    )


def acknowledge_every_service(scope: Construct) -> None:
    """Acknowledge that the function may change every container service of the account."""
    partition, region, account = _place(scope)
    _acknowledge(
        scope,
        f"AwsSolutions-IAM5[Resource::arn:{partition}:lightsail:{region}:{account}:ContainerService/*]",
        "Only the service's name is known, and Lightsail's ARNs do not contain it.",
    )


def _place(scope: Construct) -> tuple[str, str, str]:
    """Return partition, Region and account as cdk-nag writes them in an ARN."""
    stack = Stack.of(scope)
    return (
        "<AWS::Partition>" if is_token(stack.partition) else stack.partition,
        "<AWS::Region>" if is_token(stack.region) else stack.region,
        "<AWS::AccountId>" if is_token(stack.account) else stack.account,
    )


def _acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    Validations.of(scope).acknowledge(Acknowledgment(id=rule, reason=reason))
