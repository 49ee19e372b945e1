"""Handing over to another invocation: work that is longer than one of AWS Lambda's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..aws.calls import Calls, PlainCall
from ..deadline import Deadline
from ..errors import HandlerError, Unanswered
from ..properties.rules import BEYOND_TIMEOUT_SECONDS

INVOKE_SECONDS = 5
"""How long an attempt to invoke takes at most: there is no timer behind it."""

IN_DOUBT = "InDoubt"
"""Names in the state whether something may have been registered or deployed."""

_INVOCATION = PlainCall(
    "Invoke",
    "the function could not hand over to itself",
    "allow it lambda:InvokeFunction on itself",
    repeatable=False,
)
_KEY = "HandOver"
# Functions that call themselves more often than this in a chain are stopped by AWS Lambda, see
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
_MOST = 14
_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The invocations that carry one request out: how many, and since when.

    Args:
        count: 0 in the invocation by CloudFormation.
        began: seconds since the epoch; CloudFormation may have sent it some minutes before.
        state: what the invocation before left, to go on from there; nothing secret.
    """

    count: int
    began: float
    state: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Mapping[str, Any], now: float) -> Self:
        """Return the chain of a request; CloudFormation's own begins one.

        Args:
            event: the request.
            now: seconds since the epoch.
        """
        given = event.get(_KEY)
        handed = given if isinstance(given, Mapping) else {}
        count, began, state = (handed.get(name) for name in ("Count", "Began", "State"))
        if not isinstance(count, int) or not isinstance(began, float):
            return cls(count=0, began=now)
        # A function of an earlier release hands over nothing more than the first two.
        return cls(count=count, began=began, state=state if isinstance(state, Mapping) else {})

    def is_possible(
        self, event: Mapping[str, Any], now: float, timeout: float, answered_in: float
    ) -> bool:
        """Return whether another invocation can still answer.

        Args:
            event: the request.
            now: seconds since the epoch.
            timeout: how long an invocation may take.
            answered_in: how long it takes at most to answer.
        """
        # The request may have been as old when it was begun for the first time.
        waited = timeout + BEYOND_TIMEOUT_SECONDS + now - self.began
        return self.count < _MOST and waited + answered_in < _service_timeout(event)

    def payload(self, event: Mapping[str, Any], state: Mapping[str, object]) -> bytes:
        """Return the request for the next invocation, which goes on from a state."""
        handed = {"Count": self.count + 1, "Began": self.began, "State": state}
        return json.dumps({**event, _KEY: handed}).encode()


def _service_timeout(event: Mapping[str, Any]) -> float:
    """Return how long CloudFormation waits for the answer."""
    properties = event.get("ResourceProperties")
    given = properties.get("ServiceTimeout") if isinstance(properties, Mapping) else None
    return float(given) if isinstance(given, str) and given.isdecimal() else _HOUR


def invoke(client: Any, calls: Calls, deadline: Deadline, **arguments: Any) -> None:
    """Invoke the function, again while that can help.

    It may be carried out twice: then two invocations go on, and come to the same end.

    Raises:
        Unanswered: it may have been carried out.
        HandlerError: it was not.
    """
    lost: Unanswered | None = None
    attempt = 0
    while True:
        try:
            calls.send(_INVOCATION, lambda: client.invoke(**arguments))
        except Unanswered as unanswered:
            lost = unanswered
        except HandlerError:
            # What came before may be carried out all the same.
            if lost is None:
                raise
            raise lost from None
        else:
            return
        if not deadline.back_off(attempt):
            raise lost
        attempt += 1
