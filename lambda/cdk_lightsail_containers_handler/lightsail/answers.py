"""What Lightsail's answers hold, typed.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerService.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from ..properties.container_image import ImageName
from ..properties.image_source import check_image
from ..properties.rules import any_text
from .deployment import ACTIVATING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUSY = frozenset({"PENDING", "UPDATING", "DEPLOYING"})


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """An image that is registered with a container service."""

    name: ImageName
    digest: str
    created_at: datetime

    @classmethod
    def parse(cls, item: Mapping[str, object]) -> Self | None:
        """Return an image of an answer, or None for one without a name that we know."""
        name = ImageName.parse(item.get("image"))
        digest, created_at = item.get("digest"), item.get("createdAt")
        if name is None or not isinstance(digest, str) or not isinstance(created_at, datetime):
            return None
        return cls(name=name, digest=digest, created_at=created_at)


@dataclass(frozen=True, kw_only=True)
class ContainerService:
    """What a container service is doing.

    Args:
        state: Lightsail's word, such as RUNNING.
        stage: the code of what is being done to it, such as ACTIVATING_DEPLOYMENT; empty while
            nothing is.
        detail: the same with Lightsail's message.
        url: where its public endpoint is reached.
        images: what the current and the next deployment name: image names of this or references
            to other registries.
        under_way: the version of the deployment that is being made, None for none.
    """

    state: str
    stage: str
    detail: str
    url: str
    images: frozenset[str]
    under_way: int | None

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """Return a service of an answer."""
        detail = item.get("stateDetail", {})
        coming = item.get("nextDeployment", {})
        return cls(
            state=any_text(item.get("state", "")),
            stage=any_text(detail.get("code", "")),
            detail=": ".join(
                word for name in ("code", "message") if (word := any_text(detail.get(name, "")))
            ),
            url=any_text(item.get("url", "")),
            images=frozenset(
                any_text(container.get("image", ""))
                for name in ("currentDeployment", "nextDeployment")
                for container in item.get(name, {}).get("containers", {}).values()
            ),
            under_way=coming.get("version") if coming.get("state") == ACTIVATING else None,
        )

    @property
    def is_busy(self) -> bool:
        """Whether the service is being changed, so that it may refuse what it takes later."""
        return self.state in _BUSY

    @property
    def is_disabled(self) -> bool:
        """Whether the service serves nothing, also with a deployment."""
        return self.state == "DISABLED"

    def uses(self, name: ImageName) -> bool:
        """Return whether a current or next deployment uses the image.

        Which version `.latest` stands for is fixed when Lightsail starts a container, at a time
        that it does not say, so it holds every version of the label.
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

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """Return the login of an answer."""
        registry = any_text(item["registry"])
        check_image(f"{registry}/sr")
        return cls(
            registry=registry,
            username=any_text(item["username"]),
            password=any_text(item["password"]),
        )


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """A page of a container's log.

    Args:
        events: its lines, in no certain order.
        token: what to ask for the next page with; empty for none.
    """

    events: list[LogEvent]
    token: str

    @classmethod
    def parse(cls, page: Mapping[str, Any]) -> Self:
        """Return a page of an answer."""
        events = [
            LogEvent(at=event["createdAt"], message=any_text(event.get("message", "")))
            for event in page.get("logEvents", [])
            if "createdAt" in event
        ]
        return cls(events=events, token=any_text(page.get("nextPageToken", "")))
