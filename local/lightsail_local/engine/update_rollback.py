"""The rollback of an update, where ministack takes a replaced custom resource back by itself.

CloudFormation does not know what replaced a custom resource: it sends the function an Update back
to the properties of before, with the id that the update has given. The id of the answer is the
resource's from then on, and if that is another one, the id before it is deleted in the clean-up.
A clean-up comes only after every resource is back.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes-update.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, handlers, stacks

from lightsail_local.engine.stack_events import STACK_TYPE
from lightsail_local.engine.wrapping import Wrapper, wrap

_KEY = "_update_rollback"

Record = dict[str, Any]


@dataclass
class _Rollback:
    """What there is to do until a stack is as it was before an update.

    Attributes:
        operation: ministack's notes of the update that failed.
        updates: The properties of what was updated, and those of before, by logical id.
        deletes: The records of what the update has made, by logical id.
    """

    operation: Mapping[str, Any]
    updates: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    deletes: dict[str, Record] = field(default_factory=dict)

    @property
    def before(self) -> Mapping[str, Record]:
        """The records of the resources before the update, by logical id."""
        records: Mapping[str, Record] = self.operation["previous_stack"]["_resources"]
        return records


def install() -> None:
    """Roll updates back as CloudFormation does."""
    wrap("_roll_back_operation", [stacks, handlers], _roll_back)
    wrap("_continue_update_rollback_async", [stacks, handlers], _continue)


def take_failed_id(stack_name: str, logical_id: str, physical_id: str) -> None:
    """Give a resource the id of the answer with which its Update failed.

    https://github.com/aws/aws-cdk/issues/13527
    """
    cloudformation._stacks[stack_name]["_resources"][logical_id]["PhysicalResourceId"] = physical_id


async def _roll_back(  # noqa: PLR0917 - ministack's signature
    original: Wrapper,
    stack_name: str,
    stack_id: str,
    stack: dict[str, Any],
    operation: Mapping[str, Any],
    reason_override: str = "",
) -> None:
    if not operation["is_update"]:
        await original(stack_name, stack_id, stack, operation, reason_override)
        return
    stack.pop("_failed_operation", None)
    reason = reason_override or _reason(operation)
    _announce(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    stack[_KEY] = rollback = _planned(stack, operation)
    await _carry_out(stack, rollback)


async def _continue(
    _original: Wrapper, stack_name: str, _stack_id: str, resources_to_skip: Collection[str]
) -> None:
    stack = cloudformation._stacks[stack_name]
    _announce(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    await _carry_out(stack, stack[_KEY], resources_to_skip)


def _reason(operation: Mapping[str, Any]) -> str:
    failed = operation["failed_logical_id"]
    if operation["cancelled"]:
        return "User Initiated"
    if failed is None:
        # An output, which has an event of its own.
        return "Rollback requested"
    done = "create" if operation["failed_update"] is None else "update"
    return f"The following resource(s) failed to {done}: [{failed}]. "


def _planned(stack: dict[str, Any], operation: Mapping[str, Any]) -> _Rollback:
    """Part what was updated from what was made; ministack has taken back no record yet."""
    rollback = _Rollback(operation)
    records, before = stack["_resources"], rollback.before
    for logical_id in operation["created"]:
        record, previous = records[logical_id], before.get(logical_id)
        resource_type = record["ResourceType"]
        if logical_id in operation["imports"]:
            del records[logical_id]
            for status in ("IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"):
                _event(stack, record, status)
        elif previous is None:
            rollback.deletes[logical_id] = record
        elif stacks._sends_back_failed_update(resource_type) or (
            record["PhysicalResourceId"] == previous["PhysicalResourceId"]
            and logical_id not in operation["replaced_ids"]
        ):
            applied = _tagged(stack, operation["stack_tags"], record)
            wanted = _tagged(stack, operation["previous_tags"], previous)
            if applied != wanted:
                rollback.updates[logical_id] = (applied, wanted)
        else:
            # The one before is still there.
            rollback.deletes[logical_id] = record
            records[logical_id] = previous
    if operation["failed_update"] is not None:
        logical_id, resource_type, _, applied, wanted, _ = operation["failed_update"]
        if applied not in (None, wanted) and stacks._sends_back_failed_update(resource_type):
            rollback.updates[logical_id] = (applied, wanted)
        else:
            _event(stack, records[logical_id], "UPDATE_COMPLETE")
    return rollback


def _tagged(stack: Mapping[str, Any], tags: object, record: Record) -> Any:
    """Return the properties with which ministack has called the resource's handler."""
    return stacks._with_stack_tags(
        record["ResourceType"],
        record["Properties"],
        tags,
        stack["StackName"],
        stack["StackId"],
        record["LogicalResourceId"],
    )


