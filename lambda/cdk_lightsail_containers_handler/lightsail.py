"""The calls to Lightsail that the handler makes, typed.

The only module that names Lightsail's operations and reads its answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .calls import UNSOUND, Calls
from .deployment import Deployment, describe
from .errors import NotFound
from .lightsail_call import LightsailCall
from .properties.container_image import ImageName
from .properties.image_source import check_image
from .properties.rules import any_text, check_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from .deadline import Deadline
    from .properties.container_service_deployment import DeploymentProperties
    from .request_log import Log

_T = TypeVar("_T")

_BUSY = frozenset({"PENDING", "UPDATING", "DEPLOYING"})
_MOST_LOG_EVENTS = 100
_LOG_SECONDS = 30.0
_HIGHEST_VERSION = 1 << 31

STALE_SECONDS = 5.0
"""How long a read may lag behind a write: some seconds, nobody outside AWS knows how many."""


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image that is registered with a container service."""

    name: ImageName
    digest: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ContainerService:
    """What a container service is doing.

    Args:
        state: Lightsail's word, such as RUNNING.
        detail: code and message of what is being done to it; empty while nothing is.
        url: where its public endpoint is reached.
        images: what the current and the next deployment name: image names of this or references
            to other registries.
    """

    state: str
    detail: str
    url: str
    images: frozenset[str]

    @property
    def is_busy(self) -> bool:
        """Whether the service is being changed, so that it may refuse what it takes later."""
        return self.state in _BUSY

    def uses(self, name: ImageName) -> bool:
        """Return whether a current or next deployment uses the image.

        Which version `.latest` stands for is fixed when Lightsail starts a container, at a time
        that nobody else knows, so it holds every version of the label.
        """
        latest = f":{name.service}.{name.label}.latest"
        return str(name) in self.images or latest in self.images


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """A line of a container's log."""

    at: datetime
    message: str


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """A login to the registry of the account's container services, valid for 12 hours."""

    registry: str
    username: str = field(repr=False)
    password: str = field(repr=False)


class Lightsail:
    """Lightsail's container services, each call repeated while it makes sense and there is time."""

    def __init__(self, client: LightsailClient, deadline: Deadline, log: Log) -> None:
        self._client = client
        self._deadline = deadline
        self._calls = Calls(deadline, log)
        self._log = log

    def images(self, service: str) -> list[ContainerImage]:
        """Return the images that are registered with a service, in no certain order."""
        return self._calls.send(
            LightsailCall("GetContainerImages", service),
            # An empty list may be left out. So does botocore with an answer that is no JSON, but
            # whoever acts on this list looks again afterwards.
            lambda: self._parsed(
                _image,
                self._client.get_container_images(serviceName=service).get("containerImages", []),
            ),
        )

    def service(self, name: str) -> ContainerService:
        """Return what a service is doing, and with which images."""
        return self._calls.send(
            LightsailCall("GetContainerServices", name),
            lambda: _service(
                self._client.get_container_services(serviceName=name)["containerServices"][0]
            ),
        )

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
            lambda: _login(self._client.create_container_service_registry_login()["registryLogin"]),
        )

    def register(self, service: str, label: str, digest: str) -> ContainerImage:
        """Register a pushed image.

        Raises:
            Unanswered: it may be registered or not: look before the next attempt.
        """
        call = LightsailCall("RegisterContainerImage", service, digest=digest, repeatable=False)
        item = self._calls.send(
            call,
            lambda: self._client.register_container_image(
                serviceName=service, label=label, digest=digest
            )["containerImage"],
        )
        image = _image(item)
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

    def deploy(self, wanted: DeploymentProperties, mask: Callable[[str], str]) -> int:
        """Deploy containers, and return the deployment's version.

        Args:
            wanted: the containers.
            mask: takes their secrets out of a text.

        Raises:
            Unanswered: it may be deployed or not: look before the next attempt.
        """
        call = LightsailCall(
            "CreateContainerServiceDeployment", wanted.service_name, repeatable=False, mask=mask
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
            found, token = self._calls.send(
                call,
                lambda more=more: _log_page(  # type: ignore[misc]
                    self._client.get_container_log(
                        serviceName=service, containerName=container, startTime=since, **more
                    )
                ),
            )
            events = sorted([*events, *found], key=lambda event: event.at)[-_MOST_LOG_EVENTS:]
            if token in ("", more.get("pageToken")) or not deadline.left():
                return events
            more = {"pageToken": token}

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


def _service(item: Mapping[str, Any]) -> ContainerService:
    detail = item.get("stateDetail", {})
    return ContainerService(
        state=any_text(item.get("state", "")),
        detail=": ".join(
            told for name in ("code", "message") if (told := any_text(detail.get(name, "")))
        ),
        url=any_text(item.get("url", "")),
        images=frozenset(
            any_text(container.get("image", ""))
            for name in ("currentDeployment", "nextDeployment")
            for container in item.get(name, {}).get("containers", {}).values()
        ),
    )


def _login(item: Mapping[str, Any]) -> RegistryLogin:
    registry = any_text(item["registry"])
    check_image(f"{registry}/sr")
    return RegistryLogin(
        registry=registry, username=any_text(item["username"]), password=any_text(item["password"])
    )


def _log_page(page: Mapping[str, Any]) -> tuple[list[LogEvent], str]:
    events = [
        LogEvent(at=event["createdAt"], message=any_text(event.get("message", "")))
        for event in page.get("logEvents", [])
        if "createdAt" in event
    ]
    return events, any_text(page.get("nextPageToken", ""))


def _image(item: Mapping[str, object]) -> ContainerImage | None:
    """Return an image of an answer, or None for one without a name that we know."""
    name = ImageName.parse(item.get("image"))
    digest, created_at = item.get("digest"), item.get("createdAt")
    if name is None or not isinstance(digest, str) or not isinstance(created_at, datetime):
        return None
    return ContainerImage(name=name, digest=digest, created_at=created_at)
