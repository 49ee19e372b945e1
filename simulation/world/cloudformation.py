"""CloudFormation's stacks: made, changed, rolled back, deleted."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE

from .aws import arn
from .custom_resource import (
    BROKEN_REASON,
    Cancelled,
    Exchange,
    Failed,
    Outcome,
    Requests,
    Resource,
)
from .function import Function
from .world import World

Attributes = Mapping[str, Mapping[str, str]]
Properties = tuple[str, Callable[[Attributes], dict[str, Any]]]
"""A resource's type, and its properties of the attributes of those before it."""
Resources = Mapping[str, Properties]
"""A stack's resources by their names, in the order in which they are made."""

_CLEAN_UPS = 3
"""How often CloudFormation tries to delete what an update has replaced."""


def stack_arn(name: str, made: int = 1) -> str:
    """Return the ARN of a stack that was made for this time."""
    return arn("cloudformation", f"stack/{name}/{made}")


class SimulatedStack:
    """A stack.

    Args:
        name: its name.
        world: where the answers arrive.
        function: carries the requests out.

    Attributes:
        resources: its resources by their names.
        before: those of before it was deployed last.
    """

    def __init__(self, name: str, world: World, function: Function) -> None:
        self.name = name
        self.resources: dict[str, Resource] = {}
        self.before: dict[str, Resource] = {}
        self._world = world
        self._requests = Requests(name, world, function)
        self._unfinished: Callable[[], Outcome] | None = None
        self._roll_back_now: Callable[[], Outcome] | None = None
        self._made = itertools.count(1)

    @property
    def exchanges(self) -> list[Exchange]:
        """All requests so far, and their answers."""
        return self._requests.exchanges

    def image(self) -> str:
        """Return the name of its one image."""
        (found,) = (
            one.physical_id for one in self.resources.values() if one.kind == CONTAINER_IMAGE_TYPE
        )
        return found

    def deploy(
        self, template: Resources, events: Mapping[str, Callable[[], None]] | None = None
    ) -> Outcome:
        """Create or update the stack, and roll back what fails.

        Args:
            template: what it consists of.
            events: what happens right before a resource is made, by its name.
        """
        before = self.before = dict(self.resources)
        if before:
            self._show("UPDATE_IN_PROGRESS")
        else:
            self._requests.arn = stack_arn(self.name, next(self._made))
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
                if events and name in events:
                    events[name]()
                self._roll_back_now = functools.partial(
                    self._roll_back, before, tried, template, BROKEN_REASON
                )
                new = self._requests.put(name, kind, wanted, old)
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
            left = self.resources.pop(name)
            problem = self._clean_up(name, left)
            if problem:
                self.resources[name] = left
                return self._ended("DELETE_FAILED", problem)
        return self._ended("DELETE_COMPLETE")

    @property
    def can_be_cancelled(self) -> bool:
        """Whether a resource is being created or updated whose answer has not come."""
        return self._roll_back_now is not None and not self.exchanges[-1].puts

    def cancel(self, during: str = "") -> None:
        """Roll back at once, as when another resource fails meanwhile.

        CloudFormation cancels what is under way, and waits for no answer: the rollback's requests
        come while the function still carries out the first one.

        Args:
            during: the operation that the function has called.
        """
        roll_back, self._roll_back_now = self._roll_back_now, None
        cancelled = self.exchanges[-1]
        if roll_back and not cancelled.puts:
            self._requests.show_cancelled(cancelled)
            cancelled.rolled_back_during = during
            cancelled.rolled_back = roll_back()

    def continue_rollback(self) -> Outcome:
        """Go on with a rollback that has failed."""
        if self._unfinished is None:
            return Outcome("UPDATE_ROLLBACK_COMPLETE", [])
        return self._unfinished()

    def _roll_back(
        self,
        before: dict[str, Resource],
        tried: Mapping[str, tuple[Mapping[str, Any], str | None]],
        template: Resources,
        reason: str,
    ) -> Outcome:
        self._show("UPDATE_ROLLBACK_IN_PROGRESS" if before else "ROLLBACK_IN_PROGRESS")
        leftovers: list[tuple[str, Resource]] = []
        for name, (properties, physical_id) in tried.items():
            old = before.get(name)
            kind = template[name][0]
            made = physical_id or self._requests.invented(name)
            if old is None:
                self.resources.pop(name, None)
                leftovers.append((name, Resource(kind, properties, made, {})))
                continue
            given = Resource(kind, properties, physical_id or old.physical_id, {})
            try:
                self.resources[name] = self._requests.put(name, kind, old.properties, given)
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

    def _clean_up(self, name: str, old: Resource, tries: int = 1) -> str | None:
        """Delete a resource, or what it stood for before, and return why that failed."""
        return self._requests.clean_up(name, old, tries, is_listed=name not in self.resources)

    def _ended(self, status: str, *reasons: str | None) -> Outcome:
        self._show(status)
        return Outcome(status, [reason for reason in reasons if reason])

    def _show(self, status: str) -> None:
        """Show a status in CloudFormation."""
        self._world.aws.cloudformation.show(self._requests.arn, status)