async def _carry_out(
    stack: dict[str, Any], rollback: _Rollback, skipped: Collection[str] = ()
) -> None:
    for logical_id in list(rollback.updates):
        await _update_back(stack, rollback, logical_id, is_skipped=logical_id in skipped)
    before = rollback.operation["previous_stack"]
    stack.update({name: value for name, value in before.items() if name != "_resources"})
    # What ContinueUpdateRollback can skip.
    stack["_rollback_failed"] = rollback.updates
    if rollback.updates:
        failed = ", ".join(sorted(rollback.updates))
        _announce(
            stack,
            "UPDATE_ROLLBACK_FAILED",
            f"The following resource(s) failed to update: [{failed}]. ",
        )
        return
    _announce(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    last = rollback.operation["failed_logical_id"]
    for logical_id in reversed([*rollback.operation["created"], last]):
        if logical_id in rollback.deletes:
            await _delete(stack, rollback, logical_id)
    del stack[_KEY]
    _announce(stack, "UPDATE_ROLLBACK_COMPLETE")


async def _update_back(
    stack: dict[str, Any], rollback: _Rollback, logical_id: str, *, is_skipped: bool
) -> None:
    """Send an update back, unless it is skipped; one that fails stays among the updates."""
    records, (applied, wanted) = stack["_resources"], rollback.updates[logical_id]
    record = records[logical_id]
    physical_id, resource_type = record["PhysicalResourceId"], record["ResourceType"]
    restored = {**rollback.before[logical_id], "PhysicalResourceId": physical_id}
    if is_skipped:
        _event(stack, record, "UPDATE_COMPLETE", "Resource rollback skipped by user")
    else:
        update = stacks._revert_update(
            stack["StackId"],
            stack["StackName"],
            logical_id,
            resource_type,
            physical_id,
            applied,
            wanted,
            record["Attributes"],
            restored,
        )
        if await _failure(update):
            # An event says it.
            return
    del rollback.updates[logical_id]
    records[logical_id] = restored
    if restored["PhysicalResourceId"] != physical_id:
        rollback.deletes[logical_id] = {
            **record,
            "PhysicalResourceId": physical_id,
            "Properties": applied,
        }


async def _delete(stack: dict[str, Any], rollback: _Rollback, logical_id: str) -> None:
    """Delete what the update has made, if its policy says so; a failure fails nothing else."""
    record = rollback.deletes.pop(logical_id)
    if _is_retained(stack, rollback.operation, logical_id):
        _event(stack, record, "DELETE_SKIPPED")
    else:
        _event(stack, record, "DELETE_IN_PROGRESS")
        delete = _call_delete(
            record["ResourceType"],
            record["PhysicalResourceId"],
            record["Properties"],
            stack["StackName"],
            logical_id,
        )
        if failure := await _failure(delete):
            _event(stack, record, "DELETE_FAILED", str(failure))
        else:
            _event(stack, record, "DELETE_COMPLETE")
    if logical_id not in rollback.before:
        del stack["_resources"][logical_id]


async def _call_delete(resource_type: str, *arguments: Any) -> None:
    if stacks._runs_on_worker_thread(resource_type):
        await run_reentrant(stacks._delete_resource, resource_type, *arguments)
    else:
        stacks._delete_resource(resource_type, *arguments)


async def _failure(work: Coroutine[Any, Any, None]) -> BaseException | None:
    """Return what a coroutine raises, None for nothing."""
    return (await asyncio.gather(work, return_exceptions=True))[0]


def _is_retained(stack: dict[str, Any], operation: Mapping[str, Any], logical_id: str) -> bool:
    template, parameters = operation["template"], operation["param_values"]
    policy = stacks._resource_policy(
        template["Resources"][logical_id],
        "DeletionPolicy",
        stack["_resources"],
        parameters,
        engine._evaluate_conditions(template, parameters),
        template.get("Mappings", {}),
        stack["StackName"],
        stack["StackId"],
    )
    return policy == "Retain" and not operation["retain_except_on_create"]


def _announce(stack: dict[str, Any], status: str, reason: str = "") -> None:
    stack.update(StackStatus=status, StackStatusReason=reason)
    name, identifier = stack["StackName"], stack["StackId"]
    stacks._add_event(identifier, name, name, STACK_TYPE, status, reason, identifier)


def _event(stack: dict[str, Any], record: Record, status: str, reason: str = "") -> None:
    stacks._add_event(
        stack["StackId"],
        stack["StackName"],
        record["LogicalResourceId"],
        record["ResourceType"],
        status,
        reason,
        record["PhysicalResourceId"],
    )
