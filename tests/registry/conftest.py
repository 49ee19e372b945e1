"""Two registries and a copy between them."""

from collections.abc import Iterator

import pytest

from cdk_lightsail_containers_handler.registry.connection import Connections, Timeouts
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
    timeouts = Timeouts(connect=2, read=0.5, take=2, explain=0.5)
    with Connections(timeouts=timeouts) as connections:
        yield Copying(source=source, destination=destination, connections=connections)
