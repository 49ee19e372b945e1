"""The container service that the questions are put to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from oci_images import Made

from .images import ImageKind, serving_image
from .lightsail import Lightsail, Said
from .names import TAG
from .program import PORT
from .registry import PushRegistry
from .waiting import TookTooLong

_SETTLES_SECONDS = 30 * 60.0
_DEPLOYS_SECONDS = 40 * 60.0
_SHOWS_SECONDS = 60.0
_CONTAINER = "web"
# A service that waits for these waits for ever:
# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceStateDetail.html
_HOPELESS = frozenset({"CERTIFICATE_LIMIT_EXCEEDED", "UNKNOWN_ERROR"})


class ProbedService:
    """A nano container service of the run's own."""

    def __init__(self, name: str, lightsail: Lightsail, registry: PushRegistry) -> None:
        self.name = name
        self.lightsail = lightsail
        self.registry = registry
        self.waiting = lightsail.waiting
        self._changes: list[tuple[str, float]] = []
        # Whether the registry was seen to take Docker's manifests only.
        self.is_docker = False
        # What was said to the registration of a digest that was never pushed.
        self.missing: Said | None = None
        self._serving = ""
        self._version = 0

    @property
    def times(self) -> list[tuple[str, float]]:
        """The states that have ended, in order, and the seconds in each."""
        ended = pairwise(self._changes)
        return [(state, end - began) for (state, began), (_, end) in ended]

    def create(self) -> Mapping[str, Any]:
        """Make it, and return it as it is at once.

        Raises:
            CallFailed: Lightsail refuses it.
        """
        tags = [{"key": TAG, "value": self.name}]
        said = self._ask("CreateContainerService", power="nano", scale=1, tags=tags)
        created = said.carried_out()["containerService"]
        self._note(created)
        return dict(created)

    def look(self) -> Mapping[str, Any] | None:
        """Return it as a read shows it, None while none does."""
        said = self._ask("GetContainerServices")
        if said.is_refused:
            return None
        (service,) = said.answer["containerServices"]
        self._note(service)
        return dict(service)

    def wait_until_ready(self) -> Mapping[str, Any]:
        """Wait until nothing is done to it, and return it.

        Raises:
            TookTooLong: it did not come to that.
        """

        def look() -> Mapping[str, Any] | None:
            service = self.look() or {}
            detail = service.get("stateDetail", {})
            if detail.get("code") in _HOPELESS:
                raise TookTooLong(f"the service is {service['state']}, {detail}")
            return service if service.get("state") in ("READY", "RUNNING") else None

        return self.waiting.until(look, _SETTLES_SECONDS, "the service was not ready")

    def push(self, text: str, kind: ImageKind | None = None) -> str:
        """Push an image of its own for a string, of a kind that the registry takes."""
        made = self.image(text, kind or ImageKind(docker=self.is_docker))
        digest = self.registry.push(made)
        self.is_docker = self.is_docker or digest != made.digest
        return digest

    def image(self, text: str, kind: ImageKind) -> Made:
        """Return an image that serves a string, which no earlier run has pushed."""
        return serving_image(f"{self.name} {text}", kind)

    def ask_to_register(self, label: str, digest: str) -> Said:
        """Return what Lightsail says to a registration."""
        return self._ask("RegisterContainerImage", label=label, digest=digest)

    def is_of_missing(self, said: Said) -> bool:
        """Return whether a registration was refused as that of what was never pushed is."""
        return self.missing is not None and said.is_like(self.missing)

    def register(self, label: str, digest: str) -> str:
        """Register what was pushed, and return the image's name.

        Raises:
            CallFailed: Lightsail refuses it.
        """
        answer = self.ask_to_register(label, digest).carried_out()
        return str(answer["containerImage"]["image"])

    def ask_to_delete(self, image: str) -> Said:
        """Return what Lightsail says to the deletion of an image."""
        return self._ask("DeleteContainerImage", image=image)

    def images(self) -> list[str]:
        """Return the names of the images, in the order of the answer."""
        return [image["image"] for image in self.lightsail.images(self.name)]

    def wait_for_image(self, name: str, *, gone: bool = False) -> None:
        """Wait until reads show an image, or no longer do."""
        what = f"reads did not show what became of {name}"
        self.waiting.until(lambda: (name in self.images()) != gone, _SHOWS_SECONDS, what)

    def deployments(self) -> list[Mapping[str, Any]]:
        """Return the deployments, in the order of the answer."""
        return self.lightsail.deployments(self.name)

    def ask_to_deploy(self, image: str) -> Said:
        """Return what Lightsail says to the deployment of an image that serves."""
        return self._ask(
            "CreateContainerServiceDeployment",
            containers={_CONTAINER: {"image": image, "ports": {str(PORT): "HTTP"}}},
            publicEndpoint={"containerName": _CONTAINER, "containerPort": PORT},
        )

    def begin_update(self) -> Mapping[str, Any]:
        """Change what costs nothing, and return the service as it is at once."""
        change = {"ecrImagePullerRole": {"isActive": True}}
        said = self._ask("UpdateContainerService", privateRegistryAccess=change)
        return dict(said.carried_out()["containerService"])

    def ask_for_log(self) -> Said:
        """Return what Lightsail says to a request for its container's log."""
        return self._ask("GetContainerLog", containerName=_CONTAINER)

    def wait_for_deployment(self, version: int) -> str:
        """Wait until a deployment has ended, and return its state.

        Raises:
            TookTooLong: it did not end.
        """

        def look() -> str | None:
            self.look()
            states = {one["version"]: str(one["state"]) for one in self.deployments()}
            state = states.get(version, "ACTIVATING")
            return None if state == "ACTIVATING" else state

        return self.waiting.until(look, _DEPLOYS_SECONDS, f"deployment {version} did not end")

    def begin_to_serve(self) -> Mapping[str, Any]:
        """Deploy an image, and return the service as it is at once."""
        self._serving = self.register("run", self.push("run"))
        service = dict(self.ask_to_deploy(self._serving).carried_out()["containerService"])
        self._version = service["nextDeployment"]["version"]
        return service

    def serving(self) -> str:
        """Return the name of an image that the current deployment runs; deploy one if none is.

        Raises:
            TookTooLong: the deployment came to nothing.
        """
        if not self._version:
            self.begin_to_serve()
        if (state := self.wait_for_deployment(self._version)) not in ("ACTIVE", "INACTIVE"):
            raise TookTooLong(f"deployment {self._version} became {state}: {self._log_end()}")
        return self._serving

    def _note(self, service: Mapping[str, Any]) -> None:
        """Note when a look shows another state than the one before."""
        code = service.get("stateDetail", {}).get("code")
        state = f"{service['state']} ({code})" if code else service["state"]
        if not self._changes or self._changes[-1][0] != state:
            self._changes.append((state, self.waiting.clock()))

    def _ask(self, operation: str, **parameters: Any) -> Said:
        return self.lightsail.ask(operation, serviceName=self.name, **parameters)

    def _log_end(self) -> str:
        events = self.ask_for_log().answer.get("logEvents", [])
        return " / ".join(event.get("message", "") for event in events[-5:]) or "no log"
