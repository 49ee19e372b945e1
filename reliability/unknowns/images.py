"""Images for the scenarios."""

from __future__ import annotations

from lightsail_local.behaviour.failure import Failure
from lightsail_local.images.manifest import digest_of
from lightsail_local.samples.sample_image import SampleImage, sample_image
from oci_images import OCI_MANIFEST, Made, index


def one_platform(text: str, *, platform: str = "linux/amd64", fails: Failure | None = None) -> Made:
    """Return an image that holds a string.

    Args:
        text: what it holds.
        platform: what it says that it runs on.
        fails: how it fails when it is deployed, None if it does not.
    """
    return _made(sample_image(text, platform=platform, fails=fails), platform)


def multi_arch(text: str, *, fails: Failure | None = None) -> Made:
    """Return an index of images for linux/arm64 and linux/amd64, the latter at the end."""
    platforms = ("linux/arm64", "linux/amd64")
    return index(*(one_platform(text, platform=one, fails=fails) for one in platforms))


def content(made: Made) -> str:
    """Return what an image is known by, however its manifest is written: its config's digest.

    That is what a manifest names first. An index is known by its own digest.
    """
    return next(iter(made.blobs), made.digest)


def _made(image: SampleImage, platform: str) -> Made:
    operating_system, _, architecture = platform.partition("/")
    return Made(
        content=image.manifest,
        media_type=OCI_MANIFEST,
        blobs={digest_of(blob): blob for blob in (image.config, image.layer)},
        platform={"os": operating_system, "architecture": architecture},
    )
