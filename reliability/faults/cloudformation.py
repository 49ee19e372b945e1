"""CloudFormation's side of custom resources: stacks that are made, changed, rolled back, deleted.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .environment import FUNCTION_ARN
from .function import Function
from .world import Put, World

BROKEN = "AWS::CloudFormation::Broken"
"""A resource that fails after two minutes, as others do."""
BROKEN_REASON = "the resource is broken: mend it"
NO_ANSWER = "CloudFormation did not receive a response from your Custom Resource."

Attributes = Mapping[str, Mapping[str, str]]
Properties = tuple[str, Callable[[Attributes], dict[str, Any]]]
"""A resource's type, and its properties of the attributes of those before it."""
Template = Mapping[str, Properties]
"""A stack's resources by their names."""

_BROKEN_SECONDS = 120.0
_CLEAN_UPS = 3
"""How often CloudFormation tries to delete what an update has replaced."""


@dataclass
class Resource:
    """A resource as CloudFormation knows it."""

    kind: str
    properties: Mapping[str, Any]
    physical_id: str
    attributes: Mapping[str, str]


@dataclass
class Exchange:
    """A request, and everything that was put to its ResponseURL.

    Args:
        event: the request.
        ends: until when CloudFormation waits for the answer.
        puts: the answers.
        is_cancelled: whether CloudFormation waits no longer, and ignores the answer.
    """

    event: Mapping[str, Any]
    ends: float
    puts: list[Put]
    is_cancelled: bool = False

    def first(self) -> dict[str, Any] | None:
        """Return the answer that CloudFormation takes: the first one, if it came in time."""
        in_time = [put.body for put in self.puts if put.at <= self.ends]
        return json.loads(in_time[0]) if in_time else None


@dataclass
class Outcome:
    """What became of an operation on a stack.

    Args:
        status: as CloudFormation shows it.
        reasons: why, if it failed.
    """

    status: str
    reasons: list[str] = field(default_factory=list)


class Failed(Exception):  # noqa: N818 - says what became of a resource
    """A resource has failed; what is known of it goes along."""

    def __init__(self, reason: str, physical_id: str) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


