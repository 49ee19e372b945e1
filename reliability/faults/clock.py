"""The time that the worker and the function's processes share."""

from __future__ import annotations

import mmap
import struct
import sys

_NOW = struct.Struct("d")
_REFUSAL = struct.Struct("ii")
_REFUSED = struct.Struct("i")
_BEGINNING = 1_800_000_000.0


class Clock:
    """A clock in memory that processes share: it moves when somebody sleeps, and not otherwise.

    Beside the time it tells the function's process which of its connections is refused.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 32)
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self.now = _BEGINNING
        self.refuse(0, 0)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        seconds: float = _NOW.unpack_from(self._memory, 0)[0]
        return seconds

    @now.setter
    def now(self, seconds: float) -> None:
        _NOW.pack_into(self._memory, 0, seconds)

    def read(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def sleep_until(self, seconds: float) -> None:
        """Let time pass until then, if that is to come."""
        self.now = max(self.now, seconds)

    def refuse(self, port: int, number: int) -> None:
        """Have a process's connection to a port refused, the first one being number 1."""
        _REFUSAL.pack_into(self._memory, 8, port, number)
        _REFUSED.pack_into(self._memory, 16, 0)

    @property
    def has_refused(self) -> bool:
        """Whether that connection was tried, and refused."""
        return bool(_REFUSED.unpack_from(self._memory, 16)[0])

    def hook(self) -> None:
        """Have this process's connections refused as told, as its kernel would."""

        def audit(event: str, arguments: tuple[object, ...]) -> None:
            if event != "socket.connect":
                return
            port, number = _REFUSAL.unpack_from(self._memory, 8)
            address = arguments[1]
            if number and isinstance(address, tuple) and address[1] == port:
                _REFUSAL.pack_into(self._memory, 8, port, number - 1)
                if number == 1:
                    _REFUSED.pack_into(self._memory, 16, 1)
                    raise ConnectionRefusedError(111, "Connection refused")

        sys.addaudithook(audit)
