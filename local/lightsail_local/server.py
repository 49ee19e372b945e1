"""A local Lightsail: the API and the registry, started and stopped together.

with LightsailServer() as server:
    client = boto3.client("lightsail", endpoint_url=server.url)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from .behaviour.behaviour import Behaviour
from .endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from .images.image_store import ImageStore
from .lightsail.api import Api
from .lightsail.domains import Resolve, nowhere
from .lightsail.lightsail import Lightsail
from .registry.registry import Registry
from .registry.registry_login import RegistryLogins
from .wire.fault import Fault, Faults
from .wire.http_server import Gate, LoopbackServer, gated
from .wire.wire import Request, Wire

if TYPE_CHECKING:
    from .containers.real_containers import RealContainers
    from .containers.runtime import ContainerRuntime

__all__ = ["Fault", "LightsailServer", "Request"]


class LightsailServer:
    """Lightsail's container services on 127.0.0.1; what they hold is gone once it stops.

    Args:
        behaviour: the switches, times and quotas, the likelier ones by default.
        port: the API's port, a free one by default.
        registry_port: the registry's port, a free one by default.
        region: the Region that it is.
        account: the account that it is, 12 digits.
        clock: tells the time, in seconds since the epoch; every state and expiry follows it.
        on_request: is given every request to the API and the registry before it is answered, in
            the thread that answers it.
        containers: what runs deployments, None to simulate them.
        gate: is given every request before anything is done for it, to do what it likes with it;
            the servers' names are `lightsail` and `registry`.
        resolve: finds what a CNAME record outside of Lightsail says, None for no record.

    Attributes:
        behaviour: the switches, times and quotas; may be changed at any time.
        faults: what is to go wrong; tests append to it.
        requests: the API's requests so far.
        registry_requests: the registry's requests so far.
        url: the API's address, for `endpoint_url` or `AWS_ENDPOINT_URL_LIGHTSAIL`, once started.
        registry: the registry's address, `127.0.0.1:<port>`, once started.
        lightsail: the services, once started.
        images: what the registry holds, once started.
        logins: the logins to the registry, once started.
    """

    url: str
    registry: str
    lightsail: Lightsail
    images: ImageStore
    logins: RegistryLogins

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        registry_port: int = 0,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        clock: Callable[[], float] = time.time,
        on_request: Callable[[Request], None] | None = None,
        containers: RealContainers | None = None,
        gate: Gate | None = None,
        resolve: Resolve = nowhere,
    ) -> None:
        self._resolve = resolve
        self._gate = gate
        self._containers = containers
        self.behaviour = behaviour or Behaviour()
        self.faults = Faults()
        self._api_wire = Wire(faults=self.faults, clock=clock, on_request=on_request)
        self._registry_wire = Wire(faults=self.faults, clock=clock, on_request=on_request)
        self.requests = self._api_wire.requests
        self.registry_requests = self._registry_wire.requests
        self._ports = port, registry_port
        self._region = region
        self._account = account
        self._clock = clock
        self._running = ExitStack()

    def start(self) -> None:
        """Start listening.

        Raises:
            OSError: a port is taken.
        """
        port, registry_port = self._ports
        self.logins = RegistryLogins(self.behaviour, self._clock)
        with ExitStack() as starting:
            folder = self._containers.folder if self._containers else None
            self.images = ImageStore(self.behaviour, self._clock, folder)
            registry = Registry(
                registry_port,
                self.behaviour,
                self.images,
                self.logins,
                self._registry_wire,
                gate=self._gate,
            )
            starting.callback(registry.close)
            runtime = self._runtime(self._containers) if self._containers else None
            if runtime:
                starting.callback(runtime.close)
            self.lightsail = Lightsail(
                self.behaviour,
                self.images,
                self.logins,
                registry=registry.host,
                region=self._region,
                account=self._account,
                clock=self._clock,
                runtime=runtime,
                resolve=self._resolve,
            )
            respond = Api(self.lightsail, self._api_wire).respond
            api = LoopbackServer(port, gated(self._gate, "lightsail", respond))
            starting.callback(api.close)
            self._running = starting.pop_all()
        self.url, self.registry = f"http://{api.host}", registry.host

    def _runtime(self, containers: RealContainers) -> ContainerRuntime:
        # The simulation does without what the proxy needs.
        from .containers.runtime import ContainerRuntime  # noqa: PLC0415

        return ContainerRuntime(
            containers.engine,
            self.images,
            self.behaviour,
            clock=self._clock,
            port=containers.port,
            folder=containers.folder,
        )

    def stop(self) -> None:
        """Stop listening, end all connections and forget everything but the requests."""
        self._running.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
