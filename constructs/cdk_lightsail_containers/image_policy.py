"""What the function may do for one image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Token
from aws_cdk import aws_iam as iam

from .findings import acknowledge_every_service, acknowledge_lightsail
from .image_rules import service_name_of

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from .handler import Handler


def image_policy(
    scope: Construct, handler: Handler, service: IContainerRef, *, is_pushed: bool
) -> iam.Policy:
    """Allow a handler to register, find and delete an image of a container service.

    CloudFormation has an image deleted after it has updated what stays in the stack. Permissions
    that shrink with an update, as those of a policy that images share, would be gone by then. A
    policy that belongs to the image goes after it, when the image's resource depends on it.

    Args:
        scope: the image.
        handler: the function that registers it.
        service: the container service.
        is_pushed: allow to push it, too, and to go on with that in another invocation.
    """
    name = service_name_of(service)
    # With an image that moves to another service the policy for the one before has to stay as
    # long: the id names the service, so that another service is another policy.
    service_id = service.node.addr if Token.is_unresolved(name) else name
    policy = iam.Policy(
        scope,
        f"Policy-{service_id}",
        # By default the logical id, which an image in another stack of the same role may share.
        policy_name=f"{service_id}-{scope.node.addr}",
        roles=[handler.role],
        statements=_statements(handler, service, is_pushed=is_pushed),
    )
    acknowledge_lightsail(policy)
    if service.container_ref.container_arn.endswith("/*"):
        acknowledge_every_service(policy)
    return policy


def _statements(
    handler: Handler, service: IContainerRef, *, is_pushed: bool
) -> list[iam.PolicyStatement]:
    # As few as can be: the policies of a role share 10,240 characters.
    registers = iam.PolicyStatement(
        actions=["lightsail:DeleteContainerImage", "lightsail:RegisterContainerImage"],
        resources=[service.container_ref.container_arn],
    )
    # Lightsail's Get operations and its registry login accept no resource, see
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlightsail.html
    reads = iam.PolicyStatement(
        actions=["lightsail:GetContainerImages", "lightsail:GetContainerServices"], resources=["*"]
    )
    if not is_pushed:
        return [registers, reads]
    reads.add_actions("lightsail:CreateContainerServiceRegistryLogin")
    hands_over = iam.PolicyStatement(
        actions=["lambda:InvokeFunction"], resources=[handler.function.function_arn]
    )
    return [registers, reads, hands_over]
