"""Removes what a run has made, and looks whether something is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .lightsail import CallFailed, Lightsail
from .names import LOG_GROUP, OURS, PREFIX, TAG
from .stack import RunStack
from .waiting import TookTooLong

_GONE_SECONDS = 30 * 60.0
_QUIET_SECONDS = 5.0
_SHOWS_SECONDS = 60.0
# For longer no list shows what was before.
_STALE_SECONDS = 20.0
_LOG_GROUPS = "log groups"
_FAILURES = (CallFailed, TookTooLong, ClientError, BotoCoreError)


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that is left, and the command that removes it."""

    what: str
    command: str


@dataclass(kw_only=True)
class CleanUp:
    """The things of one run, and their end; `doing` gets what is being removed."""

    stack: RunStack
    services: Sequence[str]
    lightsail: Lightsail
    logs: Any
    region: str
    doing: Callable[[str], None] = lambda _: None

    def run(self) -> list[Left]:
        """Remove everything, and return what is left, which is nothing if all went well."""
        self._remove()
        # Once more: what held the stack up may be gone by now, and what was asked for a moment
        # before an interruption may be there only now.
        self.lightsail.waiting.sleep(_QUIET_SECONDS)
        problems = self._remove()
        left: list[Left] = []
        for _ in self.lightsail.waiting.looks(_SHOWS_SECONDS):
            left = self._look(problems)
            if not left:
                break
        return left

    def everything(self, why: str = "") -> list[Left]:
        """Return all that may be left."""
        more = f" ({why})" if why else ""
        services = [self._left_service(name, more) for name in self.services]
        return [self._left_stack(more), *services]

    def _remove(self) -> dict[str, str]:
        """Remove everything, and return what did not work: of the stack, a service, the logs."""
        removals: Mapping[str, Callable[[], None]] = {
            "stack": self.stack.delete,
            **{name: partial(self._delete_service, name) for name in self.services},
            _LOG_GROUPS: self._delete_log_groups,
        }
        problems: dict[str, str] = {}
        for name, remove in removals.items():
            self.doing(f"removing {name}")
            try:
                remove()
            except _FAILURES as error:
                problems[name] = f" ({error})"
        return problems

    def _delete_service(self, name: str) -> None:
        clock = self.lightsail.waiting.clock
        missed: list[float] = []

        def look() -> bool:
            # Other refusals come while something else is done to the service, its deletion too, and
            # may be the answer for a missing one: AWS's own handler of AWS::Lightsail::Container
            # takes InvalidInputException for that as well. So the list decides, once it is no old
            # news.
            said = self.lightsail.ask("DeleteContainerService", serviceName=name)
            if name in self.lightsail.service_names():
                missed.clear()
                return False
            missed.append(clock())
            is_missed_long = clock() - missed[0] >= _STALE_SECONDS
            return said.code == "NotFoundException" or is_missed_long

        self.lightsail.waiting.until(look, _GONE_SECONDS, "it is not gone")

    def _delete_log_groups(self) -> None:
        for group in _log_groups(self.logs, self.stack.name):
            self.logs.delete_log_group(logGroupName=group)

    def _look(self, problems: Mapping[str, str]) -> list[Left]:
        """Return what is there, and why it is; all that may be there if that is unknown."""
        try:
            return self._found(problems)
        except _FAILURES as error:
            return self.everything(f"it could not be looked up: {error}")

    def _found(self, problems: Mapping[str, str]) -> list[Left]:
        left = []
        if status := self.stack.status():
            left.append(self._left_stack(f", {status}{problems.get('stack', '')}"))
        for service in self.lightsail.services():
            name = service["containerServiceName"]
            if name in self.services:
                more = f", {service['state']}{problems.get(name, '')}"
                left.append(self._left_service(name, more))
        for group in _log_groups(self.logs, self.stack.name):
            command = f"logs delete-log-group --log-group-name {group}"
            more = problems.get(_LOG_GROUPS, "")
            left.append(self._left(f"log group {group}{more}", command))
        return left

    def _left_stack(self, more: str) -> Left:
        name = self.stack.name
        return self._left(f"stack {name}{more}", f"cloudformation delete-stack --stack-name {name}")

    def _left_service(self, name: str, more: str) -> Left:
        command = f"lightsail delete-container-service --service-name {name}"
        return self._left(f"container service {name}{more}", command)

    def _left(self, what: str, command: str) -> Left:
        return Left(what=what, command=f"aws {command} --region {self.region}")


def find_runs(lightsail: Lightsail, cloudformation: Any, logs: Any) -> dict[str, list[str]]:
    """Return the runs that left something, each with its container services.

    Only what has both the form of our names and our tag is a run's; of a log group, which shows no
    tags where it is listed, the name alone says so.
    """
    runs: dict[str, list[str]] = {}
    for service in lightsail.services():
        name = service["containerServiceName"]
        if OURS.fullmatch(name) and any(tag["key"] == TAG for tag in service.get("tags", [])):
            runs.setdefault(name.removesuffix("-web"), []).append(name)
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            name, status = stack["StackName"], stack["StackStatus"]
            is_tagged = any(tag["Key"] == TAG for tag in stack.get("Tags", []))
            if OURS.fullmatch(name) and is_tagged and status != "DELETE_COMPLETE":
                runs.setdefault(name, [])
    for name in _log_groups(logs, PREFIX):
        if (found := LOG_GROUP.match(name)) is not None:
            runs.setdefault(found["run"], [])
    return runs


def _log_groups(logs: Any, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]
