"""Going on in another invocation: work that is longer than one of AWS Lambda's."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .errors import HandlerError, Unanswered
from .properties.rules import MAX_EVENT_AGE_SECONDS

_KEY = "HandOver"
# Functions that call themselves more often than this in a chain are stopped by AWS Lambda, see
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
_MOST = 14
_HOUR = 3600


class Invocation:
    """The call by which the function invokes itself, as its failures name it.

    It may be carried out twice: then two invocations go on, and come to the same end.
    """

    operation = "Invoke"
    repeatable = True

    def failed(self, code: str, _: object) -> HandlerError:
        """Return the error for what AWS Lambda answered."""
        return HandlerError(
            f"the function could not hand over to itself ({code})",
            "allow it lambda:InvokeFunction on itself",
        )

    def not_made(self, cause: str) -> HandlerError:
        """Return the error for a call that botocore could not make."""
        return self.failed(cause, None)

    def out_of_time(self, cause: str) -> HandlerError:
        """Return the error for a call that did not get through while there was time."""
        # A permission that may be on its way is asked for until then.
        return self.failed(cause, None) if "AccessDenied" in cause else self.unanswered(cause)

    def unanswered(self, cause: str) -> Unanswered:
        """Return the error for a call whose answer was lost."""
        return Unanswered(
            f"AWS Lambda did not answer the function that hands over to itself ({cause})",
            "it repeats the request in a minute",
        )


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """How often a request was handed over, and since when it is being carried out.

    Args:
        count: 0 in the invocation by CloudFormation.
        began: seconds since the epoch; CloudFormation may have sent it some minutes before.
        state: what the invocation before left, to go on from there; nothing secret.
    """

    count: int
    began: float
    state: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Return what a request says of it; CloudFormation's own says nothing."""
        given = event.get(_KEY)
        if isinstance(given, Mapping):
            # A function of an earlier release hands over nothing more than the first two.
            state = given.get("State", {})
            return cls(count=int(given["Count"]), began=float(given["Began"]), state=state)
        return cls(count=0, began=time.time())

    def is_possible(self, event: Mapping[str, Any], seconds: float) -> bool:
        """Return whether another invocation can still answer.

        Args:
            event: the request.
            seconds: how long an invocation may take.
        """
        waited = time.time() - self.began
        ends = _service_timeout(event) - MAX_EVENT_AGE_SECONDS
        return self.count < _MOST and waited + seconds < ends

    def payload(self, event: Mapping[str, Any], state: Mapping[str, object]) -> bytes:
        """Return the request for the next invocation, which goes on from a state."""
        handed = {"Count": self.count + 1, "Began": self.began, "State": state}
        return json.dumps({**event, _KEY: handed}).encode()


def _service_timeout(event: Mapping[str, Any]) -> float:
    """Return how long CloudFormation waits for the answer."""
    properties = event.get("ResourceProperties")
    given = properties.get("ServiceTimeout") if isinstance(properties, Mapping) else None
    return float(given) if isinstance(given, str) and given.isdecimal() else _HOUR
