"""Two registries and a copy between them."""

from collections.abc import Iterator

import pytest

from cdk_lightsail_containers_handler.registry.http.connection import Connections, Timeouts
from fake_registry import FakeRegistry, fake_registry
from image_copying import Copying


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        yield registry


@pytest.fixture
def destination() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        yield registry


@pytest.fixture
def copying(source: FakeRegistry, destination: FakeRegistry) -> Iterator[Copying]:
    # So long that none is reached on a busy machine; tests that need one to be set it themselves.
    timeouts = Timeouts(connect=60, read=60, take=60, explain=60)
    with Connections(timeouts=timeouts) as connections:
        yield Copying(source=source, destination=destination, connections=connections)
