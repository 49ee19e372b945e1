"""What checks such as cdk-nag find in the handler, and why it is as it is."""

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import Construct

from .tokens import is_token


def acknowledge_runtime(scope: Construct) -> None:
    """Say why the function's runtime is not the newest."""
    _acknowledge(
        scope,
        "AwsSolutions-L1",
        "AWS Lambda supports Python 3.13 until 2029; a newer one comes with a release of this "
        "library that was tested on it.",
    )


def acknowledge_lightsail(scope: Construct) -> None:
    """Say why some actions of a resource's policy are allowed on everything."""
    _acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::*]",
        "These actions accept no resource: Lightsail's Get operations, and the logins of its "
        "registry and of Amazon ECR.",
    )


def acknowledge_role(scope: Construct) -> None:
    """Say why some actions of the function's role are allowed on everything."""
    _acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::*]",
        "These actions accept no resource: the login of Amazon ECR, and for a function in a VPC "
        "those on network interfaces.",
    )


def acknowledge_every_service(scope: Construct) -> None:
    """Say why the images and deployments of every container service may be changed."""
    stack = Stack.of(scope)
    # As cdk-nag writes them.
    region = "<AWS::Region>" if is_token(stack.region) else stack.region
    account = "<AWS::AccountId>" if is_token(stack.account) else stack.account
    _acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::arn:"
        f"<AWS::Partition>:lightsail:{region}:{account}:ContainerService/*]",
        "Only the service's name is known, and Lightsail's ARNs do not contain it.",
    )


def _acknowledge(scope: Construct, rule: str, reason: str) -> None:
    Validations.of(scope).acknowledge(Acknowledgment(id=rule, reason=reason))
