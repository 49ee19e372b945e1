"""One run: a scenario, one of its calls, and what strikes it; and what must hold afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import scenario as scenarios
from . import strike
from .clock import Clock
from .cloudformation import DEPLOYMENT, Outcome, Stack
from .environment import Environments
from .function import Function
from .gate import Call
from .scenario import SCENARIOS, Stage
from .world import UNTOLD, World

_MOST_BYTES = 4096
_MOST_REASON = 240
_ATTRIBUTES = {
    False: {"ImageName", "ImageDigest", "CreatedAt"},
    True: {"DeploymentVersion", "Url"},
}
_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
_FAILED = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"})
_LATER_SECONDS = 600.0
_NEXT = "the next deploy"


@dataclass
class Result:
    """What came of a run.

    Args:
        calls: the calls of the struck part.
        problems: what did not hold, in sentences; none when all did.
        status: what became of the stack.
        has_struck: whether the fault had anything to strike.
    """

    calls: list[Call] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    status: str = ""
    has_struck: bool = False


@dataclass(frozen=True)
class Run:
    """A run to make.

    Args:
        scenario: the scenario's name.
        call: the call that is struck; None for none.
        fault: the fault's name.
        seed: of the function's randomness.
        repeats: whether AWS Lambda repeats a request that was not answered.
    """

    scenario: str
    call: Call | None = None
    fault: str = ""
    seed: int = 0
    repeats: bool = True

    def make(self, clock: Clock, environments: Environments) -> Result:
        """Make the run in a new world."""
        clock.reset()
        environments.log.write_bytes(b"")
        with World(clock, environments.certificate) as world:
            function = Function(world, environments, self.seed, repeats=self.repeats)
            try:
                return _Life(self, world, function, environments).live()
            finally:
                function.forget_processes()


class _Life:
    """A scenario from its beginning to its end, in one world."""

    def __init__(
        self, run: Run, world: World, function: Function, environments: Environments
    ) -> None:
        self._run = run
        self._world = world
        self._function = function
        self._environments = environments
        self._stack = Stack("Shop", world, function)
        self._others = [Stack("Worker", world, function)]
        self._result = Result()

    def live(self) -> Result:
        """Live it, and return what came of it."""
        scenario = SCENARIOS[self._run.scenario]
        world, stack = self._world, self._stack
        scenarios.set_up(world)
        scenario.prepare(Stage(world, stack, self._others))
        self._bystanders = self._images() - self._owned()
        with self._struck():
            outcome = scenario.act(Stage(world, stack, self._others))
            self._function.run_out()
        self._result.status = outcome.status
        if outcome.status == "UPDATE_ROLLBACK_FAILED" and self._run.fault == "outage":
            # Whatever the rollback needs cannot be had for all of its time: it says so, and its
            # owner has it continued afterwards.
            world.clock.sleep(_LATER_SECONDS)
            outcome = stack.continue_rollback()
        self._check("", outcome, succeeds=scenario.succeeds and not self._run.call)
        self._recover(outcome)
        return self._result

    def _recover(self, outcome: Outcome) -> None:
        """Go on as the owner of the stack does, who must come out as if nothing had been."""
        world, stack = self._world, self._stack
        world.source.blob_seconds = 0
        world.clock.sleep(_LATER_SECONDS)
        if outcome.status == "DELETE_FAILED":
            self._check("deleting again", stack.delete(), succeeds=True)
        last = SCENARIOS[self._run.scenario].then(world)
        self._check(_NEXT, stack.deploy(last), succeeds=True)
        world.clock.sleep(_LATER_SECONDS)
        self._check("the end", stack.delete(), succeeds=True)

    @contextmanager
    def _struck(self) -> Iterator[None]:
        """Strike the call of the run, and write down which calls there are."""
        gate, function, clock = self._world.gate, self._function, self._world.clock
        call, fault = self._run.call, self._run.fault
        aim = None
        if fault in strike.STALLS:
            function.forget_processes()
            function.is_impatient = True
        if call and fault == strike.REFUSED:
            # Every call on a connection of its own, so that the one that is refused is this one's.
            function.forget_processes()
            gate.answers_once = True
            clock.refuse(self._world.port(call.server), call.number)
        elif call:
            aim = strike.Aim(
                call, fault, clock, function.kill, function.deliver_again, function.deadline
            )
            gate.strike = aim
            function.when_ended = aim.end
        function.is_watched = True
        try:
            yield
        finally:
            function.is_watched = gate.answers_once = False
            self._result.calls = list(gate.calls)
            self._result.has_struck = aim.has_struck if aim else clock.has_refused
            clock.refuse(0, 0)
            if function.is_impatient:
                function.is_impatient = False
                function.forget_processes()

    def _check(self, when: str, outcome: Outcome, *, succeeds: bool) -> None:
        """Write down what does not hold now."""
        where = f"{when}: " if when else ""
        self._result.problems += [
            f"{where}{problem}"
            for problem in (
                *self._wrong_outcome(outcome, succeeds=succeeds),
                *self._wrong_images(when),
                *self._wrong_answers(),
                *self._told_secrets(),
            )
        ]

    def _wrong_outcome(self, outcome: Outcome, *, succeeds: bool) -> Iterator[str]:
        if succeeds and outcome.status not in _SUCCEEDED:
            yield f"{outcome.status}: {outcome.reasons}"
        elif outcome.status not in _SUCCEEDED | _FAILED:
            yield f"stuck in {outcome.status}: {outcome.reasons}"
        elif (
            outcome.status in _FAILED
            and not _is_sentence(outcome.reasons[0])
            # Killed late in an invocation: then CloudFormation waits, and says so itself.
            and not self._function.has_dropped
        ):
            yield f"{outcome.status} without a cause and a cure: {outcome.reasons[0]}"

    def _wrong_images(self, when: str) -> Iterator[str]:
        images, owned = self._images(), self._owned()
        used = self._used()
        versions = set()
        if SCENARIOS[self._run.scenario].prunes:
            versions = {name for name in images | self._bystanders if name.startswith(":shop.web.")}
            # One, and the one that it has replaced.
            if when == _NEXT and len(versions & images) > 2:  # noqa: PLR2004
                yield f"{sorted(versions & images)} are more versions than there should be"
        for name in sorted((owned | (self._bystanders - versions) | used) - images):
            yield f"image {name} is lost"
        for name in sorted(images - owned - self._bystanders - used - versions):
            yield f"image {name} is nobody's"
        for stack in (self._stack, *self._others):
            for resource in stack.resources.values():
                if resource.kind == DEPLOYMENT and not self._serves(resource.attributes):
                    yield f"{stack.name} stands for a deployment that does not serve"

    def _wrong_answers(self) -> Iterator[str]:
        for stack in (self._stack, *self._others):
            for exchange in stack.exchanges:
                answers = {put.body for put in exchange.puts}
                what = f"{exchange.event['RequestType']} of {exchange.event['LogicalResourceId']}"
                told = {
                    (one["Status"], one["PhysicalResourceId"]) for one in map(json.loads, answers)
                }
                if len(told) > 1:
                    yield f"{what} was answered in {len(told)} ways: {sorted(told)}"
                for body in answers:
                    if problem := _wrong(exchange.event, body):
                        yield f"{what} was answered wrongly: {problem}"
                if any(put.at > exchange.ends for put in exchange.puts[:1]):
                    yield f"{what} was answered too late"

    def _told_secrets(self) -> Iterator[str]:
        log = self._environments.log.read_text(errors="replace")
        bodies = "".join(
            put.body.decode(errors="replace") for puts in self._world.puts.values() for put in puts
        )
        for secret in UNTOLD:
            if secret in log:
                yield f"the log shows {secret!r}"
            if secret in bodies:
                yield f"an answer shows {secret!r}"

    def _images(self) -> set[str]:
        return {
            image["image"]
            for service in ("shop", "blog")
            for image in self._world.client.get_container_images(serviceName=service)[
                "containerImages"
            ]
        }

    def _owned(self) -> set[str]:
        return {
            resource.physical_id
            for stack in (self._stack, *self._others)
            for resource in stack.resources.values()
            if resource.physical_id.startswith(":")
        }

    def _used(self) -> set[str]:
        services = self._world.client.get_container_services()["containerServices"]
        return {
            container["image"]
            for service in services
            for which in ("currentDeployment", "nextDeployment")
            for container in service.get(which, {}).get("containers", {}).values()
        }

    def _serves(self, attributes: Any) -> bool:
        found = self._world.client.get_container_service_deployments(serviceName="shop")
        states = {str(one["version"]): one["state"] for one in found["deployments"]}
        return states.get(attributes["DeploymentVersion"]) in {"ACTIVE", "INACTIVE"}


def _is_sentence(reason: str) -> bool:
    """Return whether a reason says what happened and, behind a colon, what to do."""
    if reason.startswith("CloudFormation did not receive"):
        return False
    return len(reason) <= _MOST_REASON and bool(re.fullmatch(r"\S.*: \S.*", reason, re.DOTALL))


def _wrong(event: Any, body: bytes) -> str:
    """Return what is wrong with an answer, nothing when it is right."""
    if len(body) > _MOST_BYTES:
        return f"{len(body)} bytes"
    answer = json.loads(body)
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        if answer.get(name) != event[name]:
            return f"{name} is {answer.get(name)}"
    if not answer.get("PhysicalResourceId"):
        return "it has no PhysicalResourceId"
    if answer["Status"] == "FAILED":
        return "" if _is_sentence(answer["Reason"]) else f"its reason is {answer['Reason']!r}"
    is_deployment = event["ResourceType"] == DEPLOYMENT
    if event["RequestType"] != "Delete" and set(answer["Data"]) != _ATTRIBUTES[is_deployment]:
        return f"its attributes are {sorted(answer['Data'])}"
    return ""
