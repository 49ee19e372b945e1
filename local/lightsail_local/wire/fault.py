"""Faults that tests order from a local Lightsail, made where a client sees them: on the wire."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .http_server import Answer, Connection

_ERRORS = {
    "throttle": ("ThrottlingException", "Rate exceeded"),
    "error": ("ServiceException", "The service has encountered an internal error."),
    "denied": ("AccessDeniedException", "You are not authorized to perform this operation."),
}
_BUSY_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>\n"


@dataclass(kw_only=True, eq=False)
class Fault:
    """What goes wrong with the next requests of one kind.

    Args:
        operation: the API's or the registry's operation, such as `RegisterContainerImage` or
            `PutManifest`.
        kind: what the client sees:
            "throttle": ThrottlingException (the registry: 429);
            "error": ServiceException, 500;
            "denied": AccessDeniedException (the registry: 403);
            "unavailable": 503 with a page of HTML;
            "garbage": 200 with a body that is none;
            "reset_before": the connection is reset, nothing is done;
            "reset_after": it is done, then the connection is reset;
            "cut": it is done, the answer ends half way;
            "hang": nothing for `seconds`, then the connection is closed.
        code: answers this error instead of a kind.
        message: its sentence.
        times: how many requests it affects; the fault leaves the server's list after the last.
        seconds: how long to hang, until the server stops by default.
    """

    operation: str
    kind: Literal[
        "throttle",
        "error",
        "denied",
        "unavailable",
        "garbage",
        "reset_before",
        "reset_after",
        "cut",
        "hang",
    ] = "error"
    code: str = ""
    message: str = "ordered by a test"
    times: int = 1
    seconds: float | None = None

    def outcome(
        self, carry_out: Callable[[], Answer], error: Callable[[str, str], Answer]
    ) -> Answer | None:
        """Return what the client gets to see, None if that is no answer.

        Args:
            carry_out: does what was asked.
            error: makes an answer of an error's code and sentence.
        """
        if self.code:
            return error(self.code, self.message)
        if self.kind in _ERRORS:
            return error(*_ERRORS[self.kind])
        if self.kind == "unavailable":
            return Answer(status=503, body=_BUSY_PAGE, headers={"Content-Type": "text/html"})
        if self.kind == "garbage":
            return Answer(status=200, body=b"\x00 no JSON")
        if self.kind in ("cut", "reset_after"):
            answer = carry_out()
            return answer if self.kind == "cut" else None
        return None

    def inject(self, connection: Connection, outcome: Answer | None) -> None:
        """Let the client see the outcome."""
        if self.kind == "hang":
            connection.hang(self.seconds)
        elif outcome is None:
            connection.reset()
        elif self.kind == "cut":
            connection.send_cut(outcome)
        else:
            connection.send(outcome)


class Faults(list[Fault]):
    """The faults that are still to come."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def take(self, operation: str) -> Fault | None:
        """Return the fault to inject into an operation now, or None."""
        with self._lock:
            for fault in self:
                if fault.operation == operation:
                    fault.times -= 1
                    if not fault.times:
                        self.remove(fault)
                    return fault
        return None
