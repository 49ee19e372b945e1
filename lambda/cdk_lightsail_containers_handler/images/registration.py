"""The life of a container image: registered, or found again.

Nothing is remembered between requests: what Lightsail lists is the only state. The same request
may come twice, even at once, and any answer may be lost or stale, so registering always looks
before it acts and looks again afterwards.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import HandlerError, NotFound, OutOfTime, Refused, Unanswered, Unfinished
from ..lightsail.client import STALE_SECONDS
from ..properties.container_image import STORED_IMAGES, ImageName
from .removal import ImageRemovals, age

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..cloudformation.request import Request
    from ..lightsail.answers import StoredImage
    from ..properties.container_image import ContainerImageProperties

_MOST_FULL_RETRIES = 10
_MOST_DROPS = 3
_PRUNE_SECONDS = 30.0
_LOOK_SECONDS = 2 * STALE_SECONDS
# What an invocation leaves to the next: what it may have registered.
_DIGEST, _DOCKER_DIGEST = "Digest", "DockerDigest"


class Registration:
    """Creates or updates one container image.

    Args:
        request: what asks for it.
        wanted: its properties.

    Attributes:
        made: the image that was registered for this request, None for one that was there before.
    """

    def __init__(self, request: Request, wanted: ContainerImageProperties) -> None:
        self._wanted = wanted  # with the digest once it is known
        self.made: StoredImage | None = None
        # It is left alone: CloudFormation deletes it later, or goes back to it.
        self._current = ImageName.parse(request.event.get("PhysicalResourceId"))
        self._request = request
        self._lightsail = request.lightsail
        self._deadline = request.deadline
        self._log = request.log
        self._stack = request.stack
        self._doubt = request.doubt
        self._is_full = False

    def carry_out(self) -> StoredImage:
        """Return the image that the request asks for: one that is there, or else a new one.

        Raises:
            Unfinished: another invocation can go on.
            HandlerError: it did not work.
        """
        image = self._go_back() if self._stack.goes_back else None
        if image is None and self._doubt.is_open:
            image = self._find_doubted()
        if image is not None:
            return image
        with self._resolved() as push:
            return self._find_or_register(push)

    def find_earlier(self) -> None:
        """Find what an earlier delivery of the request has made."""
        # What was registered was signed, and its key may be disabled by now.
        self._wanted = replace(self._wanted, signed_by=None)
        if self._find_doubted() is None:
            with self._resolved():
                self._find()

    @contextmanager
    def _resolved(self) -> Iterator[Callable[[], str] | None]:
        """Look a source up, so that the digest is known; give what pushes it, if there is one."""
        source = self._wanted.source
        if source is None:
            yield None
            return
        # Most of the handler is for pushing, and to register alone need not wait for its import.
        from .push import pushing  # noqa: PLC0415

        with pushing(self._request, self._wanted, source) as push:
            self._wanted = replace(
                self._wanted, digest=push.digest, docker_digest=push.docker_digest
            )
            yield push.run

    def _find_or_register(self, push: Callable[[], str] | None) -> StoredImage:
        """Find, make room, push, register and settle: return the image of a label and digest.

        What each refusal of a registration leads to, before it is tried again:

        Unanswered       the answer is lost: look for the image
        NotFound         Lightsail has dropped what was pushed: push again
        Refused          the service is full: find the image, or make room
                         the service is being changed: wait, or let the next invocation go on
                         otherwise: push once more

        Args:
            push: brings the image into the registry, and returns the digest that it is there by;
                None for one that was pushed.
        """
        image = self._find()
        if image is None:
            try:
                image = self._find_or_make_room() if self._is_full else None
                if image is None:
                    image = self._settle(self._push_and_register(push))
            except HandlerError as error:
                image = self._find_what_was_lost()
                if image is None:
                    if push and (self._doubt.is_open or isinstance(error, OutOfTime | Unanswered)):
                        raise self._unfinished() from error
                    raise
        self._prune(image.name)
        return image

    def _go_back(self) -> StoredImage | None:
        """Return the image that the resource stood for before an update that is undone.

        It takes no source: a tag may have moved since, and a login have expired.

        Returns:
            None if it is not registered any more, or if it is not known which one it is.
        """
        name = ImageName.parse(self._stack.stood_for())
        service = name.service if name else self._wanted.service_name
        try:
            image = self._look(service, lambda images: self._of_before(images, name))
        except NotFound:
            return None
        if image is not None:
            self._log("went back", image=str(image.name))
        return image

    def _find(self) -> StoredImage | None:
        """Return the image of the label and digest if it is registered.

        Raises:
            HandlerError: Lightsail does not say.
        """
        try:
            image = self._look(self._wanted.service_name, self._pick)
        except (OutOfTime, Unanswered):
            # An earlier delivery may have registered it.
            self._doubt.is_open = self._doubt.is_open or self._stack.is_repeated
            raise
        if image is not None:
            self._log("found", image=str(image.name))
            if image.name != self._current and self._stack.may_have_made(image.created_at):
                self.made = image
        return image

    def _find_doubted(self) -> StoredImage | None:
        """Return the image that the invocation before this one may have registered."""
        state = self._request.chain.state
        digest, docker_digest = state.get(_DIGEST), state.get(_DOCKER_DIGEST)
        if not isinstance(digest, str):
            return None
        docker = docker_digest if isinstance(docker_digest, str) else None
        self._wanted = replace(self._wanted, digest=digest, docker_digest=docker)
        return self._find()

    def _push_and_register(self, push: Callable[[], str] | None) -> StoredImage:
        """Push if need be, and register, also through lost answers and refusals."""
        service, label = self._wanted.service_name, self._wanted.label
        digest = ""
        attempt = drops = full = refusals = 0
        while True:
            found = None
            try:
                digest = digest or (push() if push else str(self._wanted.digest))
                self._stack.check("the image was registered")
                self.made = self._lightsail.register(service, label, digest)
            except Unanswered:
                found = self._find_what_was_lost()
                if found is None and not self._may_try_again(attempt):
                    raise
            except NotFound:
                # Lightsail drops what is not registered, after a time that it does not say.
                digest = ""
                drops += 1
                if not push or drops > _MOST_DROPS:
                    raise
                self._deadline.back_off(attempt)  # or the push finds that there is no time left
                self._log("dropped before it was registered")
            except Refused as refusal:
                if self._is_for_lack_of_room(refusal):
                    # Others may take the room that there was; or the quota is another one by now.
                    full += 1
                    if full > _MOST_FULL_RETRIES:
                        raise _full(self._wanted) from refusal
                    found = self._find_or_make_room()
                else:
                    is_busy = self._lightsail.wait_after_refusal(service, attempt)
                    refusals = 0 if is_busy else refusals + 1
                    if refusals > 1:
                        raise
                    digest = digest if is_busy else ""  # it may have been dropped
            else:
                self._log("registered", image=str(self.made.name), digest=self.made.digest)
                return self.made
            if found is not None:
                self._log("found after all", image=str(found.name))
                return found
            attempt += 1

    def _is_for_lack_of_room(self, refusal: Refused) -> bool:
        """Return whether the service is full; its list may lag behind Lightsail's sentence."""
        stored = len(self._lightsail.images(self._wanted.service_name))
        return stored >= STORED_IMAGES or "Maximum number of" in refusal.said

    def _may_try_again(self, attempt: int) -> bool:
        """Wait, and return whether another registration leaves the time to look for it, too."""
        return (
            not self._doubt.is_open
            and self._deadline.back_off(attempt)
            and self._deadline.left() > _LOOK_SECONDS
        )

    def _unfinished(self) -> Unfinished:
        # Lightsail has answered before, so it will again, and then shows what was done.
        return Unfinished(
            f"container service '{self._wanted.service_name}' did not take the image while "
            "CloudFormation waited",
            "deploy again",
            {_DIGEST: self._wanted.digest, _DOCKER_DIGEST: self._wanted.docker_digest},
        )

    def _find_what_was_lost(self) -> StoredImage | None:
        """Return the image that a registration has made whose answer was lost."""
        image = self._request.find_what_was_lost(
            "registered", lambda: self._pick(self._lightsail.images(self._wanted.service_name))
        )
        if image is not None and not self._stack.began_after(image.created_at):
            self.made = image
        return image

    def _settle(self, own: StoredImage) -> StoredImage:
        """Return the one image that stays when the same request was carried out twice at once.

        A delivery that sees its own image listed sees every earlier one, too, and the first one
        stays, so that both come to the same end. From here on nothing may fail: the image is
        registered.
        """
        image = own
        try:
            images = self._lightsail.images_with(own.name)
            image = min([own, *self._matching(images)], key=age)
            if image.name != own.name:
                self._log("registered twice", image=str(image.name), deleted=str(own.name))
                self._lightsail.delete_image(own.name)
                self.made = None
        except HandlerError as error:
            self._log("could not settle a second registration", why=error)
        return image

    def _find_or_make_room(self) -> StoredImage | None:
        """Return the image of a service that is full, None once there is room to register it.

        Others may have registered it meanwhile, or give way; no single list is believed.

        Raises:
            Unfinished: there was no time left to make sure.
            HandlerError: there is neither.
        """
        removals = ImageRemovals(self._lightsail, self._deadline, self._log)
        is_shown = self._deadline.pause(STALE_SECONDS)
        images = self._lightsail.images(self._wanted.service_name)
        found = self._pick(images)
        if found is None:
            is_full = len(images) >= STORED_IMAGES
            if not is_shown or (
                is_full and not removals.prune_quietly(self._wanted, self._needed, room_for=1)
            ):
                full = _full(self._wanted)
                raise full if self._deadline.left() > _LOOK_SECONDS else full.unfinished()
        return found

    def _prune(self, image: ImageName) -> None:
        """Prune what can be pruned at once: an update does not wait for the rest."""
        deadline = self._deadline.within(_PRUNE_SECONDS)
        lightsail = self._lightsail.until(deadline)
        removals = ImageRemovals(lightsail, deadline, self._log, waits=False)
        removals.prune_quietly(self._wanted, lambda: {str(image), *self._needed()})

    def _needed(self) -> set[str]:
        """Return the images that the stack stands for, or goes back to if the update fails."""
        return {str(self._current), *self._stack.stands_for()}

    def _look(
        self, service: str, pick: Callable[[list[StoredImage]], StoredImage | None]
    ) -> StoredImage | None:
        """Return the image that Lightsail's list shows, and goes on showing.

        One that is not the resource's own may be deleted already, and one that is in doubt may be
        registered right now.
        """
        images = self._lightsail.images(service)
        image = pick(images)
        is_certain = not self._doubt.is_open if image is None else image.name == self._current
        if not is_certain and self._deadline.pause(STALE_SECONDS):
            images = self._lightsail.images(service)
            image = pick(images)
            is_certain = True
        self._is_full = len(images) >= STORED_IMAGES
        self._doubt.is_open = self._doubt.is_open and not is_certain
        return image

    def _of_before(self, images: list[StoredImage], name: ImageName | None) -> StoredImage | None:
        """Return the image that the resource stood for before the update."""
        if name is not None:
            return next((one for one in images if one.name == name), None)
        # The stack's events do not say. Of what is older than the update it is the one that the
        # resource stands for, or else the newest.
        of_before = [
            one
            for one in self._of_label(images)
            if self._stack.began_after(one.created_at) and self._wanted.digest in (None, one.digest)
        ]
        return max(of_before, key=lambda one: (one.name == self._current, *age(one)), default=None)

    def _of_label(self, images: Iterable[StoredImage]) -> list[StoredImage]:
        label = self._wanted.service_name, self._wanted.label
        return [image for image in images if (image.name.service, image.name.label) == label]

    def _matching(self, images: Iterable[StoredImage]) -> list[StoredImage]:
        digests = {self._wanted.digest, self._wanted.docker_digest}
        return [image for image in self._of_label(images) if image.digest in digests]

    def _pick(self, images: Iterable[StoredImage]) -> StoredImage | None:
        """Return the image of the label and digest: the current one if it is, else the first."""
        found = self._matching(images)
        return min(found, key=lambda one: (one.name != self._current, *age(one)), default=None)


def _full(wanted: ContainerImageProperties) -> HandlerError:
    how = "lower max_versions" if wanted.max_versions else "set max_versions to prune old ones"
    return HandlerError(
        f"container service '{wanted.service_name}' stores {STORED_IMAGES} images, the most that "
        "Lightsail keeps",
        f"{how}, or delete some with 'aws lightsail delete-container-image'",
    )
