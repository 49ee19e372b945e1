"""Twenty stacks before a Lightsail that takes only so many calls a second."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reliability.broken import hold

from .crowd import MANY, SECONDS, crowd

LIMITS = ((1, 1), (1, 5), (2, 10), (5, 20), (10, 50))
"""Calls a second in the long run, and how many at once."""
_MOST_CALLS = 10  # for one that is taken
_MOST_TOGETHER = 3  # also of few stacks, by chance
_MORE_SECONDS = 30.0  # of a few stacks, the pause of the last one


@dataclass(frozen=True, kw_only=True)
class Passage:
    """How the stacks were made, changed and deleted through a door."""

    taken: int  # how many calls it let through
    refused: int
    seconds: float
    least: float  # how long the door alone needs for as many calls
    together: int
    """How many came back at the same hundredth of a second, at most; all if they waited alike."""
    answers: int


def pass_through(
    rate: int, at_once: int, *, count: int = MANY, seconds: float = SECONDS
) -> Passage:
    """Make, change and delete stacks; their functions have so many seconds for an invocation.

    Raises:
        Broken: a stack did not come through, or an image is lost or left; the stacks came back
            too often, together, or much later than the door would have let them in.
    """
    with crowd(count, seconds=seconds) as given:
        behaviour, requests = given.world.behaviour, given.world.lightsail.requests
        behaviour.calls_at_once, behaviour.calls_per_second = at_once, rate
        first, began = len(requests), given.time.now
        steps = [given.put(lambda number: given.image("web", number))]
        # So far they have waited for the door alone.
        came_back = Counter(
            round(request.time, 2) for request in requests[first:] if request.time > began
        )
        steps.append(given.put(lambda number: given.image("web", 100 + number)))
        steps.append(given.delete())
        made = requests[first:]
        for outcomes in steps:
            given.check(outcomes)
        answers = given.answers()
    refused = sum(request.error == "ThrottlingException" for request in made)
    taken = len(made) - refused
    least = max(0.0, (taken - at_once) / rate)
    together = max(came_back.values(), default=0)
    hold(len(made) <= _MOST_CALLS * taken, f"{len(made)} calls for {taken} that are taken")
    hold(together <= max(_MOST_TOGETHER, count // 2), f"{together} came back together")
    hold(given.seconds <= 2 * least + _MORE_SECONDS, f"{given.seconds:.0f} s for {least:.0f}")
    return Passage(
        taken=taken,
        refused=refused,
        seconds=given.seconds,
        least=least,
        together=together,
        answers=len(answers),
    )
