"""What the function may do for one image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .service_policy import service_policy
from .stack_status import IMAGE_STACK_READS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from .handler import Handler


def image_policy(
    scope: Construct,
    handler: Handler,
    service: IContainerRef,
    *,
    is_pushed: bool,
    grants: Sequence[iam.PolicyStatement],
) -> iam.Policy:
    """Allow a handler to register, find and delete an image of a container service.

    Args:
        scope: the image.
        handler: the function that registers it.
        service: the container service.
        is_pushed: allow to push it, too, and to go on with that in another invocation.
        grants: what reading its source takes.
    """
    # Lightsail's Get operations and its registry login accept no resource, see
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlightsail.html
    reads = ["lightsail:GetContainerImages", "lightsail:GetContainerServices"]
    return service_policy(
        scope,
        handler,
        service,
        changes=["lightsail:DeleteContainerImage", "lightsail:RegisterContainerImage"],
        reads=[*reads, "lightsail:CreateContainerServiceRegistryLogin"] if is_pushed else reads,
        stack_reads=IMAGE_STACK_READS,
        hands_over=is_pushed,
        grants=grants,
    )
