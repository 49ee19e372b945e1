"""The calls to Lightsail that the handler makes, and what their failures mean.

The only module that names Lightsail's operations and reads botocore's exceptions. Lightsail
answers every client error with status 400, so the exception's name decides, never the status or
the English text: https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/CommonErrors.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from .deadline import PERMISSIONS_SECONDS
from .errors import HandlerError, NotFound, Refused, Unanswered
from .properties.container_image import ImageName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_lightsail.client import LightsailClient

    from .deadline import Deadline
    from .request_log import Log

_T = TypeVar("_T")

_THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_SERVER_ERROR = 500
# These happen before a request is sent, so it was not carried out.
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
_BUSY = frozenset({"PENDING", "UPDATING", "DEPLOYING"})
# botocore reads an answer that is no JSON as one that lacks everything: LookupError.
_NOT_ANSWERED = (HTTPClientError, BotoConnectionError, ResponseParserError, LookupError)


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image that is registered with a container service."""

    name: ImageName
    digest: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ServiceUse:
    """What a container service is doing.

    Args:
        state: Lightsail's word, such as RUNNING.
        images: what the current and the next deployment name: image names of this or references
            to other registries.
    """

    state: str
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
class RegistryLogin:
    """A login to the registry of the account's container services, valid for 12 hours."""

    registry: str
    username: str = field(repr=False)
    password: str = field(repr=False)


