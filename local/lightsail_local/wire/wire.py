"""What goes over a server's wire: each request recorded, faults injected, answers sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .fault import Faults
from .http_server import Answer, Connection


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that was answered, or left without an answer by a fault.

    Args:
        operation: the operation of the API or the registry.
        parameters: what it was called with; for the registry, the parts of the address.
        status: the HTTP status, None if there was no answer.
        error: the error's code, empty if there was none.
        time: when it was answered, by the server's clock, in seconds since the epoch.
        seconds: how long that took.
    """

    operation: str
    parameters: Mapping[str, Any]
    status: int | None
    error: str
    time: float
    seconds: float


@dataclass(kw_only=True)
class Wire:
    """One server's requests.

    Args:
        faults: what is to go wrong.
        clock: tells the time.
        on_request: is given every request once it is carried out, before its answer is sent.
        requests: all of them, oldest first.
    """

    faults: Faults
    clock: Callable[[], float]
    on_request: Callable[[Request], None] | None
    requests: list[Request] = field(default_factory=list)

    def exchange(
        self,
        connection: Connection,
        operation: str,
        parameters: Mapping[str, Any],
        carry_out: Callable[[], Answer],
        error: Callable[[str, str], Answer],
    ) -> None:
        """Carry out a request and answer it, unless a fault is due.

        Args:
            connection: where it came from.
            operation: its name.
            parameters: its parameters.
            carry_out: does it.
            error: makes an answer of an error's code and sentence.
        """
        started = time.monotonic()
        fault = self.faults.take(operation)
        if fault is None:
            answer = carry_out()
            self._record(operation, parameters, started, answer)
            connection.send(answer)
        else:
            outcome = fault.outcome(carry_out, error)
            self._record(operation, parameters, started, outcome)
            fault.inject(connection, outcome)

    def _record(
        self, operation: str, parameters: Mapping[str, Any], started: float, answer: Answer | None
    ) -> None:
        request = Request(
            operation=operation,
            parameters=parameters,
            status=answer.status if answer else None,
            error=answer.error if answer else "",
            time=self.clock(),
            seconds=time.monotonic() - started,
        )
        self.requests.append(request)
        if self.on_request:
            self.on_request(request)
