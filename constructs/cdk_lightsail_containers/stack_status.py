"""The status of the stack that a function works for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from constructs import Construct


def may_see_status(scope: Construct) -> iam.PolicyStatement:
    """Return what allows to see whether the stack of a construct cancels what it has requested."""
    return iam.PolicyStatement(
        actions=["cloudformation:DescribeStacks"], resources=[Stack.of(scope).stack_id]
    )
