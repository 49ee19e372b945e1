"""AWS Lambda's side of the function: its queue, its environments, what it repeats."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from .aws import FUNCTION_ARN
from .environment import Environment, Environments, Settings
from .world import World

# See custom_resource: in the last half a minute it only answers.
_LAST_CALLS_SECONDS = 30.0
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_LATER = (60.0, 120.0)


@dataclass(order=True)
class _Queued:
    due: float
    number: int
    event: Mapping[str, Any] = field(compare=False)
    since: float = field(compare=False)
    repeated: int = field(compare=False, default=0)


class Function:
    """The function, invoked as CloudFormation does: later, and again when it fails.

    Args:
        world: what it calls.
        environments: makes its processes.
        seed: of their randomness.
        seconds: how long an invocation may take.
        most_age: how old a request may be when AWS Lambda invokes the function with it.
        arn: its ARN.
        repeats: whether it repeats a request that was not answered.

    Attributes:
        is_impatient: whether its processes wait only shortly for answers, see `Settings`.
        has_simulated_timers: whether their timers follow the simulated clock.
        is_watched: whether the gate looks at its calls.
        dropped: the ids of the requests that were too old to be repeated.
        duplicated: the ids of those that were delivered twice at once.
        when_ended: called when an invocation has ended.
    """

    def __init__(
        self,
        world: World,
        environments: Environments,
        seed: int = 0,
        *,
        seconds: float = 900.0,
        most_age: float = 930.0,
        arn: str = FUNCTION_ARN,
        repeats: bool = True,
    ) -> None:
        self._world = world
        self._environments = environments
        self._seed = seed
        self._arn = arn
        self.seconds = seconds
        self._most_age = most_age
        self._invocations = world.aws.invocations[arn]
        self._later = _LATER if repeats else ()
        self._queue: list[_Queued] = []
        self._idle: list[Environment] = []
        self._count = 0
        self._running: _Queued | None = None
        self._process: Environment | None = None
        self._began = 0.0
        self._holding_up = threading.RLock()
        self._is_holding_up = False
        self.is_impatient = False
        self.has_simulated_timers = False
        self.is_watched = False
        self.dropped: set[str] = set()
        self.duplicated: set[str] = set()
        self.when_ended: Callable[[], None] = lambda: None

    def invoke(self, event: Mapping[str, Any]) -> None:
        """Take an event; it is handed to the function when its time has come."""
        now = self._world.clock.now
        self._enqueue(now, event, now)

    def next_due(self) -> float | None:
        """Return when the next event is due, None when there is none."""
        return min(self._queue).due if self._queue else None

    def run_next(self) -> None:
        """Hand the next event to the function, when its time has come."""
        queued = min(self._queue)
        self._queue.remove(queued)
        clock = self._world.clock
        clock.sleep_until(queued.due)
        outer = self._running, self._process, self._began, self._world.gate.is_open
        process = self._take()
        self._running, self._process, self._began = queued, process, clock.now
        self._world.began = self._began
        self._world.gate.is_open = self.is_watched
        outcome = process.invoke(queued.event, self.seconds)
        self._process = None
        is_inner = outer[1] is not None  # within a call that is held up, by another thread maybe
        # Another thread of the process may be in a call that is held up.
        with nullcontext() if is_inner else self._holding_up:
            self._running, self._process, self._began, self._world.gate.is_open = outer
            self._world.began = self._began
        self.when_ended()
        if outcome == "killed":
            process.close()
        else:
            self._idle.append(process)
        self._repeat(queued, outcome)
        while self._invocations:
            self.invoke(self._invocations.pop(0))

    def _repeat(self, queued: _Queued, outcome: str) -> None:
        """Queue what has failed again, unless it is too old by then."""
        if outcome == "done" or queued.repeated == len(self._later):
            return
        due = self._world.clock.now + self._later[queued.repeated]
        if due - queued.since > self._most_age:
            self.dropped.add(queued.event["RequestId"])
        else:
            self._enqueue(due, queued.event, queued.since, queued.repeated + 1)

    def _enqueue(
        self, due: float, event: Mapping[str, Any], since: float, repeated: int = 0
    ) -> None:
        self._count += 1
        self._queue.append(_Queued(due, self._count, event, since, repeated))

    def run_out(self) -> None:
        """Hand over everything that is still to come, however late it comes."""
        while self._queue:
            self.run_next()

    def run_what_is_due(self) -> None:
        """Hand over what is due by now."""
        while (due := self.next_due()) is not None and due <= self._world.clock.now:
            self.run_next()

    def deadline(self) -> float:
        """Return until when the invocation at work begins calls."""
        return self._began + self.seconds - _LAST_CALLS_SECONDS

    @property
    def has_run_out(self) -> bool:
        """Whether the time of the invocation at work is over, so that AWS Lambda ends it."""
        return not self._is_holding_up and self._world.clock.now > self._began + self.seconds

    def kill(self) -> None:
        """Kill the process that is at work."""
        if self._process:
            self._process.kill()

    def deliver_again(self) -> None:
        """Deliver what is being carried out once more, and wait until that has ended."""
        if self._running:
            self.duplicated.add(self._running.event["RequestId"])
            process = self._make()
            outcome = process.invoke(self._running.event, self.seconds)
            process.close()
            self._repeat(self._running, outcome)

    def deliver_late(self, seconds: float) -> None:
        """Deliver what is being carried out once more, so many seconds later."""
        if self._running:
            due = self._world.clock.now + seconds
            self._enqueue(due, self._running.event, self._running.since, len(self._later))

    def hold_up(self, act: Callable[[], object], patience: float) -> bool:
        """Hold up what is being carried out while something else is done.

        Args:
            act: does the other thing.
            patience: after how many seconds the call that is held up is given up.

        Returns:
            Whether the call is still waited for. When the invocation has no time left, it is
            killed: it has run into its timeout by now.
        """
        if self._is_holding_up:  # for another delivery, whose call this is
            act()
            return True
        with self._holding_up:
            first = self._process
            if first is None:
                return True
            began = self._world.clock.now
            with first.held_up():
                self._is_holding_up = True
                act()
                self._is_holding_up = False
            has_time = self._world.clock.now < self.deadline()
            if not has_time and self._process is first:
                first.kill()
            return has_time and self._world.clock.now - began <= patience

    def forget_processes(self) -> None:
        """End all processes, so that the next one is made anew."""
        for process in self._idle:
            process.close()
        self._idle.clear()

    def _take(self) -> Environment:
        return self._idle.pop() if self._idle else self._make()

    def _make(self) -> Environment:
        return self._environments.make(
            Settings(
                endpoints=self._world.endpoints,
                ecr_port=self._world.port("ecr-registry"),
                seed=self._seed,
                arn=self._arn,
                is_impatient=self.is_impatient,
                has_simulated_timers=self.has_simulated_timers,
            )
        )
