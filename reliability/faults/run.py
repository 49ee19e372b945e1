"""One run: a scenario, one of its calls, its fault, and what must hold afterwards."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fake_time import ProcessTime
from reliability.invariants import Invariants
from reliability.lifecycles import LIFECYCLES, Setting, set_up
from reliability.windows import Window
from world.cloudformation import SimulatedStack
from world.custom_resource import Outcome
from world.function import Function
from world.gate import Call
from world.processes import ProcessEnvironments
from world.template import Templates
from world.world import World

from . import inject

Switch = str | bool | float

_LATER_SECONDS = 600.0


@dataclass
class Result:
    """What came of a run."""

    calls: list[Call] = field(default_factory=list)  # of the part with the fault
    problems: list[str] = field(default_factory=list)  # in sentences; none when all held
    status: str = ""
    was_injected: bool = False
    """Whether there was a call to inject the fault into."""
    was_stuck: bool = False
    """Whether the rollback could not end while the fault lasted."""
    windows: Counter[Window] = field(default_factory=Counter)
    """How many images and deployments stay that no stack stands for, by the case."""


Injected = tuple[Call, str]
"""A call, and the fault that is injected into it."""


@dataclass(frozen=True)
class Run:
    """A run to make."""

    lifecycle: str
    call: Call | None = None  # that the fault is injected into
    fault: str = ""
    seed: int = 0  # of the function's randomness
    repeats: bool = True  # whether AWS Lambda repeats a request that was not answered
    switches: tuple[tuple[str, Switch], ...] = ()
    """How Lightsail behaves during the part with the fault, other than it does."""
    may_fail: bool = False  # because of the switches
    second: Injected | None = None  # in the same part

    @property
    def injected(self) -> list[Injected]:
        """The calls with a fault, and their faults."""
        first = [(self.call, self.fault)] if self.call else []
        return [*first, *([self.second] if self.second else [])]

    def make(
        self, clock: ProcessTime, environments: ProcessEnvironments, templates: Templates
    ) -> Result:
        """Make the run in a new world."""
        environments.log.write_bytes(b"")
        with World(clock, environments.certificate) as world:
            function = Function(
                world,
                environments,
                self.seed,
                seconds=templates.invocation_seconds,
                most_age=templates.most_age,
                arn=LIFECYCLES[self.lifecycle].function,
                repeats=self.repeats,
            )
            try:
                return _Life(self, world, function, environments, templates).run()
            finally:
                function.forget_processes()


class _Life:
    """A scenario from its beginning to its end, in one world."""

    def __init__(
        self,
        run: Run,
        world: World,
        function: Function,
        environments: ProcessEnvironments,
        templates: Templates,
    ) -> None:
        self._run = run
        self._lifecycle = LIFECYCLES[run.lifecycle]
        self._world = world
        self._function = function
        self._refusal = environments.refusal
        self._stack = SimulatedStack("Shop", world, function)
        others = [SimulatedStack("Worker", world, function)]
        self._setting = Setting(world, templates, self._stack, others)
        self._invariants = Invariants(
            world,
            [self._stack, *others],
            function.dropped,
            environments.log,
            # An outage that only one of the deliveries meets takes a fault of its own.
            function.duplicated if run.second else (),
        )
        self._result = Result()

    def run(self) -> Result:
        """Run it, and return what came of it."""
        lifecycle, world, stack = self._lifecycle, self._world, self._stack
        set_up(world)
        lifecycle.prepare(self._setting)
        self._invariants.begin()
        behaviour = vars(world.behaviour)
        before = dict(behaviour)
        behaviour.update(self._run.switches)
        with self._injecting():
            outcome = lifecycle.act(self._setting)
            self._function.run_out()
        behaviour.update({name: before[name] for name, _ in self._run.switches})
        self._result.status = outcome.status
        has_outage = any(fault in inject.OUTAGES for _, fault in self._run.injected)
        is_blocked = lifecycle.unblock or has_outage
        if outcome.status == "UPDATE_ROLLBACK_FAILED" and is_blocked:
            # What the rollback needs is missing for all of its time: it says so, and the stack's
            # owner continues it afterwards.
            self._result.was_stuck = not lifecycle.unblock
            self._result.problems += self._invariants.unclear(outcome)
            world.clock.sleep(_LATER_SECONDS)
            self._unblock()
            outcome = stack.continue_rollback()
        had_fault = self._run.call is not None or self._run.may_fail
        succeeds = lifecycle.succeeds and not had_fault
        self._check("", outcome, succeeds=succeeds, had_fault=had_fault)
        self._recover(outcome)
        self._result.windows = self._invariants.windows
        return self._result

    def _recover(self, outcome: Outcome) -> None:
        """Go on as the owner of the stack does, who must come out as if nothing had been."""
        world, stack = self._world, self._stack
        world.blob_seconds = world.answer_seconds = 0
        self._unblock()
        world.clock.sleep(_LATER_SECONDS)
        if outcome.status == "DELETE_FAILED":
            self._check("deleting again", stack.delete(), succeeds=True)
        last = self._lifecycle.then(self._setting)
        with world.soon_deployed():
            again = stack.deploy(last)
        self._check("the next deploy", again, succeeds=True)
        world.clock.sleep(_LATER_SECONDS)
        self._check("the end", stack.delete(), succeeds=True)

    def _unblock(self) -> None:
        """Do what the owner of the stack does so that it can go on."""
        if self._lifecycle.unblock:
            self._lifecycle.unblock(self._setting)

    @contextmanager
    def _injecting(self) -> Iterator[None]:
        """Inject the faults of the run, and write down which calls there are."""
        gate, function = self._world.gate, self._function
        injected = self._run.injected
        faults = {fault for _, fault in injected}
        function.is_impatient = not faults.isdisjoint(inject.STALLS)
        function.has_simulated_timers = inject.SLOW in faults
        is_special = function.is_impatient or function.has_simulated_timers
        aims: list[inject.Aim] = []
        if self._run.call and inject.REFUSED in faults:
            # Every call on a connection of its own, so that the one that is refused is this one's.
            is_special = gate.answers_once = True
            self._refusal.refuse(self._world.port(self._run.call.server), self._run.call.number)
        else:
            clock, stack = self._world.clock, self._stack
            aims = [inject.Aim(call, fault, clock, function, stack) for call, fault in injected]
            gate.inject = inject.together(aims)
            function.when_ended = functools.partial(inject.end, aims)
        if is_special:
            function.forget_processes()
        function.is_watched = True
        try:
            yield
        finally:
            function.is_watched = gate.answers_once = False
            self._result.calls = list(gate.calls)
            has_aims = all(aim.was_injected for aim in aims) and bool(aims)
            self._result.was_injected = has_aims or self._refusal.has_refused
            self._refusal.refuse(0, 0)
            function.is_impatient = function.has_simulated_timers = False
            if is_special:
                function.forget_processes()

    def _check(
        self, when: str, outcome: Outcome, *, succeeds: bool, had_fault: bool = False
    ) -> None:
        """Write down what does not hold now."""
        where = f"{when}: " if when else ""
        broken = self._invariants.broken(outcome, succeeds=succeeds, had_fault=had_fault)
        self._result.problems += [f"{where}{problem}" for problem in broken]
