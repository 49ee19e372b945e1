"""A local cloud for one run after the other: each finds an empty account."""

from __future__ import annotations

import random
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from fake_registry import fake_registry
from lightsail_local.cloud import LocalCloud
from lightsail_local.engine.engine import bind

from .account import Account
from .by_hand import ByHand
from .stacks import Stacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightsail_local.server import Request

    from .sides import Row
    from .templates import Templates

_PORTS = 20_000, 32_000


class Cloud:
    """A local cloud that is used again: its engine stays, its Lightsail begins anew.

    Args:
        templates: what there is to deploy.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._saw: Callable[[Request], None] = lambda _: None
        self._cloud = LocalCloud(lightsail_port=_port(), on_request=self._tell)
        self._running = ExitStack()

    def start(self) -> None:
        """Start it, and put there what the templates need."""
        with ExitStack() as starting:
            starting.enter_context(self._cloud)
            self._stacks = Stacks(self._cloud, self._templates)
            self._running = starting.pop_all()

    def stop(self) -> None:
        """End all of it; safe to call again."""
        self._running.close()

    def live(self, name: str, scenario: Callable[[Account], None], row: Row) -> None:
        """Live a scenario through on a row of sides.

        Args:
            name: what the names of its stacks begin with.
            scenario: the scenario.
            row: the sides.

        Raises:
            Broken: something was not as it has to be.
        """
        lightsail = self._cloud.lightsail
        lightsail.stop()
        lightsail.faults.clear()
        lightsail.start()
        hands = ByHand(lightsail, row.switches())
        self._saw = hands.saw
        with fake_registry() as registry:
            scenario(Account(name, hands, self._stacks, registry))

    def _tell(self, request: Request) -> None:
        self._saw(request)


def _port() -> int:
    """Return a port that stays free while Lightsail begins anew, since the engine keeps it.

    It is below those that systems give to a program that asks for any.
    """
    while True:
        port = random.randrange(*_PORTS)  # noqa: S311 - no secret
        with suppress(OSError), bind(port):
            return port
