"""What the function may do on one container service, for one of the stack's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from .findings import acknowledge_every_service, acknowledge_lightsail
from .service_rules import service_name_of
from .stack_status import STACK_READS, may_read_stack
from .tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import Construct

    from .handler import Handler


def service_policy(
    scope: Construct,
    handler: Handler,
    service: IContainerRef,
    *,
    changes: Sequence[str],
    reads: Sequence[str],
    stack_reads: Sequence[str] = (),
    hands_over: bool,
    grants: Sequence[iam.PolicyStatement],
) -> iam.Policy:
    """Allow a handler some of Lightsail's actions, for as long as a resource needs them.

    CloudFormation has a resource deleted after it has updated what stays in the stack. Permissions
    that shrink with an update, as those of a policy that resources share, would be gone by then. A
    policy that belongs to the construct goes after its resource, when that depends on it.

    Args:
        scope: the construct whose resource needs them.
        handler: the function that carries it out.
        service: the container service.
        changes: actions on the container service.
        reads: actions that accept no resource.
        stack_reads: actions on the resource's stack, beside those that each resource takes.
        hands_over: allow to go on in another invocation.
        grants: what else it takes, to read a source or secrets.
    """
    name = service_name_of(service)
    # With a resource that moves to another service the policy for the one before has to stay as
    # long: the id names the service, so that another service is another policy.
    service_id = service.node.addr if is_token(name) else name
    # As few statements as can be: the policies of a role share 10,240 characters.
    statements = [
        iam.PolicyStatement(actions=changes, resources=[service.container_ref.container_arn]),
        iam.PolicyStatement(actions=reads, resources=["*"]),
        *grants,
    ]
    if hands_over:
        itself = handler.function.function_arn
        statements.append(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[itself])
        )
    if Stack.of(scope).node.addr != Stack.of(handler).node.addr:
        statements.append(may_read_stack(scope, [*STACK_READS, *stack_reads]))
    elif stack_reads:
        # Once for all that share the role: it is written once, however often it is added.
        handler.role.add_to_policy(may_read_stack(scope, stack_reads))
    policy = iam.Policy(
        scope,
        f"Policy-{service_id}",
        # By default the logical id, which a resource in another stack of the same role may share.
        policy_name=f"{service_id}-{scope.node.addr}",
        statements=statements,
    )
    # Only now: what is attached tells a role of the account's own what it must allow.
    handler.attach(policy)
    acknowledge_lightsail(policy)
    if service.container_ref.container_arn.endswith("/*"):
        acknowledge_every_service(policy)
    return policy
