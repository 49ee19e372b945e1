"""The account's container services, as they are and as they were."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import LightsailError
from .container_service import ContainerService

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
        # When each state was written, oldest first.
        self._states: list[tuple[float, Mapping[str, ContainerService]]] = [(0, {})]
        self._deleted: deque[ContainerService] = deque(maxlen=_KEPT_DELETED)

    def now(self) -> View:
        """Return the services as they are."""
        return self._view(self._clock(), self._states[-1][1])

    def as_read(self) -> View:
        """Return the services as a read shows them, which may be some seconds old: U12."""
        if not self._behaviour.stale_seconds:
            return self.now()
        at = self._clock() - self._behaviour.stale_seconds
        written = (state for time, state in reversed(self._states) if time <= at)
        return self._view(at, next(written, self._states[0][1]))

    def put(self, service: ContainerService) -> None:
        """Write a service."""
        now = self.now()
        # Of the states that a read can show by now, only the newest still will be.
        readable = now.at - self._behaviour.stale_seconds
        older = list(takewhile(lambda state: state[0] <= readable, self._states))
        self._states = [*older[-1:], *self._states[len(older) :]]
        self._states.append((now.at, {**now.services, service.name: service}))
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
