"""The calls to Lightsail that the handler makes, typed.

The only module that names Lightsail's operations.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .calls import UNSOUND, Calls
from .deployment import Deployment, describe
from .errors import HandlerError, NotFound
from .lightsail_answer import ContainerImage, ContainerService, LogEvent, LogPage, RegistryLogin
from .lightsail_call import LightsailCall
from .properties.container_image import ImageName
from .properties.rules import any_text, check_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from .deadline import Deadline
    from .properties.container_service_deployment import DeploymentProperties
    from .request_log import Log

_T = TypeVar("_T")

_MOST_LOG_EVENTS = 100
_LOG_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 2.0
_HIGHEST_VERSION = 1 << 31

STALE_SECONDS = 5.0
"""How long a read may lag behind a write: some seconds, nobody outside AWS knows how many."""


class Lightsail:
    """Lightsail's container services, each call repeated while it makes sense and there is time.

    Args:
        client: boto3's client.
        deadline: when to stop.
        log: where the steps are told.
        known: the container service that was there when the request was made, if one was.
    """

    def __init__(
        self, client: LightsailClient, deadline: Deadline, log: Log, known: str = ""
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._calls = _ServiceCalls(Calls(deadline, log), known)
        self._log = log

    def images(self, service: str) -> list[ContainerImage]:
        """Return the images that are registered with a service, in no certain order."""
        return self._calls.send(
            LightsailCall("GetContainerImages", service),
            # An empty list may be left out. So does botocore with an answer that is no JSON, but
            # whoever acts on this list looks again afterwards.
            lambda: self._parsed(
                ContainerImage.parse,
                self._client.get_container_images(serviceName=service).get("containerImages", []),
            ),
        )

    def images_with(self, name: ImageName) -> list[ContainerImage]:
        """Return the service's images, if possible a list that shows the named one already."""
        until = self._deadline.left() - STALE_SECONDS
        while True:
            images = self.images(name.service)
            is_shown = any(image.name == name for image in images)
            if is_shown or self._deadline.left() <= until:
                return images
            if not self._deadline.pause(_LOOK_AGAIN_SECONDS):
                return images

    def service(self, name: str) -> ContainerService:
        """Return what a service is doing, and with which images."""
        return self._calls.send(
            LightsailCall("GetContainerServices", name),
            lambda: ContainerService.parse(
                self._client.get_container_services(serviceName=name)["containerServices"][0]
            ),
        )

    def waits_while_busy(
        self, service: str, attempt: int, error: type[HandlerError] = HandlerError
    ) -> bool:
        """Wait after a refusal, and return whether the service is being changed.

        A service that does not look so may have been when it refused, or reads lag behind: one
        more attempt, after a while, is what tells.

        Raises:
            HandlerError: there is no time left to wait; it is the error that is given.
        """
        found = self.service(service)
        if not found.is_busy:
            self._deadline.pause(STALE_SECONDS)
            return False
        self._log("waiting for the container service", state=found.state)
        if not self._deadline.back_off(attempt):
            raise error(
                f"container service '{service}' was {found.state} all the time and took no change",
                "deploy again when it is READY or RUNNING",
            )
        return True

    def services(self) -> frozenset[str]:
        """Return the names of the account's services in the Region."""
        return self._calls.send(
            LightsailCall("GetContainerServices", "all"),
            lambda: frozenset(
                any_text(item["containerServiceName"])
                for item in self._client.get_container_services()["containerServices"]
            ),
        )

    def registry_login(self, service: str) -> RegistryLogin:
        """Return a login to the registry that images are pushed to.

        Args:
            service: the container service that the image is for; the login is for all of them.
        """
        return self._calls.send(
            LightsailCall("CreateContainerServiceRegistryLogin", service),
            lambda: RegistryLogin.parse(
                self._client.create_container_service_registry_login()["registryLogin"]
            ),
        )

    def register(self, service: str, label: str, digest: str) -> ContainerImage:
        """Register a pushed image.

        Raises:
            Unanswered: it may be registered or not: look before the next attempt.
        """
        call = LightsailCall("RegisterContainerImage", service, digest=digest, repeatable=False)
        try:
            item = self._calls.send(
                call,
                lambda: self._client.register_container_image(
                    serviceName=service, label=label, digest=digest
                )["containerImage"],
            )
        except NotFound:
            self.service(service)  # or is it the service that is gone
            raise
        image = ContainerImage.parse(item)
        if image is None:
            raise call.unanswered("no image name")
        return image

    def delete_image(self, name: ImageName) -> None:
        """Delete a registered image; done also when it is gone already."""
        try:
            self._calls.send(
                LightsailCall("DeleteContainerImage", name.service),
                lambda: self._client.delete_container_image(
                    serviceName=name.service, image=str(name)
                ),
            )
        except NotFound:
            return

    def deployments(self, service: str) -> list[Deployment]:
        """Return the deployments of a service that Lightsail remembers, newest first."""
        found = self._calls.send(
            LightsailCall("GetContainerServiceDeployments", service),
            # An empty list may be left out, as that of images.
            lambda: self._parsed(
                Deployment.parse,
                self._client.get_container_service_deployments(serviceName=service).get(
                    "deployments", []
                ),
            ),
        )
        return sorted(found, key=lambda deployment: deployment.version, reverse=True)

    def deploy(self, wanted: DeploymentProperties) -> int:
        """Deploy containers, and return the deployment's version.

        Raises:
            Unanswered: it may be deployed or not: look before the next attempt.
        """
        call = LightsailCall(
            "CreateContainerServiceDeployment", wanted.service_name, repeatable=False
        )
        return self._calls.send(
            call,
            lambda: check_number(
                self._client.create_container_service_deployment(
                    serviceName=wanted.service_name, **describe(wanted)
                )["containerService"]["nextDeployment"]["version"],
                *("version", 1, _HIGHEST_VERSION),
            ),
        )

    def container_log(self, service: str, container: str, since: datetime) -> list[LogEvent]:
        """Return the last lines that a container has logged since a time, oldest first.

        As many pages as there are and there is time for, since the last lines tell the most.
        """
        call = LightsailCall("GetContainerLog", service)
        events: list[LogEvent] = []
        more: Any = {}
        deadline = self._deadline.within(_LOG_SECONDS)
        while True:
            page = self._calls.send(
                call,
                lambda more=more: LogPage.parse(  # type: ignore[misc]
                    self._client.get_container_log(
                        serviceName=service, containerName=container, startTime=since, **more
                    )
                ),
            )
            events = sorted([*events, *page.events], key=lambda event: event.at)[-_MOST_LOG_EVENTS:]
            if page.token in ("", more.get("pageToken")) or not deadline.left():
                return events
            more = {"pageToken": page.token}

    def _parsed(
        self, parse: Callable[[Mapping[str, Any]], _T | None], items: Iterable[Mapping[str, Any]]
    ) -> list[_T]:
        """Return the items of an answer that can be read."""
        found = []
        for item in items:
            try:
                one = parse(item)
            except UNSOUND as error:
                # One that is strange must not hide the others.
                self._log("not understood", parse=parse.__qualname__, cause=repr(error))
            else:
                found += [] if one is None else [one]
        return found


class _ServiceCalls:
    """Calls that know which container services are there, to tell one that is gone by now."""

    def __init__(self, calls: Calls, known: str) -> None:
        self._calls = calls
        self._known = {known}

    def send(self, call: LightsailCall, act: Callable[[], _T]) -> _T:
        """Send a call as `Calls` does."""
        try:
            answer = self._calls.send(call, act)
        except NotFound as error:
            if call.service not in self._known or call.digest:
                raise
            raise call.deleted() from error
        self._known.add(call.service)
        return answer
