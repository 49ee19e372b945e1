"""A resource of a stack, and what a request for it comes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ..errors import HandlerError
from ..properties.container_image import NOT_REGISTERED

if TYPE_CHECKING:
    from .request import Request

_T = TypeVar("_T")


def nothing(*, is_too_late: bool) -> None:
    """Undo nothing."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What CloudFormation is to know.

    Args:
        physical_id: what the resource stands for; empty for what it stood for before.
        data: the resource's attributes.
        failure: why the request failed; None for success.
        undo: undoes what was made for a request that is cancelled, once it is answered. Only then:
            until it is answered CloudFormation may cancel it, and never ask to delete that.
    """

    physical_id: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    failure: HandlerError | None = None
    undo: Callable[..., None] = nothing


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """That another invocation has to go on, since this one cannot say how the request ends.

    Args:
        error: why; what is answered if there is no other invocation.
        state: what the next invocation has to know; nothing secret.
        undo: as of an `Answer`.
    """

    error: HandlerError
    state: Mapping[str, object]
    undo: Callable[..., None] = nothing


class Resource(ABC):
    """A resource, as one request names it.

    Attributes:
        may_hand_over: whether the function may invoke itself for the request.
        named_by: the property that is its physical id, unless it gets one when it is made.
        never_made: its physical id when its creation failed before it had one.
    """

    may_hand_over = True
    named_by = ""
    never_made = NOT_REGISTERED

    def __init__(self, request: Request) -> None:
        self.request = request
        request.may_hand_over = self.may_hand_over

    @abstractmethod
    def put(self) -> Answer:
        """Create or update it."""

    @abstractmethod
    def delete(self) -> None:
        """Delete it."""

    def undo(self, *, is_too_late: bool) -> None:  # noqa: B027 - a deployment undoes nothing
        """Undo what `put` has made, if the request is cancelled by now.

        Args:
            is_too_late: whether the request was answered as failed before `put` had ended.
        """

    def undo_earlier(self, *, is_too_late: bool) -> None:  # noqa: B027
        """Undo what an earlier delivery of a cancelled request has made."""

    def parsed(self, parse: Callable[[object], _T]) -> _T:
        """Return the typed properties of the request."""
        try:
            return parse(self.request.event.get("ResourceProperties"))
        except ValueError as error:
            raise HandlerError(str(error), "correct it and deploy again") from error
