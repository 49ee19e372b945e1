"""The stack of a run, as CloudFormation shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from .waiting import TookTooLong, Waiting

_SETTLES_SECONDS = 90 * 60.0
_TRIES = 3
# A change set that was not executed: nothing is going on.
_REVIEW = "REVIEW_IN_PROGRESS"


@dataclass
class RunStack:
    """A stack, by its name."""

    name: str
    cloudformation: Any
    waiting: Waiting

    def status(self) -> str:
        """Return its status, nothing if there is none."""
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            # Its only name for a stack that does not exist, among others.
            if error.response["Error"]["Code"] == "ValidationError":
                return ""
            raise
        status = str(stacks[0]["StackStatus"]) if stacks else ""
        return "" if status == "DELETE_COMPLETE" else status

    def events(self) -> list[Mapping[str, Any]]:
        """Return its events, oldest first."""
        pages = self.cloudformation.get_paginator("describe_stack_events")
        events = [
            event for page in pages.paginate(StackName=self.name) for event in page["StackEvents"]
        ]
        return events[::-1]

    def seconds(self, since: datetime) -> dict[str, float]:
        """Return how long each resource took that was worked on since a time, by its type."""
        began: dict[str, datetime] = {}
        took: dict[str, float] = {}
        for event in self.events():
            if event["Timestamp"] < since or event["LogicalResourceId"] == self.name:
                continue
            key = event["LogicalResourceId"]
            if event["ResourceStatus"].endswith("IN_PROGRESS"):
                began.setdefault(key, event["Timestamp"])
            elif key in began:
                seconds = (event["Timestamp"] - began.pop(key)).total_seconds()
                kind = event["ResourceType"]
                took[kind] = took.get(kind, 0.0) + seconds
        return took

    def reason(self, status: str) -> str:
        """Return why a resource came to a status last, nothing if none did."""
        reasons = [
            str(event.get("ResourceStatusReason", ""))
            for event in self.events()
            if event["ResourceStatus"] == status and event["LogicalResourceId"] != self.name
        ]
        return reasons[-1] if reasons else ""

    def delete(self) -> None:
        """Delete it in any state, and wait until it is gone.

        Raises:
            TookTooLong: it is not gone.
        """
        for _ in range(_TRIES):
            if not self._settled():
                return
            self.cloudformation.delete_stack(StackName=self.name)
            if not self._settled(after="DELETE"):
                return
        raise TookTooLong(f"the stack is {self.status()}")

    def _settled(self, after: str = "") -> str:
        """Wait until nothing is going on, and return the status, nothing if it is gone.

        What is going on is not broken off but an update, which can be: CloudFormation takes no
        deletion then, and what it has begun would be left.
        """
        seen: list[str] = []

        def look() -> str | None:
            status = self.status()
            if after and not seen and not status.startswith(after) and status:
                # The deletion shows only in a moment.
                seen.append(status)
                return None
            if status == "UPDATE_IN_PROGRESS" and status not in seen:
                seen.append(status)
                self._cancel_update()
            is_going_on = status.endswith("IN_PROGRESS") and status != _REVIEW
            return None if is_going_on else status

        return self.waiting.until(look, _SETTLES_SECONDS, "the stack did not settle")

    def _cancel_update(self) -> None:
        try:
            self.cloudformation.cancel_update_stack(StackName=self.name)
        except ClientError as error:
            # It may have ended meanwhile.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
