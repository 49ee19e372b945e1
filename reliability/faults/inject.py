"""What each fault does to the call that it is injected into."""

from __future__ import annotations

import functools
import json
import math
import select
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from error_answers import json_error, query_error, registry_error, s3_error
from fake_time import FakeTime
from lightsail_local.wire.http_server import Answer, Connection, Respond
from world.cloudformation import SimulatedStack
from world.function import Function
from world.gate import Call, Inject

_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>\n"
# Longer than a stack operation, and younger than a request may be.
_LATE_SECONDS = 600.0
# Longer than any call to AWS may take, and longer than a registry may be silent.
_MOST_CALL_SECONDS = 20.0
_MOST_SILENT_SECONDS = 60.0
_DRIP_SECONDS = 0.02
_MOST_DRIPS = 50
_GARBAGE = b"\x00 no JSON"
_REGISTRIES = frozenset({"registry", "source", "ecr-registry"})


_Errors = tuple[Callable[[int, str], Answer], tuple[int, str], tuple[int, str]]
"""How a server writes errors: that of too many calls, and that of its own."""
_REGISTRYS: _Errors = (registry_error, (429, "TOOMANYREQUESTS"), (500, "UNKNOWN"))
_LIGHTSAILS: _Errors = (json_error, (400, "ThrottlingException"), (500, "ServiceException"))
_S3S: _Errors = (s3_error, (503, "SlowDown"), (500, "InternalError"))
_QUERYS: _Errors = (query_error, (400, "Throttling"), (500, "InternalFailure"))
_ERRORS: Mapping[str, _Errors] = {
    "s3": _S3S,
    "response": _S3S,
    "cloudformation": _QUERYS,
    "route53": _QUERYS,
    "lambda": (json_error, (429, "TooManyRequestsException"), (500, "ServiceException")),
}


@dataclass
class Aim:
    """The call that a fault is injected into, and what it needs for that."""

    call: Call
    fault: str
    clock: FakeTime
    function: Function
    stack: SimulatedStack
    was_injected: bool = False
    is_over: bool = False

    def __post_init__(self) -> None:
        self.has_gone_on = threading.Event()

    def __call__(self, call: Call, connection: Connection, respond: Respond) -> None:
        """Inject the fault if a call is the one, or suffers from the fault of that one."""
        if self.was_injected:
            self.has_gone_on.set()
        if call == self.call and not self.was_injected:
            self.was_injected = True
            FAULTS[self.fault](self, connection, respond)
        elif self.fault in OUTAGES and self._suffers(call):
            self.wait(call)
            connection.reset()
        elif self.was_injected and self.function.has_run_out:
            self.function.kill()
            connection.close_connection = True
        else:
            respond(connection)

    def wait(self, call: Call) -> None:
        """Let as much time pass as the function waits for an answer."""
        if call.server in _REGISTRIES:  # never beyond its deadline
            self.clock.sleep(
                max(0.0, min(_MOST_SILENT_SECONDS, self.function.deadline() - self.clock.now))
            )
        else:
            self.clock.sleep(5.0 if call.server == "response" else 10.0)

    def end(self) -> None:
        """Let nothing suffer from the fault any more: its invocation has ended."""
        self.is_over = self.was_injected
        if self.is_over:
            self.has_gone_on.set()

    def _suffers(self, call: Call) -> bool:
        return self.was_injected and not self.is_over and call.server == self.call.server


def together(aims: Sequence[Aim]) -> Inject:
    """Return what injects all of some faults into one life, each into its own call."""

    def inject(call: Call, connection: Connection, respond: Respond) -> None:
        for aim in reversed(aims):
            respond = functools.partial(aim, call, respond=respond)
        respond(connection)

    return inject


def end(aims: Sequence[Aim]) -> None:
    """Let nothing suffer from any of some faults any more: an invocation has ended."""
    for aim in aims:
        aim.end()


def _reset_before(_: Aim, connection: Connection, __: Respond) -> None:
    connection.reset()


