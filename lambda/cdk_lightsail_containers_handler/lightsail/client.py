"""The calls to Lightsail that the handler makes, typed.

The only module that names Lightsail's operations.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ..aws.calls import UNSOUND, Calls, Doubt
from ..errors import NotFound, Unfinished
from ..properties.container_image import ImageName
from ..properties.rules import any_text, check_number
from .answers import ContainerService, LogEvent, LogPage, RegistryLogin, StoredImage
from .deployment import Deployment, describe
from .failures import LightsailCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from ..deadline import Deadline
    from ..properties.container_service_deployment import DeploymentProperties
    from ..request_log import Log

_T = TypeVar("_T")

# Most may be of the deployment that serves.
_MOST_LOG_EVENTS = 1000
_LOG_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 2.0
_HIGHEST_VERSION = 1 << 31
_MISSING_LOOKS = 3

STALE_SECONDS = 5.0
"""How long a read may lag behind a write: some seconds, AWS does not say how many."""


class Lightsail:
    """Lightsail's container services, each call repeated while it makes sense and there is time.

    Args:
        client: boto3's client.
        deadline: when to stop.
        log: where the steps are logged.
        doubt: opened while it is not known what became of a call that must not be repeated.
        known: the container service that was there when the request was made, if one was.
    """

    def __init__(
        self,
        client: LightsailClient,
        deadline: Deadline,
        log: Log,
        *,
        doubt: Doubt | None = None,
        known: str = "",
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._calls = _ServiceCalls(Calls(deadline, log, doubt=doubt), known)
        self._known = known
        self._log = log

    def until(self, deadline: Deadline) -> Lightsail:
        """Return the same, with another deadline."""
        return Lightsail(self._client, deadline, self._log, known=self._known)

    def images(self, service: str) -> list[StoredImage]:
        """Return the images that are registered with a service, in no certain order."""
        return self._list(
            LightsailCall("GetContainerImages", service),
            "containerImages",
            StoredImage.parse,
            lambda: self._client.get_container_images(serviceName=service),
        )

    def images_with(self, name: ImageName) -> list[StoredImage]:
        """Return the service's images, if possible a list that shows the named one already."""
        images: list[StoredImage] = []
        # The last look is late enough for a list that lags behind.
        deadline = self._deadline.within(STALE_SECONDS + _LOOK_AGAIN_SECONDS)
        for _ in deadline.pauses(_LOOK_AGAIN_SECONDS, _LOOK_AGAIN_SECONDS):
            images = self.images(name.service)
            if any(image.name == name for image in images):
                break
        return images

    def service(self, name: str) -> ContainerService:
        """Return what a service is doing, and with which images."""
        return self._calls.send(
            LightsailCall("GetContainerServices", name),
            lambda: ContainerService.parse(
                self._client.get_container_services(serviceName=name)["containerServices"][0]
            ),
        )

    def wait_after_refusal(self, service: str, attempt: int) -> bool:
        """Wait for a service that has refused, and return whether it is being changed.

        A service that does not look so may have been when it refused, or reads lag behind: one
        more attempt, after a while, is what tells.

        Raises:
            Unfinished: there is no time left to wait.
        """
        found = self.service(service)
        if not found.is_busy:
            self._deadline.pause(STALE_SECONDS)
            return False
        self._log("waiting for the container service", state=found.state)
        if not self._deadline.back_off(attempt):
            raise Unfinished(
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

    def register(self, service: str, label: str, digest: str) -> StoredImage:
        """Register a pushed image.

        Raises:
            Unanswered: it may be registered or not: look before the next attempt.
        """

        def register() -> StoredImage:
            answer = self._client.register_container_image(
                serviceName=service, label=label, digest=digest
            )
            image = StoredImage.parse(answer["containerImage"])
            if image is None:
                raise ValueError("no image name")
            return image

        call = LightsailCall("RegisterContainerImage", service, digest=digest, repeatable=False)
        try:
            return self._calls.send(call, register)
        except NotFound:
            self.service(service)  # or is it the service that is gone
            raise

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
        found = self._list(
            LightsailCall("GetContainerServiceDeployments", service),
            "deployments",
            Deployment.parse,
            lambda: self._client.get_container_service_deployments(serviceName=service),
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

    def _list(
        self,
        call: LightsailCall,
        key: str,
        parse: Callable[[Mapping[str, Any]], _T | None],
        ask: Callable[[], Any],
    ) -> list[_T]:
        """Return the items of a list that an answer holds.

        One that is missing may be empty and left out, or something in between has answered. So
        only what goes on missing is taken for empty.
        """
        missing = 0

        def read() -> list[_T]:
            nonlocal missing
            answer = ask()
            if key not in answer and missing < _MISSING_LOOKS:
                missing += 1
                raise LookupError(f"no {key}")
            return self._parsed(parse, answer.get(key, []))

        return self._calls.send(call, read)

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
