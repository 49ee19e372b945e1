"""A container image of a stack: pushed if it has a source, registered, and deleted."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..cloudformation.resource import Answer, Resource
from ..errors import HandlerError, OutOfTime, Unfinished
from ..properties.container_image import (
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageAttribute,
    ImageProperty,
)
from .registration import Registration
from .removal import ImageRemovals

if TYPE_CHECKING:
    from collections.abc import Iterator


class ImageResource(Resource):
    """A container image, as one request names it."""

    _registration: Registration | None = None

    @property
    def may_hand_over(self) -> bool:  # type: ignore[override]
        """Whether the image is pushed: to register alone the function may not invoke itself."""
        return ImageProperty.SOURCE in self.request.properties

    def put(self) -> Answer:
        """Return the image that is registered for the request."""
        registration = self._registration = self._new_registration()
        image = registration.carry_out()
        goes_back = self.request.stack.goes_back and not registration.made
        return Answer(
            physical_id=str(image.name),
            data={
                ImageAttribute.IMAGE_NAME: str(image.name),
                ImageAttribute.IMAGE_DIGEST: image.digest,
                ImageAttribute.CREATED_AT: image.created_at.isoformat(),
            },
            # It may be the cancelled request after all, see `StackStatus.may_have_cancelled`.
            undo=self.undo_earlier if goes_back else self.undo,
        )

    def delete(self) -> None:
        """Delete the image, unless something needs it."""
        request = self.request
        physical_id = request.event.get("PhysicalResourceId")
        removal = ContainerImageRemoval.parse(request.event.get("ResourceProperties"), physical_id)
        if removal is None:
            request.log("nothing to delete", physical_id=physical_id)
        elif request.stack.keeps(str(removal.name)):
            request.log("kept: another resource stands for it", image=str(removal.name))
        else:
            # The stack's own deployments have ended, see docs/architecture.md, "State and reads".
            self._removals().delete(
                removal, request.stack.sent_before, looks_twice=not request.stack.cleans_up
            )

    def undo(self, *, is_too_late: bool) -> None:
        """Delete the image that was registered for the request, if that is cancelled by now."""
        image = self._registration and self._registration.made
        if image and (is_too_late or self.request.stack.takes_back(str(image.name))):
            self.request.log("cancelled", image=str(image.name))
            with self._undoing():
                self._removals().delete(ContainerImageRemoval(name=image.name, digest=image.digest))

    def undo_earlier(self, *, is_too_late: bool) -> None:
        """Delete what an earlier delivery of the request has registered before it was killed."""
        stack = self.request.stack
        if not stack.can_tell_what_was_made or not stack.may_have_cancelled():
            return
        with self._undoing():
            registration = self._registration = self._new_registration()
            registration.find_earlier()
            self.undo(is_too_late=is_too_late)

    def _new_registration(self) -> Registration:
        return Registration(self.request, self.parsed(ContainerImageProperties.parse))

    @contextmanager
    def _undoing(self) -> Iterator[None]:
        """Log what cannot be undone; when only time was missing, AWS Lambda tries again."""
        try:
            yield
        except HandlerError as error:
            self.request.log("not taken back", why=error)
            if isinstance(error, OutOfTime | Unfinished):
                raise

    def _removals(self) -> ImageRemovals:
        request = self.request
        return ImageRemovals(request.lightsail, request.deadline, request.log)
