"""What real builders write is read, in each of their forms."""

from collections.abc import Iterator

import pytest
from reliability import builders
from reliability.builders import ARCHIVES, FORMS, RECORDED_LAYER, Form, Made, read

from cdk_lightsail_containers_handler.registry.errors import PlatformMissing
from installed import needs


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    with builders.made() as given:
        yield given


@needs(*builders.TOOLS)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_the_image_of_a_builder_is_found_in_each_form(made: Made, form: Form) -> None:
    found, layers = read(made.write(form), form.tag)

    assert layers == [made.layer]
    assert b'"amd64"' in found.config


def test_the_docker_archive_of_containerify_is_read() -> None:
    found, layers = read(ARCHIVES / "containerify.tar", "acme/web:1")

    assert layers[0] == RECORDED_LAYER
    assert len(layers) == 2
    assert b"containerify:4.1.0" in found.config


@pytest.mark.parametrize("tag", [None, "1", "example.com/web:1"])
def test_one_platform_that_ctr_has_exported_of_two_is_read(tag: str | None) -> None:
    _, layers = read(ARCHIVES / "ctr-amd64.tar", tag)

    assert layers == [RECORDED_LAYER]


@pytest.mark.parametrize(
    ("archive", "tag"),
    [
        ("docker-20.tar", "example.com/web:1"),
        ("docker-20.tar", "example.com/web:2"),
        ("docker-28-both.tar", None),
        ("docker-28-both.tar", "example.com/web:1"),
        ("buildx-both.tar", None),  # beside the image of each platform is its attestation
        ("buildx-both.tar", "example.com/web:2"),
    ],
)
def test_what_docker_saves_and_builds_is_read(archive: str, tag: str | None) -> None:
    found, layers = read(ARCHIVES / archive, tag)

    assert layers == [RECORDED_LAYER]
    assert b'"amd64"' in found.config


def test_a_layer_that_docker_saves_once_for_both_places_is_read() -> None:
    _, layers = read(ARCHIVES / "docker-20-layer-twice.tar")

    assert layers == [RECORDED_LAYER, RECORDED_LAYER]


def test_another_platform_that_ctr_has_exported_is_told() -> None:
    with pytest.raises(PlatformMissing, match=r"is for linux/arm64, .* or export that platform"):
        read(ARCHIVES / "ctr-arm64.tar")
