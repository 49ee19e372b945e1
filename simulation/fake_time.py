"""Clocks that move when a caller sleeps, and not otherwise."""

import mmap
import struct
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from cdk_lightsail_containers_handler.deadline import Deadline

_T = TypeVar("_T")
_NOW = struct.Struct("d")


class FakeTime:
    """Time for code that is given its clock and its sleep, in one thread."""

    def __init__(self, now: float = 1000.0) -> None:
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None
        self.now = now

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep()

    def sleep_until(self, seconds: float) -> None:
        """Let time pass until then, unless that is over."""
        self.now = max(self.now, seconds)

    def deadline(self, seconds: float) -> Deadline:
        """A deadline in so many seconds."""
        return Deadline(ends=self.now + seconds, clock=self.clock, sleep=self.sleep)


class ProcessTime(FakeTime):
    """The same for processes that are forked from one: they share it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _NOW.size)
        # One for each process: a lock of all of them would stay locked when one is killed.
        self._changing = threading.Lock()
        super().__init__(1_800_000_000.0)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        seconds: float = _NOW.unpack_from(self._memory)[0]
        return seconds

    @now.setter
    def now(self, seconds: float) -> None:
        _NOW.pack_into(self._memory, 0, seconds)

    def sleep(self, seconds: float) -> None:
        with self._changing:
            self.now += seconds


class ThreadTime(FakeTime):
    """The same for threads that work at once, however slow the machine is.

    It goes on to the next moment at which a thread wakes up once all of them sleep.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working = 0
        self._wakes: list[float] = []
        self._taking_part = threading.local()
        super().__init__()

    @property
    def now(self) -> float:
        """Seconds since the epoch; may be set while no thread is at work."""
        with self._changed:
            return self._now

    @now.setter
    def now(self, now: float) -> None:
        with self._changed:
            self._move_to(now)

    def sleep(self, seconds: float) -> None:
        with self._changed:
            wakes = self._now + seconds
            if not getattr(self._taking_part, "value", False):
                # A helper of a thread that waits for it, and so does not sleep.
                self._move_to(max(self._now, wakes))
                return
            self._wakes.append(wakes)
            self._working -= 1
            self._go_on()
            self._changed.wait_for(lambda: self._now >= wakes)
            self._wakes.remove(wakes)
            self._working += 1

    def at_once(self, acts: Sequence[Callable[[], _T]]) -> list[_T]:
        """Do everything at once, each in a thread, and return the results in the same order."""
        results: dict[int, _T] = {}
        failures: list[BaseException] = []
        together = threading.Barrier(len(acts))

        def run(number: int, act: Callable[[], _T]) -> None:
            self._taking_part.value = True
            together.wait()
            try:
                results[number] = act()
            except BaseException as failure:  # noqa: BLE001 - raised again below
                failures.append(failure)
            finally:
                with self._changed:
                    self._working -= 1
                    self._go_on()

        with self._changed:
            self._working += len(acts)
        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return [results[number] for number in range(len(acts))]

    def _go_on(self) -> None:
        """Move to the next moment at which a thread wakes up, if none is at work."""
        if not self._working and self._wakes:
            self._move_to(max(self._now, min(self._wakes)))

    def _move_to(self, now: float) -> None:
        self._now = now
        self._changed.notify_all()
