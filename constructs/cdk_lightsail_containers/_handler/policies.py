"""The permissions that a resource needs, as statements of a policy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from cdk_lightsail_containers._checks import is_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from constructs import Construct

STACK_READS = ("cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks")
"""Whether the stack of a request is rolling back, and to which state."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MAX_CHARACTERS = 10_240
_LONGEST_NAME = 128
_SHORTEST_REGION = "us-east-1"
_ACCOUNT = "111122223333"


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """What the function may do for one resource.

    Args:
        changes: actions on the container service.
        reads: actions that accept no resource, see
            https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlightsail.html
        stack_reads: actions on the resource's stack, in addition to `STACK_READS`.
        hands_over: whether the function may continue in another invocation.
    """

    changes: Sequence[str]
    reads: Sequence[str]
    stack_reads: Sequence[str] = ()
    hands_over: bool

    def on(self, service_arn: str) -> list[iam.PolicyStatement]:
        """Return the statements for a container service."""
        # As few as possible: the policies of a role share 10,240 characters.
        return [
            iam.PolicyStatement(actions=[*self.changes], resources=[service_arn]),
            iam.PolicyStatement(actions=[*self.reads], resources=["*"]),
        ]


_IMAGE_CHANGES = ("lightsail:DeleteContainerImage", "lightsail:RegisterContainerImage")
_IMAGE_READS = ("lightsail:GetContainerImages", "lightsail:GetContainerServices")
# Whether another resource of the stack represents an image that is to be deleted.
_IMAGE_STACK_READS = ("cloudformation:ListStackResources",)

REGISTER_IMAGE = Permissions(
    changes=_IMAGE_CHANGES,
    reads=_IMAGE_READS,
    stack_reads=_IMAGE_STACK_READS,
    hands_over=False,
)
"""Register, find and delete an image of a container service."""

PUSH_IMAGE = Permissions(
    changes=_IMAGE_CHANGES,
    reads=(*_IMAGE_READS, "lightsail:CreateContainerServiceRegistryLogin"),
    stack_reads=_IMAGE_STACK_READS,
    hands_over=True,
)
"""Push an image first, which may take several invocations."""

DEPLOY = Permissions(
    changes=("lightsail:CreateContainerServiceDeployment",),
    reads=(
        "lightsail:GetContainerLog",
        "lightsail:GetContainerServiceDeployments",
        "lightsail:GetContainerServices",
    ),
    hands_over=True,
)
"""Deploy to a container service and wait for the result, which may take several invocations."""


def validate_certificate() -> list[iam.PolicyStatement]:
    """Return the statements to find a certificate's records and its state."""
    return [iam.PolicyStatement(actions=["lightsail:GetCertificates"], resources=["*"])]


def change_hosted_zone(zone_arn: str, domain_names: Sequence[str]) -> list[iam.PolicyStatement]:
    """Return the statements to write the validation records of domain names, and no other ones.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
    """
    key = "route53:ChangeResourceRecordSets"
    return [
        iam.PolicyStatement(actions=["route53:ListResourceRecordSets"], resources=[zone_arn]),
        iam.PolicyStatement(
            actions=["route53:ChangeResourceRecordSets"],
            resources=[zone_arn],
            conditions={
                "ForAllValues:StringEquals": {
                    f"{key}Actions": ["CREATE", "DELETE"],
                    f"{key}RecordTypes": ["CNAME", "TXT"],
                },
                "ForAllValues:StringLike": {
                    f"{key}NormalizedRecordNames": [f"_*.{name}" for name in domain_names]
                },
            },
        ),
    ]


def change_lightsail_zone(scope: Construct) -> list[iam.PolicyStatement]:
    """Return the statements to change the entries of Lightsail's zones.

    Their ARNs end in an id that Lightsail generates, and name no Region.
    """
    arn = Stack.of(scope).format_arn(
        service="lightsail",
        region="*",
        resource="Domain",
        resource_name="*",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    return [
        iam.PolicyStatement(actions=["lightsail:GetDomain"], resources=["*"]),
        iam.PolicyStatement(
            actions=["lightsail:CreateDomainEntry", "lightsail:DeleteDomainEntry"],
            resources=[arn],
        ),
    ]


def invoke(function_arn: str) -> iam.PolicyStatement:
    """Return the statement that allows to invoke a function."""
    return iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function_arn])


def read_stack(scope: Construct, actions: Sequence[str]) -> iam.PolicyStatement:
    """Return the statement that allows to read the stack of a construct."""
    return iam.PolicyStatement(actions=list(actions), resources=[Stack.of(scope).stack_id])


def network_interfaces() -> iam.PolicyStatement:
    """Return the statement that a function in a VPC needs.

    The managed policy for this also allows to write logs.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    return iam.PolicyStatement(
        actions=[
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        resources=["*"],
        # For AWS Lambda itself, not for the function's code: calls of the code carry the ARN of
        # the function. https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
        conditions={"Null": {"lambda:SourceFunctionArn": "true"}},
    )


def policy_name(name: str, scope: Construct) -> str:
    """Return the name of a policy of a construct; of one that is too long, a part and a hash.

    The CDK's own, the logical id, is not unique among the stacks that share a role.
    """
    end = f"-{scope.node.addr}"
    longest = _LONGEST_NAME - len(end)
    if len(name) > longest:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: longest - 9]}-{digest}"
    return name + end


def check_role_size(policies: Iterable[iam.Policy]) -> None:
    """Check that the policies of a role fit into IAM's quota."""
    size = sum(map(_size, policies))
    if size > _MAX_CHARACTERS:
        raise ValueError(
            f"the policies of a function's role must have {_MAX_CHARACTERS} characters at most, "
            f"got {size}: pass another Handler with another role to some images and deployments"
        )


def _size(policy: iam.Policy) -> int:
    """Return how many characters IAM counts in a policy: all except white space."""
    stack = Stack.of(policy)
    region = _SHORTEST_REGION if is_token(stack.region) else stack.region
    document = _filled_in(stack.resolve(policy.document), region)
    return len(json.dumps(document, separators=(",", ":")))


def _filled_in(value: object, region: str) -> object:
    """Return a part of a template with a string of typical length for each unknown value.

    The lengths are low estimates, so that a policy that fits is never refused.
    """
    filled = value
    match value:
        case list():
            filled = [_filled_in(part, region) for part in value]
        case {"Ref": "AWS::Partition"}:
            filled = "aws"
        case {"Ref": "AWS::Region"}:
            filled = region
        case {"Ref": "AWS::AccountId"}:
            filled = _ACCOUNT
        case {"Ref": _}:
            filled = f"arn:aws:secretsmanager:{region}:{_ACCOUNT}:secret:{'x' * 8}"
        case {"Fn::Sub": text}:
            filled = text
        case {"Fn::Join": [separator, [*parts]]}:
            filled = str(separator).join(str(_filled_in(part, region)) for part in parts)
        case {"Fn::GetAtt": [_, "Arn"]}:
            filled = f"arn:aws:lambda:{region}:{_ACCOUNT}:function:{'x' * 55}"
        case {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
            filled = f"arn:aws:lightsail:{region}:{_ACCOUNT}:ContainerService/{'x' * 36}"
        case dict():
            filled = {name: _filled_in(part, region) for name, part in value.items()}
    return filled
