"""Copies between two registries that do wrong on the wire."""

import time as real_time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.copy import CopyResult, Progress, copy_image
from cdk_lightsail_containers_handler.registry.found_image import FoundImage, find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository
from fake_registry import PASSWORD, USERNAME, FakeRegistry
from fake_time import FakeTime

ROBOT = Credentials(username=USERNAME, password=PASSWORD)


@dataclass(kw_only=True)
class Copying:
    """Copies from one registry to another, in a time that passes only in pauses."""

    source: FakeRegistry
    destination: FakeRegistry
    connections: Connections
    time: FakeTime = field(default_factory=FakeTime)
    progress: list[Progress] = field(default_factory=list)
    deadline: Deadline = field(init=False)
    credentials: Callable[[], Credentials | None] = lambda: ROBOT

    def __post_init__(self) -> None:
        self.deadline = self.time.deadline(900)

    def real_deadline(self, seconds: float) -> None:
        self.deadline = Deadline(ends=real_time.monotonic() + seconds)

    def repository(self, registry: FakeRegistry, image: str, **options: Any) -> Repository:
        options.setdefault("credentials", self.credentials)
        return Repository(
            Reference.parse(f"{registry.host}/{image}"),
            connections=self.connections,
            deadline=self.deadline,
            **options,
        )

    def find(self, image: str = "web:1") -> FoundImage:
        return find_image(self.repository(self.source, image))

    def copy(self, image: str = "web:1", to: str = "sr:t", **options: Any) -> CopyResult:
        source = self.repository(self.source, image)
        return copy_image(
            source,
            self.repository(self.destination, to, is_pushed_to=True),
            find_image(source),
            deadline=self.deadline,
            **{"progress": self.progress.append, **options},
        )
