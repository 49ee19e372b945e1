"""Waiting for something that takes a moment, or long."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look until something is so, less often the longer it takes: each look costs time."""
    began = time.monotonic()
    while not is_so():
        waited = time.monotonic() - began
        assert waited < 600, f"it is not so after {waited:.0f} seconds"
        time.sleep(0.05 + waited / 10)
