"""How many calls the API takes: U14."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import LightsailError


class CallLimit:
    """Refuses calls that are too many, as AWS does: a bucket of tokens that fills up steadily.

    One for all operations, the narrowest door that there can be. See
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html

    Args:
        behaviour: the limits; may be changed at any time.
        clock: tells the time.
    """

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._lock = threading.Lock()
        self._calls = 0
        self._full_at = 0.0

    def check(self) -> None:
        """Count a call.

        Raises:
            LightsailError: it is one too many.
        """
        with self._lock:
            self._calls += 1
            every = self._behaviour.throttle_every
            if (every and self._calls % every == 0) or not self._take():
                raise LightsailError("ThrottlingException", "Rate exceeded")

    def _take(self) -> bool:
        """Take a token if there is one left."""
        rate, now = self._behaviour.calls_per_second, self._clock()
        if not rate:
            return True
        # The bucket is known by the time at which it is full again.
        full_at = max(self._full_at, now) + 1 / rate
        if full_at - now > self._behaviour.calls_at_once / rate:
            return False
        self._full_at = full_at
        return True
