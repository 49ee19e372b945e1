"""A clock that moves when somebody sleeps, and not otherwise."""

from collections.abc import Callable

from cdk_lightsail_containers_handler.deadline import Deadline


class FakeTime:
    """Time for code that is given its clock and its sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep()

    def deadline(self, seconds: float) -> Deadline:
        """A deadline in so many seconds."""
        return Deadline(ends=self.now + seconds, clock=self.clock, sleep=self.sleep)
