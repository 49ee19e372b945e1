"""For how long reads show what was before a write: U12."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_lightsail_containers_handler.lightsail.client import STALE_SECONDS
from live.answers import Answer, settled, unsettled
from live.probed_service import ProbedService

_SHOWN_IN_A_ROW = 3
_LOOK_SECONDS = 0.25
_LONGEST_SECONDS = 60.0
_ROUNDS = 3


class Staleness:
    """U12: writes, and reads at once until they show it."""

    def __init__(self, service: ProbedService) -> None:
        self._service = service
        self._seconds: dict[str, list[float]] = {}

    def look_at_images(self) -> None:
        """Register and delete images, and list them.

        Raises:
            CallFailed: an image could not be deleted.
        """
        service = self._service
        for number in range(_ROUNDS):
            name = service.register("u12", service.push(f"u12 {number}"))

            def is_listed(name: str = name) -> bool:
                return name in service.images()

            self._time({"GetContainerImages, a registration": is_listed})
            service.ask_to_delete(name).carried_out()
            self._time({"GetContainerImages, a deletion": lambda: not is_listed()})

    def look_at_deployment(self, answered: Mapping[str, Any]) -> None:
        """Read until a deployment is shown; what made it has just answered with the service."""
        service = self._service
        version = answered["nextDeployment"]["version"]

        def is_next() -> bool:
            shown = service.look() or {}
            deployments = [shown.get(key, {}) for key in ("nextDeployment", "currentDeployment")]
            return version in [one.get("version") for one in deployments]

        self._time(
            {
                "GetContainerServiceDeployments, a deployment": lambda: (
                    version in [one["version"] for one in service.deployments()]
                ),
                "GetContainerServices, a deployment": is_next,
            }
        )

    def answer(self) -> Answer:
        """Return the answer to U12."""
        evidence = [
            f"{what}: shown after {', '.join(f'{one:.2f}' for one in seconds)} s"
            for what, seconds in self._seconds.items()
        ]
        if not evidence:
            return unsettled("no write could be looked at")
        slowest = max(self._seconds, key=lambda what: max(self._seconds[what]))
        worst = round(max(self._seconds[slowest]), 2)
        found = "every read showed the write before it"
        if worst:
            found = f"up to {worst:g} s ({slowest})"
        if worst > STALE_SECONDS:
            found += f": LONGER THAN THE {STALE_SECONDS:g} s THAT THE LIBRARY WAITS FOR READS"
        return settled(found, {"stale_seconds": worst}, *evidence)

    def _time(self, looks: Mapping[str, Callable[[], bool]]) -> None:
        """Note after how many seconds each of some reads shows a write, and goes on doing so."""
        clock = self._service.waiting.clock
        began = clock()
        since = dict.fromkeys(looks, 0.0)
        shown = dict.fromkeys(looks, 0)
        is_first = True
        while clock() - began < _LONGEST_SECONDS:
            for what, is_shown in looks.items():
                if shown[what] == _SHOWN_IN_A_ROW:
                    continue
                # What the first read of all shows is there at once, however long the network takes.
                asked = 0.0 if is_first else clock() - began
                if not is_shown():
                    shown[what] = 0
                    continue
                since[what] = since[what] if shown[what] else asked
                shown[what] += 1
            is_first = False
            if all(count == _SHOWN_IN_A_ROW for count in shown.values()):
                break
            self._service.waiting.sleep(_LOOK_SECONDS)
        for what, count in shown.items():
            is_over = count == _SHOWN_IN_A_ROW
            self._seconds.setdefault(what, []).append(since[what] if is_over else _LONGEST_SECONDS)
