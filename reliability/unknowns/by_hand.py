"""What another user does to Lightsail by hand, and what is really there.

It goes past Lightsail's API on the wire, and Lightsail is at its best meanwhile: nothing is stale,
refused or throttled for a user who only prepares or looks on.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import oci_images
from lightsail_local.behaviour.behaviour import Behaviour
from reliability.broken import Broken

from .sides import GONE, KEPT, SWITCHES

if TYPE_CHECKING:
    from lightsail_local.server import LightsailServer, Request
    from oci_images import Made

    from .sides import Value

LOST = "an image with nothing there"
"""What an image is known by that was registered when it was gone already."""

_TIMES = {"service_seconds": 0.5, "deployment_seconds": 1.0}
_BUSY_SECONDS = 4.0
_LONGEST_SECONDS = 60
_TRIED = ("", "NotFoundException")
_REFUSED = ("RegisterContainerImage", "CreateContainerServiceRegistryLogin")
_REFUSAL = "InvalidInputException"


class ByHand:
    """Lightsail, as its user's hands reach it.

    Args:
        server: the local Lightsail, which was just started.
        switches: where its switches stand.

    Attributes:
        behaviour: how it behaves.
    """

    def __init__(self, server: LightsailServer, switches: Mapping[str, Value]) -> None:
        self.behaviour = server.behaviour
        self._server = server
        self._first_request = len(server.requests)
        self._changing = ""
        self._set({**asdict(Behaviour()), **_TIMES, **switches})

    def create_service(self, name: str) -> None:
        """Create a container service, and wait until it is ready."""
        self._call("CreateContainerService", serviceName=name, power="nano", scale=1)
        self._wait(name)

    def change_service(self, name: str) -> None:
        """Change a container service, which is busy with that for some seconds.

        If it refuses what it is asked meanwhile, it is so until it has been asked.
        """
        is_refusing = self.behaviour.busy_service == "refused"
        self._changing = name if is_refusing else ""
        self._change(name, _LONGEST_SECONDS if is_refusing else _BUSY_SECONDS)

    def push(self, made: Made) -> str:
        """Push an image, and return its digest."""
        with self._at_its_best():
            login = self._call("CreateContainerServiceRegistryLogin")["registryLogin"]
            secret = f"{login['username']}:{login['password']}".encode()
            authorization = f"Basic {base64.b64encode(secret).decode()}"
            oci_images.push(login["registry"], "sr", made, "by-hand", authorization)
        return made.digest

    def register(self, service: str, label: str, made: Made) -> str:
        """Push and register an image, and return its name."""
        with self._at_its_best():
            digest = self.push(made)
            answer = self._call(
                "RegisterContainerImage", serviceName=service, label=label, digest=digest
            )
        return str(answer["containerImage"]["image"])

    def deploy(self, service: str, image: str) -> None:
        """Deploy an image, and wait until it serves."""
        self._deploy(service, image)
        self._wait(service)

    def begin_to_deploy(self, service: str, image: str) -> None:
        """Deploy an image, which takes some seconds."""
        with self._changed(deployment_seconds=_BUSY_SECONDS):
            self._deploy(service, image)

    def saw(self, request: Request) -> None:
        """Take note of a request to Lightsail, before its answer is sent.

        What is gone at once is so until the first try to register it: what is always gone could
        never be registered.
        """
        if self._changing and request.operation in _REFUSED and request.error == _REFUSAL:
            name, self._changing = self._changing, ""
            self._change(name, _BUSY_SECONDS)
        is_tried = request.operation == "RegisterContainerImage" and request.error in _TRIED
        if is_tried and self.behaviour.unregistered_seconds == GONE:
            self.behaviour.unregistered_seconds = KEPT

    def delete_service(self, name: str) -> None:
        """Delete a container service, and wait until it is gone."""
        self._call("DeleteContainerService", serviceName=name)
        ends = time.monotonic() + _LONGEST_SECONDS
        while name in self.services():
            if time.monotonic() > ends:
                raise Broken(f"container service {name} is not gone")
            time.sleep(0.1)

    def services(self) -> list[str]:
        """Return the names of the services."""
        found = self._call("GetContainerServices")["containerServices"]
        return sorted(service["containerServiceName"] for service in found)

    def images(self, service: str) -> dict[str, str]:
        """Return what a service's images are known by, see `content`, by their names."""
        found = self._call("GetContainerImages", serviceName=service)["containerImages"]
        return {image["image"]: self._content(image["digest"]) for image in found}

    def images_in_use(self, service: str) -> set[str]:
        """Return the names of a service's images that its current or next deployment uses."""
        found = self._service(service)
        deployments = (found.get(name, {}) for name in ("currentDeployment", "nextDeployment"))
        images = {
            container["image"]
            for deployment in deployments
            for container in deployment.get("containers", {}).values()
        }
        return {image for image in images if not image.endswith(".latest")}

    def deployments(self, service: str) -> dict[int, str]:
        """Return the states of a service's deployments by their versions."""
        found = self._call("GetContainerServiceDeployments", serviceName=service)["deployments"]
        return {one["version"]: one["state"] for one in sorted(found, key=lambda o: o["version"])}

    def running(self, service: str) -> dict[str, Any]:
        """Return the containers that a service runs."""
        found: dict[str, Any] = self._service(service)["currentDeployment"]["containers"]
        return found

    def done(self, operation: str) -> int:
        """Return how often an operation was carried out by others since the beginning."""
        requests = self._server.requests[self._first_request :]
        return sum(one.operation == operation and one.status == 200 for one in requests)  # noqa: PLR2004

    def _content(self, digest: str) -> str:
        manifest = self._server.images.manifest(digest)
        if manifest is None:
            return LOST
        return manifest.blobs[0].digest if manifest.blobs else digest

    def _deploy(self, service: str, image: str) -> None:
        containers = {"by-hand": {"image": image}}
        self._call("CreateContainerServiceDeployment", serviceName=service, containers=containers)

    def _change(self, name: str, seconds: float) -> None:
        with self._changed(service_seconds=seconds):
            self._call("UpdateContainerService", serviceName=name, scale=1)

    def _wait(self, service: str) -> None:
        ends = time.monotonic() + _LONGEST_SECONDS
        while (state := self._service(service)["state"]) not in ("READY", "RUNNING"):
            if time.monotonic() > ends:
                raise Broken(f"container service {service} is {state}")
            time.sleep(0.1)

    def _service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any]
        (found,) = self._call("GetContainerServices", serviceName=name)["containerServices"]
        return found

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        with self._at_its_best():
            return self._server.lightsail.call(operation, parameters)

    @contextmanager
    def _at_its_best(self) -> Iterator[None]:
        likely = Behaviour()
        with self._changed(**{switch: getattr(likely, switch) for switch in SWITCHES}):
            yield

    @contextmanager
    def _changed(self, **values: Any) -> Iterator[None]:
        before = {name: getattr(self.behaviour, name) for name in values}
        self._set(values)
        try:
            yield
        finally:
            self._set(before)

    def _set(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self.behaviour, name, value)
