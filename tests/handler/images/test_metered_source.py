"""What a source says of the blobs that come out of it."""

import pytest

import oci_images
from archives import Remote, layout, tar
from cdk_lightsail_containers_handler.images.metered_source import MeteredSource
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.descriptor import Descriptor
from cdk_lightsail_containers_handler.registry.found_image import find_image

LARGE, SMALL = oci_images.some_bytes(1000, "large"), oci_images.some_bytes(100, "small")


@pytest.fixture
def archive() -> Archive:
    return Archive(Remote(tar(layout(oci_images.image(LARGE, SMALL)))))


@pytest.fixture
def layers(archive: Archive) -> tuple[Descriptor, ...]:
    return find_image(archive).manifest.layers


def read(source: MeteredSource, blob: Descriptor, count: int) -> None:
    source.open_blob(blob).readinto(memoryview(bytearray(count)))


def test_a_metered_source_is_read_as_the_source_is(archive: Archive) -> None:
    source = MeteredSource(archive)

    assert str(source) == str(archive)
    assert find_image(source) == find_image(archive)


def test_the_farthest_blob_is_the_one_with_the_largest_share(
    archive: Archive, layers: tuple[Descriptor, ...]
) -> None:
    source = MeteredSource(archive)
    assert source.farthest() is None

    read(source, layers[0], 400)
    read(source, layers[1], 50)

    farthest = source.farthest()
    assert farthest is not None
    assert (farthest.blob, farthest.read) == (layers[1], 50)


def test_a_blob_that_is_begun_again_has_come_nowhere(
    archive: Archive, layers: tuple[Descriptor, ...]
) -> None:
    source = MeteredSource(archive)
    read(source, layers[0], 400)

    source.open_blob(layers[0]).close()

    assert source.farthest() is None
