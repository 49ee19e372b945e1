"""The life of a container image: registered, found again, pruned, deleted.

Nothing is remembered between requests: what Lightsail lists is the only state. The same request
may come twice, even at once, and any answer may be lost or stale, so registering always looks
before it acts and looks again afterwards.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from .deadline import Deadline
from .errors import HandlerError, NotFound, OutOfTime, Refused, Unanswered, Unfinished
from .lightsail import STALE_SECONDS, ContainerImage, Lightsail
from .properties.container_image import (
    STORED_IMAGES,
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from .request_log import Log

_LOOK_AGAIN_SECONDS = 2.0
_MOST_WALLS = 10
_MOST_DROPS = 3


class ContainerImages:
    """Creates, updates and deletes container images.

    Attributes:
        registered: the image that was registered, if one was.
    """

    def __init__(self, lightsail: Lightsail, deadline: Deadline, log: Log) -> None:
        self._lightsail = lightsail
        self._deadline = deadline
        self._log = log
        self.registered: ContainerImage | None = None

    def put(
        self,
        wanted: ContainerImageProperties,
        current: ImageName | None = None,
        push: Callable[[], str] | None = None,
        check: Callable[[str], None] = lambda _: None,
    ) -> ContainerImage:
        """Return the registered image of a label and digest, and register it if there is none.

        Args:
            wanted: what the stack asks for, with the digest.
            current: the image that the resource stands for now; None on Create. It is left alone:
                CloudFormation deletes it later, or goes back to it.
            push: brings the image into the registry, and returns the digest that it is there by;
                None for one that was pushed.
            check: raises when CloudFormation has cancelled the request, before what it is given.
        """
        images = self._lightsail.images(wanted.service_name)
        image = _pick(images, wanted, current)
        if image and image.name != current and self._deadline.pause(STALE_SECONDS):
            # It may be deleted already: only a list that goes on showing it is believed.
            images = self._lightsail.images(wanted.service_name)
            image = _pick(images, wanted, current)
        if image is None and len(images) >= STORED_IMAGES:
            image = self._find_or_make_room(wanted, current)
        if image is None:
            try:
                registered = self._register(wanted, current, push, check)
            except (OutOfTime, Unanswered) as error:
                if push is None:
                    raise  # no other invocation goes on
                # Lightsail has answered before, so it will again, and then shows what was done.
                raise Unfinished(
                    f"container service '{wanted.service_name}' did not take the image while "
                    "CloudFormation waited",
                    "deploy again",
                ) from error
            image = self.registered = self._settle(registered, wanted)
        else:
            self._log("found", image=str(image.name))
        self._prune_quietly(wanted, {image.name, current})
        return image

    def delete(self, removal: ContainerImageRemoval) -> None:
        """Delete an image unless it is gone, is another one by now, or is in use."""
        name = removal.name
        try:
            # Only a list that goes on not showing the image is believed.
            images = self._images_with(name)
            image = next((image for image in images if image.name == name), None)
            if image is None:
                self._log("gone", image=str(name))
            elif removal.digest not in (None, image.digest):
                self._log("kept: the name belongs to another digest", image=str(name))
            elif self._unused(name.service, [name]):
                self._delete_unless_refused(name)
        except NotFound:
            self._log("gone with its container service", image=str(name))
        except Refused:
            # Lightsail may refuse the name of a service that is gone, as any other value.
            self._deadline.pause(STALE_SECONDS)
            if name.service in self._lightsail.services():
                raise
            self._log("gone with its container service", image=str(name))

    def _register(
        self,
        wanted: ContainerImageProperties,
        current: ImageName | None,
        push: Callable[[], str] | None,
        check: Callable[[str], None],
    ) -> ContainerImage:
        """Push if need be and register, also through lost answers and while the service changes."""
        attempt = refusals = drops = walls = 0
        digest = ""
        while True:
            found = None
            try:
                digest = digest or (push() if push else str(wanted.digest))
                check("the image was registered")
                image = self._lightsail.register(wanted.service_name, wanted.label, digest)
            except Unanswered:
                if not self._deadline.back_off(attempt):
                    raise
                found = _pick(self._lightsail.images(wanted.service_name), wanted)
            except NotFound:
                # Lightsail drops what is not registered, after a time that nobody knows.
                digest = ""
                drops += 1
                if not push or drops > _MOST_DROPS or not self._deadline.back_off(attempt):
                    raise
                self._log("dropped before it was registered")
            except Refused as refusal:
                # The list may lag behind, and then only Lightsail's sentence tells.
                stored = len(self._lightsail.images(wanted.service_name))
                if stored >= STORED_IMAGES or "Maximum number of" in str(refusal):
                    # Others may take the room that there was; or the quota is another one by now.
                    walls += 1
                    if walls > _MOST_WALLS:
                        raise _full(wanted) from refusal
                    found = self._find_or_make_room(wanted, current)
                else:
                    # Another invocation pushes and waits on.
                    error = Unfinished if push else HandlerError
                    is_busy = self._waits_while_busy(wanted.service_name, attempt, error)
                    refusals = 0 if is_busy else refusals + 1
                    if refusals > 1:
                        raise
                    digest = digest if is_busy else ""  # it may have been dropped
            else:
                self._log("registered", image=str(image.name), digest=image.digest)
                return image
            if found is not None:
                self._log("found after all", image=str(found.name))
                return found
            attempt += 1

    def _waits_while_busy(
        self, service: str, attempt: int, error: type[HandlerError] = HandlerError
    ) -> bool:
        """Wait after a refusal, and return whether the service is being changed.

        A service that does not look so may have been when it refused, or reads lag behind: one
        more attempt, after a while, is what tells.

        Raises:
            HandlerError: there is no time left to wait; it is the error that is given.
        """
        found = self._lightsail.service(service)
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

    def _settle(self, own: ContainerImage, wanted: ContainerImageProperties) -> ContainerImage:
        """Return the one image that stays when the same request was carried out twice at once.

        Whoever sees its own image listed sees every earlier one too, and the first one stays, so
        that both come to the same end. From here on nothing may fail: the image is registered.
        """
        image = own
        try:
            images = self._images_with(own.name)
            image = min([own, *_matching(images, wanted)], key=_age)
            if image.name != own.name:
                self._log("registered twice", image=str(image.name), deleted=str(own.name))
                self._lightsail.delete_image(own.name)
        except HandlerError as error:
            self._log("could not settle a second registration", why=str(error))
        return image

    def _images_with(self, name: ImageName) -> list[ContainerImage]:
        """Return the service's images, if possible a list that shows the named one already."""
        until = self._deadline.left() - STALE_SECONDS
        while True:
            images = self._lightsail.images(name.service)
            is_shown = any(image.name == name for image in images)
            if is_shown or self._deadline.left() <= until:
                return images
            if not self._deadline.pause(_LOOK_AGAIN_SECONDS):
                return images

    def _find_or_make_room(
        self, wanted: ContainerImageProperties, current: ImageName | None
    ) -> ContainerImage | None:
        """Return the image of a service that is full, None once there is room to register it.

        Others may have registered it meanwhile, or give way; no single list is believed.

        Raises:
            HandlerError: there is neither.
        """
        is_shown = self._deadline.pause(STALE_SECONDS)
        images = self._lightsail.images(wanted.service_name)
        found = _pick(images, wanted)
        if found is None:
            is_full = len(images) >= STORED_IMAGES
            if not is_shown or (is_full and not self._prune_quietly(wanted, {current}, room_for=1)):
                raise _full(wanted)
        return found

    def _prune_quietly(
        self, wanted: ContainerImageProperties, keep: set[ImageName | None], room_for: int = 0
    ) -> bool:
        """Prune, and return whether something is gone.

        A failure is only told: the next registration prunes again.
        """
        if wanted.max_versions is None:
            return False
        try:
            return self._prune(wanted, wanted.max_versions - room_for, keep)
        except HandlerError as error:
            self._log("could not prune", why=str(error))
            return False

    def _prune(
        self, wanted: ContainerImageProperties, most: int, keep: set[ImageName | None]
    ) -> bool:
        """Delete the label's oldest versions beyond a number, but none that is still needed."""
        images = self._lightsail.images(wanted.service_name)
        versions = sorted((one for one in images if one.name.label == wanted.label), key=_age)
        surplus = versions[: max(len(versions) - most, 0)]
        names = [image.name for image in surplus if image.name not in keep]
        unused = self._unused(wanted.service_name, names)
        are_gone = [self._delete_unless_refused(name) for name in unused]
        return any(are_gone)

    def _delete_unless_refused(self, name: ImageName) -> bool:
        """Delete an image, and return whether it is gone.

        Lightsail may know of a use that it did not show. And whoever waits, for the service or
        behind other images, looks again: somebody may have deployed the image meanwhile.
        """
        attempt = refusals = 0
        while True:
            if self._lightsail.service(name.service).uses(name):
                self._log("kept: a deployment uses it", image=str(name))
                return False
            try:
                self._lightsail.delete_image(name)
            except Refused as refusal:
                refusals = 0 if self._waits_while_busy(name.service, attempt) else refusals + 1
                if refusals > 1:
                    self._log("kept: Lightsail refused", image=str(name), why=str(refusal))
                    return False
            else:
                self._log("deleted", image=str(name))
                return True
            attempt += 1

    def _unused(self, service: str, names: list[ImageName]) -> list[ImageName]:
        """Return those of some images that no deployment uses.

        A read may lag behind, both when it shows a deployment that has ended and when it does not
        show one that has begun, so only what it goes on showing is believed.
        """
        if not names:
            return []
        before = self._lightsail.service(service)
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


def _matching(
    images: Iterable[ContainerImage], wanted: ContainerImageProperties
) -> list[ContainerImage]:
    return [
        image
        for image in images
        if (image.name.service, image.name.label) == (wanted.service_name, wanted.label)
        and image.digest in (wanted.digest, wanted.docker_digest)
    ]


def _pick(
    images: Iterable[ContainerImage],
    wanted: ContainerImageProperties,
    current: ImageName | None = None,
) -> ContainerImage | None:
    """Return the image of a label and digest: the current one if it is, else the first."""
    found = _matching(images, wanted)
    return min(found, key=lambda one: (one.name != current, *_age(one)), default=None)


def _age(image: ContainerImage) -> tuple[datetime, int]:
    """Return what sorts images by their age; Lightsail may give a number out again."""
    return image.created_at, image.name.number


def _full(wanted: ContainerImageProperties) -> HandlerError:
    how = "lower max_versions" if wanted.max_versions else "set max_versions to prune old ones"
    return HandlerError(
        f"container service '{wanted.service_name}' stores {STORED_IMAGES} images, the most that "
        "Lightsail keeps",
        f"{how}, or delete some with 'aws lightsail delete-container-image'",
    )
