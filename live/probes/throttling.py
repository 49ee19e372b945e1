"""U14: how many calls are too many."""

from __future__ import annotations

from dataclasses import dataclass

from live.answers import Answer, settled
from live.lightsail import CallFailed, is_throttled
from live.probed_service import ProbedService

_MOST_CALLS = 200
# Calls before may have left the bucket half empty.
_FILLS_SECONDS = 15.0
# What is waited after a throttled call, before the next ones, in seconds.
_PAUSES = (0.0, 0.25, 1.0, 4.0)


@dataclass(frozen=True)
class _Burst:
    """Calls as fast as one client sends them, until one is throttled."""

    pause: float  # the seconds before it
    calls: int  # that were taken
    seconds: float
    refusal: str  # what was said to the one that was not, nothing if all were taken

    def __str__(self) -> str:
        after = f"after {self.pause:g} s " if self.pause else ""
        end = f", then {self.refusal}" if self.refusal else ""
        return f"{after}{self.calls} calls in {self.seconds:.1f} s{end}"


def throttling(service: ProbedService) -> Answer:
    """Read as fast as one client can, a bounded number of times, and again after pauses.

    AWS fills a bucket of tokens up steadily, so that after a pause more calls are taken; a limit
    that counts nothing but calls does not care for pauses.
    """
    lightsail = service.lightsail
    before = lightsail.throttled
    service.waiting.sleep(_FILLS_SECONDS)
    bursts: list[_Burst] = []
    left = _MOST_CALLS
    for pause in (0.0, *_PAUSES):
        service.waiting.sleep(pause)
        bursts.append(_burst(service, pause, left))
        left -= bursts[-1].calls + 1
        if left <= 0 or not bursts[-1].refusal:
            break
    evidence = tuple(f"GetContainerServices: {burst}" for burst in bursts)
    first, *others = bursts
    if not first.refusal:
        found = (
            f"none in {first.calls} calls, {first.calls / max(first.seconds, 0.001):.0f} a second"
        )
        if before:
            found += f", but {before} of the {lightsail.calls} calls of the run"
        return settled(found, {"throttle_every": 0, "calls_per_second": 0}, *evidence)
    counts = {burst.calls for burst in others if burst.refusal}
    if len(counts) == 1 and counts != {0}:
        every = counts.pop() + 1
        found = f"every {every}th, with any wait in between"
        return settled(found, {"throttle_every": every, "calls_per_second": 0}, *evidence)
    rate = _rate(first, others)
    sides = {"throttle_every": 0, "calls_per_second": rate, "calls_at_once": first.calls}
    return settled(f"about {first.calls} at once and {rate} a second", sides, *evidence)


def _burst(service: ProbedService, pause: float, most: int) -> _Burst:
    clock = service.waiting.clock
    began, refusal, calls = clock(), "", 0
    while calls < most and not refusal:
        try:
            service.lightsail.once("GetContainerServices", serviceName=service.name)
            calls += 1
        except CallFailed as failure:
            if not is_throttled(failure):
                raise
            refusal = failure.code
    return _Burst(pause, calls, clock() - began, refusal)


def _rate(first: _Burst, others: list[_Burst]) -> int:
    """Return how many calls a second came back, by the longest pause that did not fill all up."""
    rates = [
        burst.calls / (burst.pause + burst.seconds)
        for burst in others
        if burst.calls and burst.calls < first.calls and burst.pause + burst.seconds > 0
    ]
    if rates:
        return max(1, round(rates[-1]))
    pause = next((burst.pause for burst in others if burst.calls), 1.0)
    return max(1, round(first.calls / max(pause, 0.25)))
