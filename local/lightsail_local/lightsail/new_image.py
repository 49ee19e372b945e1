"""Registering an image that was pushed."""

from __future__ import annotations

from dataclasses import replace

from ..behaviour.behaviour import Behaviour
from ..behaviour.errors import invalid, not_found
from ..images.image_store import ImageStore
from ..images.manifest import DIGEST
from .container_service import PLATFORM, ContainerService, RegisteredImage
from .names import check_name


def add_image(
    service: ContainerService,
    label: str,
    digest: str,
    *,
    at: float,
    behaviour: Behaviour,
    images: ImageStore,
) -> tuple[ContainerService, RegisteredImage]:
    """Return a service with an image more, and the image.

    Args:
        service: the service.
        label: the image's label.
        digest: the digest of what was pushed.
        at: the time.
        behaviour: the switches, times and quotas.
        images: what the registry holds.

    Raises:
        LightsailError: Lightsail does not take it.
    """
    check_name("Label", label)
    _check_digest(digest, behaviour, images)
    if behaviour.register_again == "old":
        for image in service.images:
            if (image.label, image.digest) == (label, digest):
                return service, image
    # Only now: nothing tells of a full service before the image was pushed, and nothing is evicted.
    if len(service.images) >= behaviour.stored_images:
        raise invalid("Maximum number of container service images has been reached")
    image = RegisteredImage(
        service=service.name,
        label=label,
        number=_number(service, label, behaviour),
        digest=digest,
        created_at=at,
    )
    highest = max(image.number, service.numbers.get(label, 0))
    numbers = {**service.numbers, label: highest}
    return replace(service, images=(*service.images, image), numbers=numbers), image


def _check_digest(digest: str, behaviour: Behaviour, images: ImageStore) -> None:
    if not DIGEST.fullmatch(digest):
        raise invalid(f'Digest "{digest}" does not match pattern: ^{DIGEST.pattern}$')
    platforms = images.platforms(digest)
    if platforms is None and behaviour.missing_digest == "refused":
        raise not_found(f"The image with digest {digest} does not exist.")
    if platforms not in (None, (PLATFORM,)) and behaviour.other_platforms == "refused":
        raise invalid(f"The image with digest {digest} is not a {PLATFORM} image.")


def _number(service: ContainerService, label: str, behaviour: Behaviour) -> int:
    """Return the next number of a label: U2."""
    given = service.numbers.get(label, 0)
    if behaviour.reuse_numbers:
        given = max((each.number for each in service.images if each.label == label), default=0)
    return given + 1
