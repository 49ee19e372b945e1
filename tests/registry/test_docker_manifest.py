"""Manifests of OCI images written as Docker's."""

import json
from typing import Any

import pytest

from cdk_lightsail_containers_handler.registry.docker_manifest import docker_manifest
from cdk_lightsail_containers_handler.registry.manifest import Image, parse
from oci_images import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_LAYER,
    OCI_MANIFEST,
    Made,
    image,
    layers,
)


def parsed(made: Made) -> Image:
    found = parse(made.content, made.media_type, "web")
    assert isinstance(found, Image)
    return found


def entries(image: Image) -> list[Any]:
    document = json.loads(image.content)
    return [document["config"], *document["layers"]]


def test_it_names_the_same_blobs_by_dockers_media_types() -> None:
    given = parsed(image(*layers(3, 100)))

    docker = docker_manifest(given)

    assert docker is not None
    assert docker.media_type == DOCKER_MANIFEST == json.loads(docker.content)["mediaType"]
    assert [one["mediaType"] for one in entries(docker)] == [DOCKER_CONFIG, *[DOCKER_LAYER] * 3]
    assert [(one["digest"], one["size"]) for one in entries(docker)] == [
        (one["digest"], one["size"]) for one in entries(given)
    ]
    assert isinstance(parse(docker.content, docker.media_type, "web"), Image)


def test_it_is_the_same_each_time() -> None:
    made = image(*layers(2, 100))

    assert docker_manifest(parsed(made)) == docker_manifest(parsed(made))


def test_a_layer_that_is_not_compressed_stays_so() -> None:
    docker = docker_manifest(parsed(image(b"tar", layer_type=OCI_LAYER.removesuffix("+gzip"))))

    assert docker is not None
    assert entries(docker)[1]["mediaType"] == DOCKER_LAYER.removesuffix(".gzip")


@pytest.mark.parametrize(
    "made",
    [
        image(b"layer", docker=True),
        image(b"layer", layer_type=OCI_LAYER.replace("gzip", "zstd")),
        image(b"layer", layer_type=OCI_LAYER.replace("layer.v1", "layer.nondistributable.v1")),
    ],
    ids=["of Docker already", "zstd", "foreign"],
)
def test_there_is_none_of_what_docker_has_no_name_for(made: Made) -> None:
    assert made.media_type in (DOCKER_MANIFEST, OCI_MANIFEST)
    assert docker_manifest(parsed(made)) is None
