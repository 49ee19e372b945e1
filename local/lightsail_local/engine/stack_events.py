"""A stack's events and the list of its resources while it changes.

ministack has events of an update for what the update leaves alone, calls what it creates updated,
has no physical id where the update of a resource begins, no events of a clean-up's deletions and
no status of a clean-up, and lists a resource as if nothing was under way.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks

from lightsail_local.engine import failed_creates
from lightsail_local.engine.wrapping import Wrapper, wrap, wrap_action

STACK_TYPE = "AWS::CloudFormation::Stack"
# What CloudFormation says once a custom resource has answered an Update with another id.
_REPLACED = "Requested update required the provider to create a new physical resource"
_CLEAN_UP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
_UPDATE, _BEING_CREATED = "_update", "_being_created"


@dataclass(frozen=True)
class _Update:
    """An update under way.

    Attributes:
        before: The records of what was there before it, by logical id.
        begun: What it has changed, or tried to.
    """

    before: Mapping[str, Any]
    begun: set[str] = field(default_factory=set)


def install() -> None:
    """Make events and lists of resources report what CloudFormation reports."""
    wrap("_deploy_stack_async", [stacks, handlers, changesets], _deploy)
    wrap("_add_event", [stacks, handlers, changesets], _add_event)
    wrap("_update_resource", [stacks], _update_resource)
    wrap("_resolve_stack_outputs", [stacks], _begin_clean_up)
    wrap("_delete_resource", [stacks], _delete_in_clean_up)
    for action in ("ListStackResources", "DescribeStackResources", "DescribeStackResource"):
        wrap_action(action, _list_unfinished_too)


async def _deploy(original: Wrapper, stack_name: str, *args: Any, **kwargs: Any) -> None:
    before = (kwargs.get("previous_stack") or {}).get("_resources", {})
    # What an update imports was there before it as well.
    update = _Update({**before, **(kwargs.get("imports") or {})})
    cloudformation._stacks[stack_name][_UPDATE] = update
    await original(stack_name, *args, **kwargs)


def _add_event(  # noqa: PLR0917 - ministack's signature
    original: Wrapper,
    stack_id: str,
    stack_name: str,
    logical_id: str,
    resource_type: str,
    status: str,
    reason: str = "",
    physical_id: str = "",
    detailed_status: str = "",
) -> None:
    stack = cloudformation._stacks[stack_name]
    event = (stack_id, stack_name, logical_id, resource_type)
    if physical_id == stack_id:
        original(*event, status, reason, physical_id, detailed_status)
        return
    record = stack["_resources"].get(logical_id) or failed_creates.of(stack).get(logical_id, {})
    update = stack.get(_UPDATE)
    if update and stack["StackStatus"] == "UPDATE_IN_PROGRESS":
        if logical_id not in update.before:
            status = status.replace("UPDATE_", "CREATE_")
        elif status == "UPDATE_IN_PROGRESS":
            if not physical_id:
                # `_update_resource` says it with the id, if there is anything to update.
                return
            update.begun.add(logical_id)
        elif status == "UPDATE_COMPLETE" and logical_id not in update.begun:
            before = update.before[logical_id]
            record.update({name: before[name] for name in ("ResourceStatus", "Timestamp")})
            return
    physical_id = physical_id or record.get("PhysicalResourceId", "")
    shown = {
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": now_iso(),
    }
    being_created = stack.setdefault(_BEING_CREATED, {})
    being_created.pop(logical_id, None)
    if status == "CREATE_IN_PROGRESS":
        being_created[logical_id] = {"ResourceType": resource_type, **shown}
    elif physical_id == record.get("PhysicalResourceId") or not status.startswith("DELETE_"):
        # And not the deletion of what the resource was before.
        record.update(shown)
    original(*event, status, reason, physical_id, detailed_status)


def _update_resource(  # noqa: PLR0917 - ministack's signature
    original: Wrapper,
    resource_type: str,
    physical_id: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    stack_name: str,
    logical_id: str,
    *args: Any,
) -> tuple[str, Any]:
    stack = cloudformation._stacks[stack_name]
    event = (stack["StackId"], stack_name, logical_id, resource_type, "UPDATE_IN_PROGRESS")
    is_update = stack["StackStatus"] == "UPDATE_IN_PROGRESS"
    if is_update and old != new and logical_id not in stack[_UPDATE].begun:
        stacks._add_event(*event, physical_id=physical_id)
    answer: tuple[str, Any] = original(
        resource_type, physical_id, old, new, stack_name, logical_id, *args
    )
    if answer[0] != physical_id and stacks._sends_back_failed_update(resource_type):
        stacks._add_event(*event, _REPLACED, answer[0])
    return answer


def _begin_clean_up(original: Wrapper, *args: Any) -> Any:
    """Begin the clean-up of an update whose outputs can be resolved, its last step before that."""
    outputs = original(*args)
    stack_name, stack_id = args[-2:]
    stack = cloudformation._stacks[stack_name]
    if stack["StackStatus"] == "UPDATE_IN_PROGRESS":
        stack["StackStatus"] = _CLEAN_UP
        stacks._add_event(
            stack_id, stack_name, stack_name, STACK_TYPE, _CLEAN_UP, physical_id=stack_id
        )
    return outputs


def _delete_in_clean_up(  # noqa: PLR0917 - ministack's signature
    original: Wrapper,
    resource_type: str,
    physical_id: str,
    properties: Mapping[str, Any],
    stack_name: str,
    logical_id: str,
) -> None:
    """Delete a resource, with the events that ministack leaves out in a clean-up."""
    stack = cloudformation._stacks[stack_name]
    event = (stack["StackId"], stack_name, logical_id, resource_type)
    is_clean_up = stack["StackStatus"] == _CLEAN_UP
    if is_clean_up:
        stacks._add_event(*event, "DELETE_IN_PROGRESS", physical_id=physical_id)
    original(resource_type, physical_id, properties, stack_name, logical_id)
    if is_clean_up:
        stacks._add_event(*event, "DELETE_COMPLETE", physical_id=physical_id)


def _list_unfinished_too(original: Wrapper, params: dict[str, Any]) -> Any:
    """List also what is being created, and what could not be."""
    stack = handlers._resolve_stack(handlers._p(params, "StackName"))
    if stack is None:
        return original(params)
    finished = stack["_resources"]
    stack["_resources"] = {
        **finished,
        **stack.get(_BEING_CREATED, {}),
        **failed_creates.of(stack),
    }
    try:
        return original(params)
    finally:
        stack["_resources"] = finished
