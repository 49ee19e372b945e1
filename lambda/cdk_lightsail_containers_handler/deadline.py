"""How long a request may go on."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

PERMISSIONS_SECONDS = 12.0
"""How long a refusal may be a role's new permissions on their way to every service of AWS."""


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The moment at which a request must have begun its last call.

    Args:
        ends: seconds of `clock`.
        clock: a clock that never goes back.
        sleep: how to wait, seconds.
    """

    ends: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def left(self) -> float:
        """Return the seconds that are left, never below 0."""
        return max(0.0, self.ends - self.clock())

    def within(self, seconds: float) -> Self:
        """Return the deadline that comes first: this one, or one in so many seconds."""
        return replace(self, ends=min(self.ends, self.clock() + seconds))

    def pause(self, seconds: float) -> bool:
        """Wait, and return whether there is still time; do not wait when there would be none."""
        if seconds >= self.left():
            return False
        self.sleep(seconds)
        return True

    def back_off(self, attempt: int) -> bool:
        """Wait before the next attempt, the longer the more there were, and with jitter.

        The jitter keeps many stacks that were throttled together from coming back together, see
        https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

        Args:
            attempt: 0 after the first attempt.

        Returns:
            Whether there is time for another attempt.
        """
        longest = min(10.0, 0.5 * 2.0 ** min(attempt, 8))
        return self.pause(random.uniform(longest / 2, longest))  # nosec B311  # noqa: S311 - no secret
