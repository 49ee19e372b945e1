"""A stack's side of the handler."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import stack_requests
from fake_registry import FakeRegistry, fake_registry


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[stack_requests.Stack]:
    """A stack before a Lightsail that behaves as marked, or as the real one most likely does."""
    marker = request.node.get_closest_marker("behaviour")
    with stack_requests.stack(**(marker.kwargs if marker else {})) as given:
        yield given


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    """A registry to push from."""
    with fake_registry() as registry:
        yield registry


@pytest.fixture
def fire_timer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What has the timer go off that was started last; it does not by itself."""
    started: list[Callable[[], None]] = []

    class Timer:
        def __init__(self, _seconds: float, act: Callable[..., None], arguments: list[Any]) -> None:
            self._act = lambda: act(*arguments)

        def start(self) -> None:
            started.append(self._act)

        def cancel(self) -> None: ...

    monkeypatch.setattr("threading.Timer", Timer)

    def fire() -> None:
        started.pop()()

    return fire
