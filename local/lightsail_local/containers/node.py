"""One node of a deployment: its containers in one network, so that they share localhost."""

from __future__ import annotations

import subprocess  # nosec B404 # for the type of what the engine starts
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .container_engine import ContainerEngine, Resources, Started, is_advice

_STOP_SECONDS = 10


@dataclass
class _Running:
    name: str
    process: subprocess.Popen[bytes]
    readers: list[threading.Thread] = field(default_factory=list)


class Node:
    """Containers that run beside each other.

    A container that only waits holds the network: any other one may end and start again.

    Args:
        engine: starts the containers.
        name: the node's name, the only one of that name.
        containers: the containers by name, in the API's shape.
        images: the engine's names of their images, by the container's name.
        port: the port to reach from this computer, None for none.
        resources: what each container may use.
        folder: for files of the engine's.
        on_line: is given a container's name and each line that it prints.

    Attributes:
        address: the port of this computer that leads to the node, 0 without one.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        name: str,
        *,
        containers: Mapping[str, Mapping[str, Any]],
        images: Mapping[str, str],
        port: int | None,
        resources: Resources,
        folder: Path,
        on_line: Callable[[str, str], None],
    ) -> None:
        self.address = 0
        self._engine = engine
        self._name = name
        self._containers = containers
        self._images = images
        self._port = port
        self._resources = resources
        self._folder = folder
        self._on_line = on_line
        self._starts = 0
        self._running: dict[str, _Running] = {}

    def start(self) -> None:
        """Start the containers.

        Raises:
            ContainerEngineError: the engine cannot hold the network.
        """
        holder = Started(
            name=self._name, image=self._engine.program_image, command=["wait"], port=self._port
        )
        self._engine.start(holder)
        if self._port:
            self.address = self._engine.address(self._name, self._port)
        for container in self._containers:
            self._start(container)

    def has_network(self) -> bool:
        """Return whether what holds its network runs, without which nothing can be restarted."""
        return self._engine.is_up(self._name)

    def restart(self, container: str) -> None:
        """Start a container that has ended again."""
        self._start(container)

    def is_running(self, container: str) -> bool:
        """Return whether a container has been started and has not ended."""
        running = self._running.get(container)
        return running is not None and running.process.poll() is None

    def is_up(self) -> bool:
        """Return whether the engine says of each container that it runs."""
        return all(self._engine.is_up(running.name) for running in self._running.values())

    def ended(self) -> Mapping[str, int]:
        """Return the containers that have ended, with their exit codes."""
        codes = {name: running.process.poll() for name, running in self._running.items()}
        found = {name: code for name, code in codes.items() if code is not None}
        for name in found:
            # What it said last comes before what is said of its end.
            self._finish(self._running[name])
        return found

    def stop(self) -> None:
        """Ask the containers to end, and end those that do not after a while."""
        self._engine.stop([running.name for running in self._running.values()], _STOP_SECONDS)
        self._end()

    def kill(self) -> None:
        """End the containers at once."""
        self._engine.remove([running.name for running in self._running.values()])
        self._end()

    def leave(self) -> None:
        """Wait for what the engine ends anyway."""
        for running in self._running.values():
            running.process.kill()
            self._finish(running)

    def _end(self) -> None:
        self._engine.remove([self._name])
        self.leave()

    def _start(self, container: str) -> None:
        definition = self._containers[container]
        self._starts += 1
        started = Started(
            name=f"{self._name}-{self._starts}",
            image=self._images[container],
            command=definition.get("command", ()),
            network_of=self._name,
            resources=self._resources,
        )
        environment = definition.get("environment", {})
        process = self._engine.attach(started, environment, self._folder)
        running = _Running(started.name, process)
        for stream in (process.stdout, process.stderr):
            reader = threading.Thread(target=self._read, args=[container, stream], daemon=True)
            reader.start()
            running.readers.append(reader)
        self._running[container] = running

    def _read(self, container: str, stream: Any) -> None:
        # In pieces, for a line may be of any length.
        while piece := stream.readline(1 << 16):
            line = piece.decode(errors="replace").rstrip("\r\n")
            if not is_advice(line):  # of an engine that could not start the container
                self._on_line(container, line)

    @staticmethod
    def _finish(running: _Running) -> None:
        running.process.wait()
        for reader in running.readers:
            reader.join()
        # It has been read, so this only closes the pipes.
        running.process.communicate()
