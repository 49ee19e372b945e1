"""What the registry replies."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdk_lightsail_containers_handler.registry.url import Url

TAKEN = (200, 201, 202, 204, 307, 308)
"""The statuses of a request that the registry did as it was asked."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the registry replied to a request.

    Args:
        asked: the request, such as `HEAD manifest`.
        status: the HTTP status.
        location: the header Location, as it came.
        url: where that leads, None without one.
        problem: why it refused, in its own words.
    """

    asked: str
    status: int
    location: str = field(default="", repr=False)
    url: Url | None = None
    problem: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the registry did as it was asked."""
        return self.status in TAKEN

    def __str__(self) -> str:
        """Return it as evidence."""
        return f"{self.asked}: {self.status}{f' ({self.problem})' if self.problem else ''}"
