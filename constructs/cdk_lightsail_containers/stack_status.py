"""What a function may read of the stack that it works for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

STACK_READS = ("cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks")
"""Whether the stack of a request cancels it, and what a rollback goes back to."""

IMAGE_STACK_READS = ("cloudformation:ListStackResources",)
"""Whether another resource of the stack stands for an image that is to be deleted."""


def may_read_stack(scope: Construct, actions: Sequence[str]) -> iam.PolicyStatement:
    """Return what allows to read the stack of a construct."""
    return iam.PolicyStatement(actions=list(actions), resources=[Stack.of(scope).stack_id])
