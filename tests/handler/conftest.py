"""A stack's side of the handler."""

from collections.abc import Iterator

import pytest

import stack_requests


@pytest.fixture
def stack() -> Iterator[stack_requests.Stack]:
    """A stack before a Lightsail that behaves as the real one most likely does."""
    with stack_requests.stack() as given:
        yield given
