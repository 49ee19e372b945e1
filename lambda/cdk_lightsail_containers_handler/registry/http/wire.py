"""What goes over a connection, bounded in time and in bytes.

`http.client` waits for as long as a byte comes now and then, and reads as many interim answers,
trailers and chunk extensions as there come. So it is given this instead of a socket.
"""

from __future__ import annotations

import io
import socket
import threading
from typing import Any, Protocol

from ..errors import DeadlineExceeded

_LARGEST_HEAD = 256 << 10
"""Bytes of an answer before its body, interim answers too."""
_AROUND_A_BODY = 64 << 10
"""What may come with a body: the sizes of its chunks, their extensions, trailers."""
_NO_TIME = "there was no time left for the copy"


class TimeLimit(Protocol):
    """How long it may go on."""

    def left(self) -> float:
        """Return the seconds that are left, never below 0."""

    def back_off(self, attempt: int) -> bool:
        """Wait before the next attempt, and return whether there is time for it."""


class Wire:
    """A connected socket, as `http.client` uses one.

    Args:
        connected: the socket.
        name: what messages call the other side.

    Attributes:
        deadline: until when anything may come or go.
        seconds: how long to wait for anything to come or go.
    """

    deadline: TimeLimit
    seconds: float

    def __init__(self, connected: socket.socket, name: str) -> None:
        self._socket = connected
        self._too_slow = f"{name} was too slow for the time that was left"
        self._allowed = 0
        self._timeout = -1.0

    def expect_head(self) -> None:
        """Let the head of an answer come."""
        self._allowed = _LARGEST_HEAD

    def expect_body(self, length: int) -> None:
        """Let so many bytes of a body come."""
        self._allowed = 2 * length + _AROUND_A_BODY

    def sendall(self, content: bytes | memoryview) -> None:
        """Send all of it."""
        self._limit_time()
        try:
            self._socket.sendall(content)
        except TimeoutError:
            check_time(self.deadline, self._too_slow)
            raise

    def receive(self, buffer: memoryview) -> int:
        """Receive what there is, and return how much."""
        if not self._allowed:
            raise OSError("its answer has no end")
        self._limit_time()
        try:
            count = self._socket.recv_into(buffer[: self._allowed])
        except TimeoutError:
            check_time(self.deadline, self._too_slow)
            raise
        self._allowed -= count
        return count

    def makefile(self, _: str) -> io.BufferedReader:
        """Return what an answer is read from."""
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Do nothing: who has connected closes."""

    def _limit_time(self) -> None:
        seconds = bounded(self.deadline, self.seconds, self._too_slow)
        if seconds != self._timeout:  # each change is a system call
            self._socket.settimeout(seconds)
            self._timeout = seconds


class _Incoming(io.RawIOBase):
    """An answer on its way in."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive(memoryview(buffer))


def resolved(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of a name.

    The system's resolver knows no timeout, so it is left to a thread of its own. The handler bounds
    its calls to AWS in the same way, see `deadline.in_time`; this client could be lifted out, so
    neither imports the other.

    Raises:
        OSError: it has none, or they did not come in time.
    """
    addresses: list[str] = []
    failures: list[OSError] = []

    def resolve() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(str(one[4][0]) for one in found)
        except OSError as error:
            failures.append(error)
        except UnicodeError:
            failures.append(OSError("its name is none"))

    thread = threading.Thread(target=resolve, name="resolve", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise OSError("its name was not resolved in time")
    if failures:
        raise failures[0]
    return addresses


def bounded(deadline: TimeLimit, seconds: float, problem: str = _NO_TIME) -> float:
    """Return how long to wait at most.

    Raises:
        DeadlineExceeded: there is no time left.
    """
    left = deadline.left()
    if left <= 0:
        raise DeadlineExceeded(problem)
    return min(left, seconds)


def check_time(deadline: TimeLimit, problem: str = _NO_TIME) -> None:
    """Validate that there is time left.

    Raises:
        DeadlineExceeded: there is none.
    """
    if deadline.left() <= 0:
        raise DeadlineExceeded(problem)