def _reset_middle(_: Aim, connection: Connection, respond: Respond) -> None:
    def send_half(answer: Answer) -> None:
        _send_half(connection, answer)
        connection.reset()

    _instead(connection, respond, send_half)


def _reset_after(_: Aim, connection: Connection, respond: Respond) -> None:
    _instead(connection, respond, lambda _answer: connection.reset())


def _cut(_: Aim, connection: Connection, respond: Respond) -> None:
    _instead(connection, respond, functools.partial(_send_half, connection))


def _stall(aim: Aim, connection: Connection, __: Respond) -> None:
    aim.wait(aim.call)
    ended = connection.server.stopping
    while not ended.is_set():
        readable, _, _ = select.select([connection.connection], [], [], 0.02)
        # More of the request may come before the function gives it up.
        try:
            if readable and not connection.connection.recv(1 << 16):
                break
        except OSError:
            break
    connection.close_connection = True


def _slow(aim: Aim, connection: Connection, respond: Respond) -> None:
    """Carry the call out, and answer it byte by byte, for longer than it may take.

    No read takes long, so that only a timer ends the call: those of the function follow the
    simulated clock meanwhile.
    """

    def drip(answer: Answer) -> None:
        head = f"HTTP/1.1 {answer.status} Slow\r\nX-Slow: ".encode()
        connection.wfile.write(head)
        if aim.call.server in _REGISTRIES:
            aim.clock.sleep_until(aim.function.deadline())
        else:
            aim.clock.sleep(_MOST_CALL_SECONDS)
        drips = 0
        try:
            while not aim.has_gone_on.wait(_DRIP_SECONDS):
                connection.wfile.write(b"x")
                drips += 1
                if not drips % _MOST_DRIPS:  # the function began to wait only after the time passed
                    aim.clock.sleep(_MOST_CALL_SECONDS)
        except OSError:
            pass  # it has given the call up, and closed the connection
        connection.close_connection = True

    _instead(connection, respond, drip)


def _outage_after(aim: Aim, connection: Connection, respond: Respond) -> None:
    """Carry the call out, and be gone before it is answered, until the invocation ends."""

    def go(_: Answer) -> None:
        aim.wait(aim.call)
        connection.reset()

    _instead(connection, respond, go)


def _missing_list(aim: Aim, connection: Connection, respond: Respond) -> None:
    """Leave the lists out of an answer, as a service may leave out empty ones."""

    def change(answer: Answer) -> Answer:
        try:
            document = json.loads(answer.body)
        except ValueError:
            document = None
        items = document.items() if isinstance(document, dict) else ()
        left = {name: value for name, value in items if not isinstance(value, list)}
        if len(left) == len(items):
            aim.was_injected = False
            return answer
        return replace(answer, body=json.dumps(left).encode(), headers={})

    _instead(connection, respond, change)


def _again_late(aim: Aim, connection: Connection, respond: Respond) -> None:
    """Deliver the request once more when it has been answered long ago."""
    aim.function.deliver_late(_LATE_SECONDS)
    respond(connection)


def _throttled(aim: Aim, connection: Connection, _: Respond) -> None:
    error, throttled, _broken = _errors_of(aim.call.server)
    connection.send(error(*throttled))


def _error(aim: Aim, connection: Connection, _: Respond) -> None:
    connection.send(_server_error(aim.call.server))


def _error_after(aim: Aim, connection: Connection, respond: Respond) -> None:
    _instead(connection, respond, lambda _: _server_error(aim.call.server))


def _unavailable(_: Aim, connection: Connection, __: Respond) -> None:
    connection.send(Answer(status=503, body=_PAGE, headers={"Content-Type": "text/html"}))


def _garbage(_: Aim, connection: Connection, respond: Respond) -> None:
    _instead(connection, respond, lambda answer: Answer(status=answer.status, body=_GARBAGE))


def _killed_before(aim: Aim, connection: Connection, _: Respond) -> None:
    aim.function.kill()
    connection.close_connection = True


