"""Deletes unused images, never one that a deployment references."""

from collections.abc import Callable
from datetime import datetime

from ..deadline import Deadline
from ..errors import HandlerError, NotFound, Refused
from ..lightsail.answers import StoredImage
from ..lightsail.client import STALE_SECONDS, Lightsail
from ..properties.container_image import (
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from ..request_log import Log


class ImageRemovals:
    """Deletes and prunes container images.

    Args:
        lightsail: where they are.
        deadline: when to stop.
        log: where the steps are logged.
        waits: whether to wait until a service that is being changed takes a deletion.
    """

    def __init__(
        self, lightsail: Lightsail, deadline: Deadline, log: Log, *, waits: bool = True
    ) -> None:
        self._lightsail = lightsail
        self._deadline = deadline
        self._log = log
        self._waits = waits

    def delete(
        self,
        removal: ContainerImageRemoval,
        is_newer: Callable[[datetime], bool] = lambda _: False,
        *,
        looks_twice: bool = True,
    ) -> None:
        """Delete an image unless it is gone, is another one by now, or is in use.

        Args:
            removal: the image.
            is_newer: says of the time at which an image was made whether the request is older.
            looks_twice: whether the stack itself may have deployed it a moment ago, so that one
                look may be too early.
        """
        name = removal.name
        try:
            # Only a list that goes on not showing the image is believed.
            images = self._lightsail.images_with(name)
            image = next((image for image in images if image.name == name), None)
            if image is None:
                self._log("gone", image=str(name))
            elif removal.digest not in (None, image.digest) or is_newer(image.created_at):
                self._log("kept: the name belongs to another image by now", image=str(name))
            elif self._unused(name.service, [name], looks_twice=looks_twice):
                self._delete_unless_refused(name)
        except NotFound:
            self._log("gone with its container service", image=str(name))
        except Refused:
            # Lightsail may refuse the name of a service that is gone, as any other value.
            self._deadline.pause(STALE_SECONDS)
            if name.service in self._lightsail.services():
                raise
            self._log("gone with its container service", image=str(name))

    def prune_quietly(
        self, wanted: ContainerImageProperties, needed: Callable[[], set[str]], room_for: int = 0
    ) -> bool:
        """Prune, and return whether something is gone.

        A failure is only logged: the next registration prunes again.

        Args:
            wanted: the image whose label is pruned.
            needed: returns the names of the images that stay.
            room_for: how many images are registered next.
        """
        if wanted.max_versions is None:
            return False
        try:
            return self._prune(wanted, wanted.max_versions - room_for, needed)
        except HandlerError as error:
            self._log("could not prune", why=error)
            return False

    def _prune(
        self, wanted: ContainerImageProperties, most: int, needed: Callable[[], set[str]]
    ) -> bool:
        """Delete the label's oldest versions beyond a number, but none that is still needed."""
        images = self._lightsail.images(wanted.service_name)
        versions = sorted((one for one in images if one.name.label == wanted.label), key=age)
        surplus = versions[: max(len(versions) - most, 0)]
        keep = needed() if surplus else set()
        names = [image.name for image in surplus if str(image.name) not in keep]
        unused = self._unused(wanted.service_name, names)
        are_gone = [self._delete_unless_refused(name) for name in unused]
        return any(are_gone)

    def _delete_unless_refused(self, name: ImageName) -> bool:
        """Delete an image, and return whether it is gone.

        Lightsail may know of a use that it did not show. After each wait, for the service or behind
        other images, it looks again: the image may have been deployed meanwhile.
        """
        attempt = refusals = 0
        while True:
            if self._lightsail.service(name.service).uses(name):
                self._log("kept: a deployment uses it", image=str(name))
                return False
            try:
                self._lightsail.delete_image(name)
            except Refused as refusal:
                is_busy = self._waits and self._lightsail.wait_after_refusal(name.service, attempt)
                refusals = 0 if is_busy else refusals + 1
                if refusals > 1 or not self._waits:
                    self._log("kept: Lightsail refused", image=str(name), why=refusal)
                    return False
            else:
                self._log("deleted", image=str(name))
                return True
            attempt += 1

    def _unused(
        self, service: str, names: list[ImageName], *, looks_twice: bool = True
    ) -> list[ImageName]:
        """Return those of some images that no deployment uses.

        A read may lag behind, both when it shows a deployment that has ended and when it does not
        show one that has begun, so only what it goes on showing is believed.
        """
        if not names:
            return []
        before = self._lightsail.service(service)
        if not looks_twice and not before.is_busy and not any(map(before.uses, names)):
            return names
        if not self._deadline.pause(STALE_SECONDS):
            self._log("kept: no time to look twice", images=[str(name) for name in names])
            return []
        after = self._lightsail.service(service)
        for name in names:
            if after.uses(name):
                self._log("kept: a deployment uses it", image=str(name))
            elif before.uses(name):
                self._log("not in use any more", image=str(name))
        return [name for name in names if not after.uses(name)]


def age(image: StoredImage) -> tuple[datetime, int]:
    """Return what sorts images by their age; Lightsail may give a number out again."""
    return image.created_at, image.name.number
