"""Runs what is deployed to the local Lightsail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..behaviour.behaviour import Behaviour
from ..images.image_store import ImageStore
from ..lightsail.container_service import PLATFORM
from ..lightsail.runtime import Course, Order
from .container_engine import ContainerEngine, ContainerEngineError
from .deployment_run import DeploymentRun
from .docker_archive import write_archive
from .proxy import Proxy, Unserved


class ContainerRuntime:
    """The deployments that run, and the one port at which all services answer.

    Args:
        engine: starts the containers.
        images: what the registry holds.
        behaviour: times.
        clock: tells the time.
        port: the port of the services' addresses, 0 for a free one.
        folder: for files of the engine's, private to the user.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        images: ImageStore,
        behaviour: Behaviour,
        *,
        clock: Callable[[], float],
        port: int,
        folder: Path,
    ) -> None:
        self._engine = engine
        self._images = images
        self._behaviour = behaviour
        self._clock = clock
        self._folder = folder
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: set[str] = set()
        self._serving: dict[str, DeploymentRun] = {}
        self._disabled: set[str] = set()
        self._runs: list[DeploymentRun] = []
        self._proxy = Proxy(port, self._request)

    @property
    def port(self) -> int:
        """The port at which all services answer."""
        return self._proxy.port

    def url(self, service: str) -> str:
        """Return the address that a service's public endpoint answers at."""
        return f"http://{service}.localhost:{self.port}/"

    def deploy(self, order: Order) -> Course:
        """Begin to run a deployment; the one that serves goes on until this one is ACTIVE."""
        with self._lock:
            run = DeploymentRun(
                order,
                self._engine,
                images=lambda container: self._image(order, container),
                behaviour=self._behaviour,
                clock=self._clock,
                folder=self._folder,
                activate=self._activate,
            )
            self._runs = [each for each in self._runs if each.is_running]
            self._runs.append(run)
        return run

    def enable(self, service: str, is_enabled: bool) -> None:
        """Let the public endpoint of a service answer, or not."""
        with self._lock:
            if is_enabled:
                self._disabled.discard(service)
            else:
                self._disabled.add(service)

    def resize(self, service: str, power: str, scale: int) -> None:
        """Let what runs for a service have another power, on another number of nodes."""
        with self._lock:
            for run in self._runs:
                if run.order.service == service:
                    run.resize(power, scale)

    def end(self, service: str) -> None:
        """Stop all that runs for a service."""
        with self._lock:
            self._serving.pop(service, None)
            self._disabled.discard(service)
            for run in self._runs:
                if run.order.service == service:
                    run.end()

    def close(self) -> None:
        """Stop everything that runs, and answer no more."""
        self._proxy.close()
        with self._lock:
            runs = list(self._runs)
        for run in runs:
            run.end()
        self._engine.abort()
        for run in runs:
            run.join()

    def _activate(self, run: DeploymentRun) -> None:
        with self._lock:
            old = self._serving.get(run.order.service)
            self._serving[run.order.service] = run
            run.settle()
        if old:
            old.retire()

    @contextmanager
    def _request(self, service: str) -> Iterator[int]:
        with self._lock:
            run = self._serving.get(service)
            if run is None or service in self._disabled:
                raise Unserved(service)
            # Under the lock: what is not the one that serves any more gets no request.
            node = run.serving.take()
        try:
            if not node.address:
                raise Unserved(service)
            yield node.address
        finally:
            run.serving.give_back(node)

    def _image(self, order: Order, container: str) -> str:
        """Return the engine's name of a container's image, which it has then."""
        digest = order.digests.get(container)
        if digest is None:
            name: str = order.containers[container]["image"]
            self._engine.pull(name)
            return name
        name = self._engine.image(digest.partition(":")[2])
        # One at a time: the same image may be wanted twice, and a disk is one.
        with self._loading:
            if name not in self._loaded:
                self._load(digest, name)
                self._loaded.add(name)
        return name

    def _load(self, digest: str, name: str) -> None:
        archive = self._folder / f"{digest.partition(':')[2]}.tar"
        try:
            write_archive(archive, self._images.image(digest, PLATFORM), name)
            self._engine.load(archive)
        except (OSError, LookupError) as error:
            raise ContainerEngineError(f"the image could not be pulled: {error}") from error
        finally:
            archive.unlink(missing_ok=True)
