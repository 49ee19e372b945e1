"""The account's container services, as they are and as they were."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import LightsailError
from .container_service import ContainerService
from .history import History

_KEPT_DELETED = 3


@dataclass(frozen=True, kw_only=True)
class View:
    """The services at one time.

    Args:
        at: the time, in seconds since the epoch.
        services: the services by name.
        deleted: the last ones that are gone, oldest first.
        missing: the name of the error for a service that is not there: U4.
    """

    at: float
    services: Mapping[str, ContainerService]
    deleted: Sequence[ContainerService]
    missing: str

    def get(self, name: str) -> ContainerService:
        """Return a service.

        Raises:
            LightsailError: there is none of that name.
        """
        if name not in self.services:
            raise LightsailError(self.missing, f"The ContainerService does not exist: {name}")
        return self.services[name]


class Services:
    """The services over time; every write makes a new state and leaves the ones before alone.

    Args:
        behaviour: how stale reads are.
        clock: tells the time.
    """

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._history: History[Mapping[str, ContainerService]] = History({}, clock)
        self._deleted: deque[ContainerService] = deque(maxlen=_KEPT_DELETED)

    def now(self) -> View:
        """Return the services as they are."""
        return self._view(self._clock(), self._history.now())

    def as_read(self) -> View:
        """Return the services as a read shows them, which may be some seconds old: U12."""
        seconds = self._behaviour.stale_seconds
        return self._view(self._clock() - seconds, self._history.before(seconds))

    def put(self, service: ContainerService) -> None:
        """Write a service."""
        changed = {**self.now().services, service.name: service}
        self._history.put(changed, self._behaviour.stale_seconds)
        if service.changing == "DELETING":
            self._deleted.append(service)

    def digests(self) -> frozenset[str]:
        """Return the digests of all images that are registered."""
        images = chain.from_iterable(each.images for each in self.now().services.values())
        return frozenset(image.digest for image in images)

    def _view(self, at: float, services: Mapping[str, ContainerService]) -> View:
        there = {name: service for name, service in services.items() if not service.is_gone(at)}
        deleted = tuple(service for service in self._deleted if service.is_gone(at))
        missing = self._behaviour.missing_service
        return View(at=at, services=there, deleted=deleted, missing=missing)