class Cancelled(Exception):  # noqa: N818 - the same
    """The stack was rolled back while a request was being carried out."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


class Stack:
    """A stack.

    Args:
        name: its name.
        world: where the answers arrive.
        function: carries the requests out.
    """

    def __init__(self, name: str, world: World, function: Function) -> None:
        self.name = name
        self.resources: dict[str, Resource] = {}
        self.exchanges: list[Exchange] = []
        self._world = world
        self._function = function
        self._numbers = itertools.count(1)
        self._unfinished: Callable[[], Outcome] | None = None
        self._roll_back_now: Callable[[], Outcome] | None = None
        self._rolled_back: Outcome | None = None
        self._made = 0

    @property
    def arn(self) -> str:
        """The ARN of the stack that has this name now, or had it last."""
        return f"arn:aws:cloudformation:us-east-1:000000000000:stack/{self.name}/{self._made}"

    def deploy(self, template: Template) -> Outcome:
        """Create or update the stack, and roll back what fails."""
        before = dict(self.resources)
        if before:
            self._show("UPDATE_IN_PROGRESS")
        else:
            self._made += 1
            self._show("CREATE_IN_PROGRESS")
        replaced: list[tuple[str, Resource]] = []
        tried: dict[str, tuple[Mapping[str, Any], str | None]] = {}
        try:
            for name, (kind, properties) in template.items():
                wanted = properties({key: one.attributes for key, one in self.resources.items()})
                old = self.resources.get(name)
                if old and old.properties == wanted:
                    continue
                tried[name] = wanted, None
                self._roll_back_now = functools.partial(
                    self._roll_back, before, tried, template, BROKEN_REASON
                )
                new = self._put(name, kind, wanted, old)
                self._roll_back_now = None
                tried[name] = wanted, new.physical_id
                if old and old.physical_id != new.physical_id:
                    replaced.append((name, old))
                self.resources[name] = new
        except Cancelled as cancelled:
            return cancelled.outcome
        except Failed as failure:
            self._roll_back_now = None
            failed = list(tried)[-1]
            tried[failed] = tried[failed][0], failure.physical_id
            return self._roll_back(before, tried, template, str(failure))
        gone = [name for name in self.resources if name not in template]
        replaced += [(name, self.resources.pop(name)) for name in reversed(gone)]
        if replaced:
            self._show("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        problems = [self._clean_up(name, old, _CLEAN_UPS) for name, old in replaced]
        kind = "UPDATE" if before else "CREATE"
        return self._ended(f"{kind}_COMPLETE", *problems)

    def delete(self) -> Outcome:
        """Delete the stack; what cannot be deleted stays in it."""
        self._show("DELETE_IN_PROGRESS")
        for name in reversed(list(self.resources)):
            problem = self._clean_up(name, self.resources[name])
            if problem:
                return self._ended("DELETE_FAILED", problem)
            del self.resources[name]
        return self._ended("DELETE_COMPLETE")

    @property
    def can_be_cancelled(self) -> bool:
        """Whether a resource is being created or updated whose answer has not come."""
        return self._roll_back_now is not None and not self.exchanges[-1].puts

    def cancel(self) -> None:
        """Roll back at once, as when another resource fails meanwhile.

        CloudFormation cancels what is under way, and waits for no answer: the rollback's requests
        come while the function still carries out the first one.
        """
        roll_back, self._roll_back_now = self._roll_back_now, None
        if roll_back and not self.exchanges[-1].puts:
            self.exchanges[-1].is_cancelled = True
            self._rolled_back = roll_back()

    def continue_rollback(self) -> Outcome:
        """Go on with a rollback that has failed."""
        if self._unfinished is None:
            return Outcome("UPDATE_ROLLBACK_COMPLETE", [])
        return self._unfinished()

    def _roll_back(
        self,
        before: dict[str, Resource],
        tried: Mapping[str, tuple[Mapping[str, Any], str | None]],
        template: Template,
        reason: str,
    ) -> Outcome:
        self._show("UPDATE_ROLLBACK_IN_PROGRESS" if before else "ROLLBACK_IN_PROGRESS")
        leftovers: list[tuple[str, Resource]] = []
        for name, (properties, physical_id) in tried.items():
            old = before.get(name)
            kind = template[name][0]
            made = physical_id or self._invented(name)
            if old is None:
                self.resources.pop(name, None)
                leftovers.append((name, Resource(kind, properties, made, {})))
                continue
            given = Resource(kind, properties, physical_id or old.physical_id, {})
            try:
                self.resources[name] = self._put(name, kind, old.properties, given)
            except Failed as failure:
                self._unfinished = functools.partial(
                    self._roll_back, before, tried, template, reason
                )
                return self._ended("UPDATE_ROLLBACK_FAILED", reason, str(failure))
            if self.resources[name].physical_id != given.physical_id:
                leftovers.append((name, given))
        if before:
            self._show("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        tries = _CLEAN_UPS if before else 1
        self._unfinished = None
        problems = [self._clean_up(name, left, tries) for name, left in reversed(leftovers)]
        status = "UPDATE_ROLLBACK_COMPLETE" if before else "ROLLBACK_COMPLETE"
        if any(problems) and not before:
            status = "ROLLBACK_FAILED"
        return self._ended(status, reason, *problems)

    def _ended(self, status: str, *reasons: str | None) -> Outcome:
        self._show(status)
        return Outcome(status, [reason for reason in reasons if reason])

    def _show(self, status: str) -> None:
        """Have CloudFormation show a status."""
        self._world.aws.stacks[self.arn] = status

    def _put(
        self, name: str, kind: str, wanted: Mapping[str, Any], old: Resource | None
    ) -> Resource:
        if kind == BROKEN:
            self._world.clock.sleep(_BROKEN_SECONDS)
            self._function.run_what_is_due()
            raise Failed(BROKEN_REASON, name)
        event: dict[str, Any] = {"RequestType": "Update" if old else "Create"}
        if old:
            event["PhysicalResourceId"] = old.physical_id
            event["OldResourceProperties"] = old.properties
        answer = self._ask(event, name, kind, wanted)
        if answer["Status"] != "SUCCESS":
            raise Failed(str(answer["Reason"]), str(answer["PhysicalResourceId"]))
        return Resource(kind, wanted, answer["PhysicalResourceId"], answer["Data"])

    def _clean_up(self, name: str, old: Resource, tries: int = 1) -> str | None:
        """Delete a resource, and return why that failed."""
        if old.kind == BROKEN:
            return None
        event = {"RequestType": "Delete", "PhysicalResourceId": old.physical_id}
        answer: dict[str, Any] = {}
        for _ in range(tries):
            answer = self._ask(event, name, old.kind, old.properties)
            if answer["Status"] == "SUCCESS":
                return None
        return str(answer["Reason"])

    def _ask(
        self, event: Mapping[str, Any], name: str, kind: str, properties: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Send a request, and return its answer, or what stands for one that did not come."""
        self._function.run_what_is_due()
        url, token = self._world.new_response_url()
        clock = self._world.clock
        ends = clock.now + float(properties["ServiceTimeout"])
        whole = {
            **event,
            "ResponseURL": url,
            "StackId": self.arn,
            "RequestId": f"{self.name}-{next(self._numbers)}",
            "LogicalResourceId": name,
            "ResourceType": kind,
            "ResourceProperties": {"ServiceToken": FUNCTION_ARN, **properties},
        }
        exchange = Exchange(whole, ends, self._world.puts[token])
        self.exchanges.append(exchange)
        self._function.invoke(whole)
        while not exchange.puts:
            due = self._function.next_due()
            if due is None or due > ends:
                clock.sleep_until(ends)
                break
            self._function.run_next()
            if exchange.is_cancelled and self._rolled_back:
                raise Cancelled(self._rolled_back)
        return exchange.first() or {
            "Status": "FAILED",
            "Reason": NO_ANSWER,
            "PhysicalResourceId": event.get("PhysicalResourceId") or self._invented(name),
        }

    def _invented(self, name: str) -> str:
        return f"{self.name}-{name}-A1B2C3D4E5F6"
