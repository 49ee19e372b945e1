"""A stack, a registry that lies to it, and another host that must not learn anything."""

from collections.abc import Iterator

import pytest

import stack_requests
from fake_registry import FakeRegistry, fake_registry
from lied_to import LiedTo
from stack_requests import Stack


@pytest.fixture
def stack() -> Iterator[Stack]:
    with stack_requests.stack(missing_digest="refused") as given:
        yield given


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        yield registry


@pytest.fixture
def elsewhere() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        yield registry


@pytest.fixture
def lied_to(
    stack: Stack, source: FakeRegistry, elsewhere: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> LiedTo:
    return LiedTo(stack=stack, source=source, elsewhere=elsewhere, log=caplog)