def _killed_after(aim: Aim, connection: Connection, respond: Respond) -> None:
    _instead(connection, respond, lambda _: _killed_before(aim, connection, respond))


def _again_before(aim: Aim, connection: Connection, respond: Respond) -> None:
    _held_up_before(aim, connection, respond, aim.function.deliver_again, _patience(aim.call))


def _again_after(aim: Aim, connection: Connection, respond: Respond) -> None:
    _held_up_after(aim, connection, respond, aim.function.deliver_again, _patience(aim.call))


def _cancelled_before(aim: Aim, connection: Connection, respond: Respond) -> None:
    if aim.stack.can_be_cancelled:
        cancel = functools.partial(aim.stack.cancel, aim.call.operation)
        _held_up_before(aim, connection, respond, cancel)
    else:
        aim.was_injected = False
        respond(connection)


def _cancelled_after(aim: Aim, connection: Connection, respond: Respond) -> None:
    def cancel() -> None:
        aim.was_injected = aim.stack.can_be_cancelled
        aim.stack.cancel(aim.call.operation)

    _held_up_after(aim, connection, respond, cancel)


def _patience(call: Call) -> float:
    """Return the seconds after which the function has given a call up."""
    return _MOST_SILENT_SECONDS if call.server in _REGISTRIES else _MOST_CALL_SECONDS


def _held_up_before(
    aim: Aim,
    connection: Connection,
    respond: Respond,
    act: Callable[[], None],
    patience: float = math.inf,
) -> None:
    """Do something else before a request is carried out, which it is not once it is given up."""
    if aim.function.hold_up(act, patience):
        respond(connection)
    else:
        connection.close_connection = True


def _held_up_after(
    aim: Aim,
    connection: Connection,
    respond: Respond,
    act: Callable[[], None],
    patience: float = math.inf,
) -> None:
    """Do something else when a request is carried out, and before it is answered."""

    def hold_up(answer: Answer) -> Answer | None:
        if aim.function.hold_up(act, patience):
            return answer
        connection.close_connection = True
        return None

    _instead(connection, respond, hold_up)


def _instead(
    connection: Connection, respond: Respond, change: Callable[[Answer], Answer | None]
) -> None:
    """Carry a request out, and send another answer, or none."""
    connection.on_answer = change
    respond(connection)


def _send_half(connection: Connection, answer: Answer) -> None:
    """Send about half of an answer that promises its whole length, and no more."""
    connection.on_answer = None
    if answer.body and connection.command != "HEAD":
        connection.send_cut(answer)
    else:
        for _ in connection.body:
            pass
        connection.wfile.write(b"HTTP/1.1 20")
    connection.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.close_connection = True


def _server_error(server: str) -> Answer:
    error, _throttled, broken = _errors_of(server)
    return error(*broken)


def _errors_of(server: str) -> _Errors:
    return _REGISTRYS if server in _REGISTRIES else _ERRORS.get(server, _LIGHTSAILS)


FAULTS: dict[str, Callable[[Aim, Connection, Respond], None]] = {
    "reset_before": _reset_before,
    "reset_middle": _reset_middle,
    "reset_after": _reset_after,
    "cut": _cut,
    "stall": _stall,
    "slow": _slow,
    "outage": _stall,
    "outage_after": _outage_after,
    "throttled": _throttled,
    "error": _error,
    "error_after": _error_after,
    "unavailable": _unavailable,
    "garbage": _garbage,
    "missing_list": _missing_list,
    "killed_before": _killed_before,
    "killed_after": _killed_after,
    "again_before": _again_before,
    "again_after": _again_after,
    "again_late": _again_late,
    "cancelled_before": _cancelled_before,
    "cancelled_after": _cancelled_after,
}
REFUSED = "refused"
NAMES = (REFUSED, *FAULTS)
# The one is a connection's. The other needs an invocation that ends before the late one begins.
ALONE = frozenset({REFUSED, "again_late"})
OUTAGES = frozenset({"outage", "outage_after"})
STALLS = frozenset({"stall", "outage"})
SLOW = "slow"
