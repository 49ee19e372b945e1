"""The times of a stack, where ministack shows an update that never was, and no deletion.

LastUpdatedTime is there once the stack has been updated, or created by a change set: that stack's
CreationTime is its change set's, and LastUpdatedTime the start of the execution. DeletionTime is
there once a deletion has begun; a creation that is rolled back is one.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html
https://github.com/Sceptre/sceptre/issues/411
https://github.com/localstack/localstack/blob/main/tests/aws/services/cloudformation/resources/test_sns.snapshot.json
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from datetime import datetime, timedelta
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks

from lightsail_local.engine.wrapping import Wrapper, wrap, wrap_action

_DELETIONS = ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def install() -> None:
    """Note the times with the stack's own events, and show them."""
    wrap("_add_event", [stacks, handlers, changesets], _note)
    wrap_action("DescribeStacks", _describe)


def _note(  # noqa: PLR0917 - ministack's signature
    original: Wrapper,
    stack_id: str,
    stack_name: str,
    logical_id: str,
    resource_type: str,
    status: str,
    *args: Any,
    **kwargs: Any,
) -> None:
    stack = cloudformation._stacks[stack_name]
    if not cloudformation._stack_events.get(stack_id):
        # The first event is the creation.
        stack.pop("LastUpdatedTime", None)
    if logical_id == stack_name and status in _DELETIONS:
        stack["DeletionTime"] = now_iso()
    original(stack_id, stack_name, logical_id, resource_type, status, *args, **kwargs)
    *before, event = cloudformation._stack_events[stack_id]
    if before and event["Timestamp"] <= before[-1]["Timestamp"]:
        # The command line would show two events of one time the wrong way round.
        later = datetime.fromisoformat(before[-1]["Timestamp"]) + timedelta(milliseconds=1)
        event["Timestamp"] = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _describe(original: Wrapper, params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = original(params)
    body = body.replace(b"<LastUpdatedTime></LastUpdatedTime>", b"")
    for stack in cloudformation._stacks.values():
        if "DeletionTime" in stack:
            identifier = f"<StackId>{stack['StackId']}</StackId>".encode()
            deleted = f"<DeletionTime>{stack['DeletionTime']}</DeletionTime>".encode()
            body = body.replace(identifier, identifier + deleted)
    return status, headers, body
