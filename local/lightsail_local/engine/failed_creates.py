"""The Delete that follows a failed Create, which ministack does not send.

CloudFormation deletes what a failed Create may have left: in the rollback, or, with rollback
disabled, once the stack is rolled back, updated or deleted.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes-delete.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, provisioners, stacks

from lightsail_local.engine.wrapping import Wrapper, wrap

_KEY = "_failed_creates"
_SUFFIX_LETTERS = string.ascii_uppercase + string.digits


def install() -> None:
    """Make stack operations use what `remember` has noted."""
    wrap("_deploy_stack_async", [stacks, handlers, changesets], _delete_before_deploy)
    wrap("_roll_back_operation", [stacks, handlers], _delete_in_rollback)
    wrap("_delete_stack_async", [stacks, handlers], _delete_with_stack)


def of(stack: Mapping[str, Any]) -> Mapping[str, dict[str, Any]]:
    """Return the records of what may have been left in a stack, by logical id."""
    failed: Mapping[str, dict[str, Any]] = stack.get(_KEY, {})
    return failed


def remember(
    stack_name: str,
    logical_id: str,
    resource_type: str,
    physical_id: str | None,
    properties: Mapping[str, Any],
) -> None:
    """Note that a Create has failed and may have left something.

    Args:
        stack_name: The stack, of the current account and region.
        logical_id: The resource in the stack's template.
        resource_type: Its type.
        physical_id: What the Create said it is called; none has CloudFormation invent an id.
        properties: The properties of the Create, which the Delete carries.
    """
    failed = cloudformation._stacks[stack_name].setdefault(_KEY, {})
    failed[logical_id] = {
        "PhysicalResourceId": physical_id or _invented_physical_id(stack_name, logical_id),
        "ResourceType": resource_type,
        "ResourceStatus": "CREATE_FAILED",
        "LogicalResourceId": logical_id,
        "Properties": dict(properties),
        "Attributes": {},
    }


def adopt(stack: dict[str, Any]) -> None:
    """Add what may have been left in a stack to what is deleted with the stack's resources."""
    stack.setdefault("_resources", {}).update(stack.pop(_KEY, {}))


@contextmanager
def remembered(
    stack_name: str,
    logical_id: str,
    resource_type: str,
    physical_id: str,
    properties: Mapping[str, Any],
) -> Iterator[None]:
    """Note the Create as failed if the block fails; see `remember`."""
    remember(stack_name, logical_id, resource_type, physical_id, properties)
    yield
    del cloudformation._stacks[stack_name][_KEY][logical_id]


def _invented_physical_id(stack_name: str, logical_id: str) -> str:
    """Make up an id as CloudFormation does: `<stack>-<logicalId>-<suffix>`."""
    suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(12))
    return f"{stack_name}-{logical_id}-{suffix}"


async def _delete_in_rollback(
    original: Wrapper,
    stack_name: str,
    stack_id: str,
    stack: dict[str, Any],
    operation: dict[str, Any],
    **kwargs: Any,
) -> None:
    # As if it had been created last: the rollback deletes it first, with its events.
    failed = stack.pop(_KEY, {})
    stack.setdefault("_resources", {}).update(failed)
    operation["created"] = [*operation.get("created", []), *failed]
    await original(stack_name, stack_id, stack, operation, **kwargs)


async def _delete_with_stack(original: Wrapper, stack_name: str, *args: Any, **kwargs: Any) -> None:
    adopt(cloudformation._stacks[stack_name])
    await original(stack_name, *args, **kwargs)


async def _delete_before_deploy(
    original: Wrapper, stack_name: str, stack_id: str, *args: Any, **kwargs: Any
) -> None:
    """Delete what a Create left that was not rolled back; the update creates it anew."""
    for logical_id, record in cloudformation._stacks[stack_name].pop(_KEY, {}).items():
        resource_type, physical_id = record["ResourceType"], record["PhysicalResourceId"]
        event = (stack_id, stack_name, logical_id, resource_type)
        stacks._add_event(*event, "DELETE_IN_PROGRESS", physical_id=physical_id)
        try:
            await run_reentrant(
                provisioners._delete_resource,
                resource_type,
                physical_id,
                record["Properties"],
                stack_name,
                logical_id,
            )
        except RuntimeError as error:
            stacks._add_event(*event, "DELETE_FAILED", str(error), physical_id)
        else:
            stacks._add_event(*event, "DELETE_COMPLETE", physical_id=physical_id)
    await original(stack_name, stack_id, *args, **kwargs)
