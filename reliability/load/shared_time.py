"""A clock for threads that work at once: it moves when all of them sleep, and not otherwise."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


class SharedTime:
    """Time for many threads at once, however slow the machine is.

    It goes on to the next moment at which somebody wakes up once nobody has anything else to do.
    """

    def __init__(self) -> None:
        self._now = 1000.0
        self._changed = threading.Condition()
        self._working = 0
        self._wakes: list[float] = []
        self._taking_part = threading.local()

    @property
    def now(self) -> float:
        """Seconds since the epoch; may be set while nobody is at work."""
        with self._changed:
            return self._now

    @now.setter
    def now(self, now: float) -> None:
        with self._changed:
            self._move_to(now)

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed."""
        with self._changed:
            wakes = self._now + seconds
            if not getattr(self._taking_part, "value", False):
                # A helper of somebody who waits for it, and so does not sleep.
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
        """Move to the next moment at which somebody wakes up, if nobody is at work."""
        if not self._working and self._wakes:
            self._move_to(max(self._now, min(self._wakes)))

    def _move_to(self, now: float) -> None:
        self._now = now
        self._changed.notify_all()
