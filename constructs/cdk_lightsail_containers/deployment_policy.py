"""What the function may do for one deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .service_policy import service_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from .handler import Handler


def deployment_policy(
    scope: Construct,
    handler: Handler,
    service: IContainerRef,
    *,
    grants: Sequence[iam.PolicyStatement],
) -> iam.Policy:
    """Allow a handler to deploy to a container service, and to wait for what becomes of it.

    Args:
        scope: the deployment.
        handler: the function that deploys.
        service: the container service.
        grants: what reading its secrets takes.
    """
    return service_policy(
        scope,
        handler,
        service,
        changes=["lightsail:CreateContainerServiceDeployment"],
        # Lightsail's Get operations accept no resource, see
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlightsail.html
        reads=[
            "lightsail:GetContainerLog",
            "lightsail:GetContainerServiceDeployments",
            "lightsail:GetContainerServices",
        ],
        # A deployment may take longer than one invocation.
        hands_over=True,
        grants=grants,
    )
