"""The calls to CloudFormation that the handler makes, typed: what it says of a request's stack.

The only module that names CloudFormation's operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..aws.calls import Calls, PlainCall
from ..errors import HandlerError, OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..deadline import Deadline
    from ..request_log import Log

_T = TypeVar("_T")

# To read the stack makes the function wait; that it cannot be read is no reason to fail.
_READING_SECONDS = 5.0
_CLOCKS_APART_SECONDS = 60.0
_STACK_TYPE = "AWS::CloudFormation::Stack"


def _reading(operation: str, problem: str) -> PlainCall:
    return PlainCall(
        operation,
        problem,
        f"allow the function's role cloudformation:{operation} on the stack, and a way there",
    )


_STATUS = _reading("DescribeStacks", "the stack's status is not known")
_EVENTS = _reading("DescribeStackEvents", "what the stack goes back to is not known")
_LISTING = _reading("ListStackResources", "the stack's resources are not known")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a stack is doing, or what it did last.

    Args:
        status: CloudFormation's word, such as UPDATE_IN_PROGRESS; empty if it is not known.
        began: when it began, seconds since the epoch; None if that is not known.
    """

    status: str = ""
    began: float | None = None

    @property
    def is_undo(self) -> bool:
        """Whether the stack undoes what it has done, or has undone it."""
        return "ROLLBACK" in self.status or self.status.startswith("DELETE")

    @property
    def is_over(self) -> bool:
        """Whether nothing is created or updated any more; a clean-up only deletes."""
        is_active = self.status.endswith("_IN_PROGRESS") and "CLEANUP" not in self.status
        return bool(self.status) and not is_active

    @property
    def cleans_up(self) -> bool:
        """Whether an update has succeeded, and only what it has replaced is deleted."""
        return self.status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """What the stack's events say of an update that is being rolled back.

    Args:
        began: when the rollback began, seconds since the epoch; None if they do not say.
        stood_for: the physical id that the resource had before the update; None if they do not say.
    """

    began: float | None = None
    stood_for: str | None = None


class CloudFormation:
    """The stack of a request, and its resources, as CloudFormation describes them.

    What the function's role may not read is logged and not known. What is only late raises an
    `OutOfTime`.

    Args:
        client: boto3's client.
        event: the request.
        deadline: when to stop asking.
        log: where it logs what could not be read.
        today: gives the time, seconds since the epoch.
    """

    def __init__(
        self,
        client: Any,
        event: Mapping[str, Any],
        deadline: Deadline,
        log: Log,
        today: Callable[[], float],
    ) -> None:
        self._client = client
        self._id = event["StackId"]
        self._resource = event["LogicalResourceId"]
        self._kind = event.get("ResourceType")
        self._deadline = deadline
        self._log = log
        self._today = today

    def operation(self, *, patiently: bool = False) -> Operation:
        """Return what the stack is doing.

        Args:
            patiently: whether to ask until the deadline, and not just for some seconds.
        """
        seconds = None if patiently else _READING_SECONDS
        return self._read(_STATUS, self._describe, Operation(), seconds)

    def resources(self) -> dict[str, str]:
        """Return the physical ids of the resources that are not being deleted, by their names.

        Only those of the request's type: a certificate has the id of its validation, too.
        """
        return self._read(_LISTING, self._list_resources, {})

    def rollback(self) -> Rollback:
        """Return what the stack's events say of the update that is being rolled back."""
        return self._read(_EVENTS, self._find_rollback, Rollback())

    def _describe(self) -> Operation:
        (found,) = self._client.describe_stacks(StackName=self._id)["Stacks"]
        time = found.get("LastUpdatedTime") or found.get("CreationTime")
        began = None if time is None else time.timestamp()
        # A clock that is so far from CloudFormation's tells nothing.
        is_known = began is not None and began < self._today() + _CLOCKS_APART_SECONDS
        return Operation(status=str(found["StackStatus"]), began=began if is_known else None)

    def _list_resources(self) -> dict[str, str]:
        return {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for one in self._pages("list_stack_resources", "StackResourceSummaries")
            if not one["ResourceStatus"].startswith("DELETE")
            and one.get("ResourceType", self._kind) == self._kind
        }

    def _find_rollback(self) -> Rollback:
        """Read the stack's events, the newest first, back to the begin of the update.

        An update that failed and was not rolled back is rolled back with the one after it.
        """
        began = stood_for = None
        is_begin = False
        for event in self._pages("describe_stack_events", "StackEvents"):
            status = event["ResourceStatus"]
            if event["ResourceType"] == _STACK_TYPE and event["PhysicalResourceId"] == self._id:
                if "DetailedStatus" in event:  # how far an operation is that has begun before
                    continue
                if is_begin and status != "UPDATE_FAILED":
                    break
                is_begin = status == "UPDATE_IN_PROGRESS"
                if status == "UPDATE_ROLLBACK_IN_PROGRESS" and began is None:
                    began = event["Timestamp"].timestamp()
            elif event["LogicalResourceId"] == self._resource and not is_begin:
                stood_for = event.get("PhysicalResourceId") or stood_for
        return Rollback(began=began, stood_for=stood_for if is_begin else None)

    def _pages(self, operation: str, key: str) -> Iterator[Mapping[str, Any]]:
        for page in self._client.get_paginator(operation).paginate(StackName=self._id):
            yield from page[key]

    def _read(
        self,
        call: PlainCall,
        act: Callable[[], _T],
        unknown: _T,
        seconds: float | None = _READING_SECONDS,
    ) -> _T:
        """Return what CloudFormation says, or what stands for that the role may not read it."""
        try:
            return Calls(self._deadline, self._log, seconds).send(call, act)
        except OutOfTime:
            raise
        except HandlerError as error:  # the policy of an earlier release does not allow it
            self._log("went on without the stack's status", why=error)
            return unknown
