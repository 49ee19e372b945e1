"""Interruptions that are never lost: Ctrl-C, and a request to end.

A signal's handler runs between any two steps of the interpreter. Where that is a callback that
has no caller, such as one of a weak reference, what the handler raises is printed and forgotten:
https://docs.python.org/3/library/signal.html#handlers-and-exceptions
So it also leaves a note, and the waits look at it.
"""

from __future__ import annotations

import signal
import time
from typing import NoReturn

# Not an event: a handler that runs while its lock is held would wait for it forever.
_pending: list[int] = []


def listen() -> None:
    """Raise a KeyboardInterrupt for Ctrl-C, a request to end, and a closed terminal."""
    forget()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup asks for that
            signal.signal(number, _interrupt)


def ignore_all_but_ctrl_c() -> None:
    """Let nothing but Ctrl-C interrupt any more."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def ignore_ctrl_c() -> None:
    """Let Ctrl-C not interrupt any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def forget() -> None:
    """Take note that an interruption has arrived."""
    _pending.clear()


def check() -> None:
    """Raise an interruption that was lost."""
    if _pending:
        forget()
        raise KeyboardInterrupt


def sleep(seconds: float) -> None:
    """Wait, and raise an interruption that was lost."""
    check()
    time.sleep(seconds)
    check()


def _interrupt(number: int, _frame: object) -> NoReturn:
    ignore_all_but_ctrl_c()  # one closed terminal sends more than one signal
    _pending.append(number)
    raise KeyboardInterrupt
