"""A deployment that runs: from its images to nodes that serve, and to its end."""

from __future__ import annotations

import math
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..behaviour.behaviour import Behaviour
from ..behaviour.failure import Failure
from ..lightsail.powers import power
from ..lightsail.runtime import ContainerState, Health, HealthCheck, NodeState, Order
from ..lightsail.simulated_course import REASONS
from .container_engine import ContainerEngine, ContainerEngineError, Resources
from .container_output import ContainerOutput
from .health_check import check_health
from .node import Node
from .serving_nodes import ServingNodes

# How often a container may end, or a node's health be bad for as often as is unhealthy.
_CHANCES = 3
_TICK = 0.05
_LONGEST_PAUSE = 30.0
_KILLED = 137


class _Failed(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure: Failure = failure


class _Ended(Exception):
    pass


class DeploymentRun:
    """The containers of one deployment, on all of its nodes, and the course that it takes.

    Args:
        order: what is deployed.
        engine: starts the containers.
        images: makes the engine's images: given a container's name, returns the image's name.
        behaviour: times.
        clock: tells the time.
        folder: for files of the engine's.
        activate: is called once it is healthy; from then on it serves.

    Attributes:
        order: what is deployed.
        serving: its nodes, for requests.
        settles_at: when it became ACTIVE or FAILED, infinity until then.
        failure: how it failed, None if it did not.
        stage_times: when each stage began.
    """

    def __init__(
        self,
        order: Order,
        engine: ContainerEngine,
        *,
        images: Callable[[str], str],
        behaviour: Behaviour,
        clock: Callable[[], float],
        folder: Path,
        activate: Callable[[DeploymentRun], None],
    ) -> None:
        self.order = order
        self.settles_at = math.inf
        self.failure: Failure | None = None
        self.stage_times: tuple[float, float, float] = (order.starts_at, math.inf, math.inf)
        self._engine = engine
        self._images = images
        self._behaviour = behaviour
        self._clock = clock
        self._folder = folder
        self._activate = activate
        self._output = ContainerOutput(list(order.containers), clock)
        self._image_names: Mapping[str, str] = {}
        self._size = order.power, order.scale
        self._ends: Counter[tuple[Node, str]] = Counter()
        self._restarts: Counter[tuple[Node, str]] = Counter()
        self._exit_codes: dict[tuple[Node, str], int] = {}
        self._changed = threading.Condition()
        self._ending: str | None = None
        self.serving = ServingNodes(self._changed, lambda: self._ending == "kill")
        # The cloud waits for it when it ends.
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def log(self, container: str) -> list[tuple[float, str]]:
        """Return what is in a container's log, oldest first: when, and what."""
        return self._output.lines(container)

    def nodes(self) -> Sequence[NodeState]:
        """Return the nodes that its containers were started on."""
        return [
            NodeState(
                containers={name: self._container(node, name) for name in self.order.containers},
                health_checks=health_checks,
            )
            for node, health_checks in self.serving.health_checks().items()
        ]

    def _container(self, node: Node, name: str) -> ContainerState:
        return ContainerState(
            is_running=node.is_running(name),
            restarts=self._restarts[node, name],
            exit_code=self._exit_codes.get((node, name)),
        )

    def resize(self, power: str, scale: int) -> None:
        """Let it go on with another power, on as many nodes as another scale says."""
        with self._changed:
            self._size = power, scale

    def retire(self) -> None:
        """Let it stop once its requests are answered."""
        self._end("retire")

    def end(self) -> None:
        """Let it stop at once."""
        self._end("kill")

    @property
    def is_running(self) -> bool:
        """Whether anything of it still runs."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until it has stopped."""
        self._thread.join()

    def _end(self, how: str) -> None:
        with self._changed:
            self._ending = how
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            self._make()
            # Nothing that the engine does makes it FAILED any more.
            with suppress(ContainerEngineError):
                self._watch()
        except _Ended:
            pass
        except _Failed as error:
            self._fail(error.failure)
        except ContainerEngineError as error:
            self._break(str(error))
        except Exception as error:  # noqa: BLE001 - it would be ACTIVATING for ever
            # What no program can be given, for example, or a full disk.
            self._break(f"{type(error).__name__}: {error}")
        self._stop()

    def _break(self, reason: str) -> None:
        """Say why it cannot go on, and be FAILED unless it has been ACTIVE."""
        if self._ending:
            return
        self._say(reason)
        if self.settles_at == math.inf:
            self._fail("crash")

    def _make(self) -> None:
        self._pause(self.order.starts_at - self._clock())
        self._say("Creating your deployment", is_own=True)
        self._image_names = {name: self._images(name) for name in self.order.containers}
        nodes = self._start_healthy(self.order.power, self.order.scale)
        self.serving.serve_from(nodes)
        now = self._clock()
        first, second, _ = self.stage_times
        self.stage_times = first, min(second, now), now
        self._say_started(nodes)
        self._say("Reached a steady state", is_own=True)
        self._activate(self)

    def settle(self) -> None:
        """Be ACTIVE."""
        self.settles_at = self._clock()

    def _start_healthy(self, power_name: str, scale: int) -> list[Node]:
        nodes = self._start(power_name, scale)
        self._wait_until_healthy(nodes)
        return nodes

    def _start(self, power_name: str, scale: int) -> list[Node]:
        order, endpoint = self.order, self.order.public_endpoint
        cpus, gigabytes = power(power_name)
        # A service of the same name may have been deleted a moment ago.
        name = f"lightsail-local-{self._engine.cloud}-{order.service}-{secrets.token_hex(4)}"
        started = []
        for number in range(1, scale + 1):
            self._check_ending()
            node = Node(
                self._engine,
                f"{name}-{number}",
                containers=order.containers,
                images=self._image_names,
                port=endpoint["containerPort"] if endpoint else None,
                resources=Resources(cpus=cpus, gigabytes=gigabytes),
                folder=self._folder,
                on_line=self._output.add,
            )
            self.serving.add(node)
            started.append(node)
            node.start()
        return started

    def _wait_until_healthy(self, nodes: Sequence[Node]) -> None:
        """Check the health of nodes until all are healthy.

        Raises:
            _Failed: they do not become so.
        """
        began = self._clock()
        endpoint = self.order.public_endpoint
        if endpoint is None:
            self._wait_until_steady(nodes)
            return
        check = endpoint["healthCheck"]
        good: Counter[Node] = Counter()
        bad: Counter[Node] = Counter()
        while any(good[node] < check["healthyThreshold"] for node in nodes):
            self._restart_ended(nodes)
            for node in nodes:
                health = self._check_health(node, check)
                good[node] = good[node] + 1 if health == "healthy" else 0
                bad[node] = bad[node] + 1 if health == "unhealthy" else 0
                if bad[node] >= _CHANCES * check["unhealthyThreshold"]:
                    raise _Failed("health_check")
            if self._clock() >= began + self._behaviour.longest_start_seconds:
                raise _Failed("took_too_long")
            self._wait_for_next_check(nodes, check["intervalSeconds"])
            if not self._ends and self.stage_times[1] == math.inf:
                self.stage_times = self.order.starts_at, self._clock(), math.inf

    def _check_health(self, node: Node, check: Mapping[str, Any]) -> Health:
        health, answer = check_health(node.address, check)
        self.serving.note(node, HealthCheck(at=self._clock(), health=health, answer=answer))
        return health

    def _wait_until_steady(self, nodes: Sequence[Node]) -> None:
        """Wait until all stay up for as long as a simulated deployment takes.

        Raises:
            _Failed: they end again and again.
        """
        steady, up_since = self._behaviour.deployment_seconds, math.inf
        while self._clock() < up_since + steady or not _are_up(nodes):
            if self._restart_ended(nodes):
                up_since = math.inf
            elif up_since == math.inf and _are_up(nodes):
                up_since = self._clock()
            self._pause(_TICK)

    def _wait_for_next_check(self, nodes: Sequence[Node], interval: float) -> None:
        """Wait, but not for the restart of what has ended."""
        until = self._clock() + interval * self._behaviour.health_check_second
        while self._clock() < until:
            self._restart_ended(nodes)
            self._pause(_TICK)

    def _restart_ended(self, nodes: Sequence[Node]) -> bool:
        """Start again what has ended, and return whether something had.

        Raises:
            _Failed: it has ended too often.
        """
        ended = [(node, node.ended()) for node in nodes]
        for node, codes in ended:
            for container, code in codes.items():
                self._ends[node, container] += 1
                self._note_end(node, container, code)
                if self._ends[node, container] >= _CHANCES:
                    raise _Failed("crash")
                self._restart(node, container)
        return any(codes for _, codes in ended)

    def _restart(self, node: Node, container: str) -> None:
        node.restart(container)
        self._restarts[node, container] += 1

    def _note_end(self, node: Node, container: str, code: int) -> None:
        self._exit_codes[node, container] = code
        text = f"Container ended with {code}"
        if code == _KILLED:
            text += " (killed, perhaps because it was out of memory)"
        # As Lightsail's own lines are: a reader of logs tells them from the container's.
        self._output.add(container, f"[deployment:{self.order.version}] {text}")

    def _watch(self) -> None:
        """Start again what ends while it serves, after longer and longer pauses."""
        due: dict[tuple[Node, str], float] = {}
        self._ends.clear()
        size = self.order.power, self.order.scale
        is_lost = False
        while True:
            self._pause(_TICK)
            if is_lost or size != self._size:
                size, is_lost = self._size, False
                self._renew(*size)
            for node in self.serving.all:
                for container, code in node.ended().items():
                    one = node, container
                    if one not in due:
                        self._ends[one] += 1
                        self._note_end(node, container, code)
                        due[one] = self._clock() + min(2.0 ** self._ends[one] / 2, _LONGEST_PAUSE)
                    elif due[one] <= self._clock():
                        del due[one]
                        if node.has_network():
                            self._restart(node, container)
                        else:  # The engine was restarted, for example.
                            is_lost = True

    def _renew(self, power_name: str, scale: int) -> None:
        """Serve from new nodes once they are healthy; if they do not become so, from the old."""
        nodes = list(self.serving.all)
        try:
            nodes = self._start_healthy(power_name, scale)
        except (_Failed, ContainerEngineError, OSError):
            self._say("Kept the nodes, for the new ones did not become healthy", is_own=True)
        else:
            self._say_started(nodes)
        self.serving.serve_from(nodes)

    def _stop(self) -> None:
        try:
            if self._ending == "retire":
                self.serving.drain(self.serving.all)
            for node in self.serving.all:
                if self._ending == "retire":
                    node.stop()
                else:
                    node.kill()
        except ContainerEngineError:
            # The engine is gone, or the cloud, which clears what is left.
            for node in self.serving.all:
                node.leave()

    def _fail(self, failure: Failure) -> None:
        if reason := REASONS.get(failure):
            self._say(reason, is_own=True)
        self._say("Canceled", is_own=True)
        self.failure = failure
        self.settles_at = self._clock()

    def _say_started(self, nodes: Sequence[Node]) -> None:
        count = len(nodes)
        self._say(f"Started {count} new node{'' if count == 1 else 's'}", is_own=True)

    def _say(self, text: str, *, is_own: bool = False) -> None:
        prefix = f"[deployment:{self.order.version}] " if is_own else ""
        self._output.add_to_all(f"{prefix}{text}")

    def _pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            _Ended: it is to stop.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ending, max(0.0, seconds))
        self._check_ending()

    def _check_ending(self) -> None:
        if self._ending:
            raise _Ended


def _are_up(nodes: Sequence[Node]) -> bool:
    return all(node.is_up() for node in nodes)
