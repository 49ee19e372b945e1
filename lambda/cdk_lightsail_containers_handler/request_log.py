"""What the function's log says of a request."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .mask import Mask

_logger = logging.getLogger(__name__)


class Log(Protocol):
    """Where the steps of a request are told."""

    def __call__(self, step: str, /, **facts: object) -> None:
        """Tell a step, with the names that belong to it."""


class RequestLog:
    """One line of JSON for each step of a request, with the request's ids.

    Never the request itself: its ResponseURL is a signature with which anybody can answer.

    Attributes:
        mask: learns secrets, which no line shows from then on.
    """

    def __init__(self, event: Mapping[str, Any], clock: Callable[[], float]) -> None:
        self._ids = {
            "type": event.get("RequestType"),
            "resource": event.get("LogicalResourceId"),
            "stack": event.get("StackId"),
            "request": event.get("RequestId"),
        }
        self._clock = clock
        self._last = clock()
        self.mask = Mask()

    def __call__(self, step: str, /, **facts: object) -> None:
        """Log a step, with the milliseconds since the step before."""
        now = self._clock()
        took, self._last = round((now - self._last) * 1000), now
        line = json.dumps({"step": step, **facts, "ms": took, **self._ids})
        _logger.info("%s", self.mask(line))
