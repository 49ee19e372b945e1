"""The signals that end a cloud."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue


class EndSignals:
    """SIGINT, SIGTERM and, at the end of a terminal, SIGHUP: kept until they are asked for."""

    def __init__(self) -> None:
        # A handler interrupts what waits for it: an event's `set` would wait for the lock that
        # `wait` holds. A SimpleQueue's `put` may come in between.
        self._came: SimpleQueue[int] = SimpleQueue()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep those that come meanwhile."""
        signals = [signal.SIGINT, signal.SIGTERM]
        # `nohup` has it ignored: that cloud goes on when its terminal is closed.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signals.append(signal.SIGHUP)
        handlers = [
            signal.signal(number, lambda signum, _: self._came.put(signum)) for number in signals
        ]
        try:
            yield
        finally:
            for number, handler in zip(signals, handlers, strict=True):
                signal.signal(number, handler)

    def check(self) -> None:
        """End the process if one has come.

        Raises:
            SystemExit: One has, with the exit code of a shell.
        """
        if not self._came.empty():
            raise SystemExit(128 + self._came.get())

    def wait(self, seconds: float) -> bool:
        """Wait for one, and return whether there was one."""
        try:
            self._came.get(timeout=seconds)
        except Empty:
            return False
        return True
