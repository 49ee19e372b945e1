"""Twenty stacks before a Lightsail that takes only so many calls a second."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reliability.broken import Broken

from .crowd import SECONDS, crowd
from .member import MANY, Member
from .properties import image

LIMITS = ((1, 1), (1, 5), (2, 10), (5, 20), (10, 50))
"""Calls a second in the long run, and how many at once."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """How the stacks were made, changed and deleted through a door.

    Args:
        taken: how many calls it let through.
        refused: how many it did not.
        seconds: how long it took.
        least: how long the door alone needs for as many calls.
        together: how many came back at the same hundredth of a second, at most; all would if they
            waited equally long.
        answers: how many requests were answered.
    """

    taken: int
    refused: int
    seconds: float
    least: float
    together: int
    answers: int


def pass_through(
    rate: int, at_once: int, *, count: int = MANY, seconds: float = SECONDS
) -> Passage:
    """Make, change and delete stacks.

    Args:
        rate: how many calls a second the door lets through in the long run.
        at_once: how many it lets through at once after a pause.
        count: how many stacks.
        seconds: how long an invocation of a function may take.

    Raises:
        Broken: a stack did not come through, or an image is lost or left.
    """
    with crowd(count, seconds=seconds) as given:
        given.lightsail.behaviour.calls_at_once = at_once
        given.lightsail.behaviour.calls_per_second = rate
        requests = given.lightsail.requests
        first, began = len(requests), given.time.now
        answers = given.at_once(lambda member: member.put(image("web", member.number)))
        # So far they have waited for the door alone.
        came_back = Counter(
            round(request.time, 2) for request in requests[first:] if request.time > began
        )
        answers += given.at_once(lambda member: member.put(image("web", 100 + member.number)))
        answers += given.at_once(Member.delete)
        took, made = given.time.now - began, requests[first:]
        for answer in answers:
            if answer["Status"] != "SUCCESS":
                raise Broken(answer["Reason"])
        if given.images():
            raise Broken(f"{sorted(given.images())} belong to no stack")
    refused = sum(request.error == "ThrottlingException" for request in made)
    return Passage(
        taken=len(made) - refused,
        refused=refused,
        seconds=took,
        least=max(0.0, (len(made) - refused - at_once) / rate),
        together=max(came_back.values(), default=0),
        answers=sum(len(member.answers) for member in given.members),
    )