class Lightsail:
    """Lightsail's container images, each call repeated while it makes sense and there is time."""

    def __init__(self, client: LightsailClient, deadline: Deadline, log: Log) -> None:
        self._client = client
        self._deadline = deadline
        self._log = log

    def images(self, service: str) -> list[ContainerImage]:
        """Return the images that are registered with a service, in no certain order."""
        items = self._call(
            _Call("GetContainerImages", service),
            # An empty list may be left out. So does botocore with an answer that is no JSON, but
            # whoever acts on this list looks again afterwards.
            lambda: self._client.get_container_images(serviceName=service).get(
                "containerImages", []
            ),
        )
        return [image for item in items if (image := _image(item))]

    def use(self, service: str) -> ServiceUse:
        """Return what a service is doing, and with which images."""
        found = self._call(
            _Call("GetContainerServices", service),
            lambda: self._client.get_container_services(serviceName=service)["containerServices"][
                0
            ],
        )
        deployments = [found.get("currentDeployment"), found.get("nextDeployment")]
        images = {
            container.get("image", "")
            for deployment in deployments
            if deployment
            for container in deployment.get("containers", {}).values()
        }
        return ServiceUse(state=found.get("state", ""), images=frozenset(images))

    def registry_login(self, service: str) -> RegistryLogin:
        """Return a login to the registry that images are pushed to.

        Args:
            service: the container service that the image is for; the login is for all of them.
        """
        login = self._call(
            _Call("CreateContainerServiceRegistryLogin", service),
            lambda: self._client.create_container_service_registry_login()["registryLogin"],
        )
        return RegistryLogin(
            registry=login["registry"], username=login["username"], password=login["password"]
        )

    def register(self, service: str, label: str, digest: str) -> ContainerImage:
        """Register a pushed image.

        Raises:
            Unanswered: it may be registered or not: look before the next attempt.
        """
        call = _Call("RegisterContainerImage", service, digest=digest, repeatable=False)
        item = self._call(
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
            self._call(
                _Call("DeleteContainerImage", name.service),
                lambda: self._client.delete_container_image(
                    serviceName=name.service, image=str(name)
                ),
            )
        except NotFound:
            return

    def _call(self, call: _Call, send: Callable[[], _T]) -> _T:
        """Send a call, again while that can help and there is time.

        Throttling, errors of the server and broken connections are worth another attempt; after
        all but throttling the call may have been carried out all the same.
        """
        attempt = 0
        permissions_by = self._deadline.left() - PERMISSIONS_SECONDS
        if not self._deadline.left():
            raise call.out_of_time("no time was left")
        while True:
            try:
                return send()
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                self._tell(call, code, error)
                denied = code == "AccessDeniedException" and self._deadline.left() > permissions_by
                if status < _SERVER_ERROR and code not in _THROTTLED and not denied:
                    raise call.failed(code, error) from error
                cause, is_sent = code, status >= _SERVER_ERROR
            except _NOT_SENT as error:
                cause, is_sent = self._tell(call, type(error).__name__, error), False
            # botocore reads an answer that is no JSON as one that lacks everything.
            except (
                HTTPClientError,
                BotoConnectionError,
                ResponseParserError,
                LookupError,
            ) as error:
                cause, is_sent = self._tell(call, type(error).__name__, error), True
            except BotoCoreError as error:
                raise call.not_made(self._tell(call, type(error).__name__, error)) from error
            if is_sent and not call.repeatable:
                raise call.unanswered(cause)
            if not self._deadline.back_off(attempt):
                raise call.out_of_time(cause)
            attempt += 1

    def _tell(self, call: _Call, cause: str, error: Exception) -> str:
        """Log an attempt that failed, with what a sentence has no room for; return the cause."""
        answer = error.response if isinstance(error, ClientError) else {}
        self._log(
            "call failed",
            operation=call.operation,
            cause=cause,
            text=str(error),
            aws_request=answer.get("ResponseMetadata", {}).get("RequestId"),
        )
        return cause


@dataclass(frozen=True)
class _Call:
    """A call to Lightsail, as its failures name it."""

    operation: str
    service: str
    digest: str = ""
    repeatable: bool = True

    def failed(self, code: str, error: ClientError) -> HandlerError:
        """Return the error for what Lightsail answered."""
        text = str(error.response.get("Error", {}).get("Message", ""))
        problem = f"Lightsail refused {self.operation} for container service '{self.service}'"
        if code == "NotFoundException" and not self.digest:
            return _no_service(self.service)
        if code == "NotFoundException":
            return NotFound(
                f"Lightsail has no pushed image {self.digest} for container service "
                f"'{self.service}'",
                "push it again, Lightsail drops what is not registered at once",
            )
        if code == "InvalidInputException":
            return Refused(f"{problem}: {text.rstrip('.')}", "correct it and deploy again")
        if code == "AccessDeniedException":
            return HandlerError(
                f"the function's role may not call lightsail:{self.operation} on container "
                f"service '{self.service}'",
                "allow it, also in the organization's policies and permissions boundaries",
            )
        if code == "RegionSetupInProgressException":
            return HandlerError(
                f"Lightsail is still being set up in the Region of container service "
                f"'{self.service}'",
                "deploy again in some minutes",
            )
        return HandlerError(
            f"{problem} with {code}: {text.rstrip('.')}", "mend that and deploy again"
        )

    def not_made(self, cause: str) -> HandlerError:
        """Return the error for a call that botocore could not make."""
        return HandlerError(
            f"{self.operation} for container service '{self.service}' could not be made ({cause})",
            "see the function's log",
        )

    def unanswered(self, cause: str) -> Unanswered:
        """Return the error for a call whose answer was lost."""
        return Unanswered(self._problem(cause), "deploy again")

    def out_of_time(self, cause: str) -> HandlerError:
        """Return the error for a call that did not get through while there was time."""
        cure = (
            "deploy again; in a VPC the function needs a way to the internet, and not every Region "
            "has Lightsail"
        )
        return HandlerError(self._problem(cause), cure)

    def _problem(self, cause: str) -> str:
        call = f"{self.operation} for container service '{self.service}'"
        return f"Lightsail did not answer {call} in time ({cause})"


def _no_service(service: str) -> NotFound:
    return NotFound(
        f"container service '{service}' does not exist in the account and Region of the stack",
        "create it, or correct its name",
    )


def _image(item: Mapping[str, object]) -> ContainerImage | None:
    """Return an image of an answer, or None for one without a name that we know."""
    name = ImageName.parse(item.get("image"))
    digest, created_at = item.get("digest"), item.get("createdAt")
    if name is None or not isinstance(digest, str) or not isinstance(created_at, datetime):
        return None
    return ContainerImage(name=name, digest=digest, created_at=created_at)
