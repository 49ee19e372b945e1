"""Which manifests the registry takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.errors import RegistryError
from lightsail_local.images.manifest import parse
from lightsail_local.samples.sample_image import sample_image

OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
IMAGE = json.loads(sample_image("hello").manifest)
CONFIG, LAYER = IMAGE["config"], IMAGE["layers"][0]
INDEX = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**LAYER, "mediaType": OCI}]}
ZSTD = [{**LAYER, "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}]


def refusal(media_type: str, content: Any, **switches: Any) -> str:
    with pytest.raises(RegistryError) as caught:
        parse(media_type, json.dumps(content).encode(), Behaviour(**switches))
    assert (caught.value.status, caught.value.code) == (400, "MANIFEST_INVALID")
    return caught.value.message


def test_reads_a_manifest() -> None:
    manifest = parse(OCI, json.dumps(IMAGE).encode(), Behaviour())

    assert [blob.digest for blob in manifest.blobs] == [CONFIG["digest"], LAYER["digest"]]
    assert not manifest.is_index


def test_reads_an_index() -> None:
    manifest = parse(OCI_INDEX, json.dumps(INDEX).encode(), Behaviour())

    assert [child.media_type for child in manifest.manifests] == [OCI]
    assert manifest.is_index


def test_reads_an_oci_manifest_that_does_not_state_its_media_type() -> None:
    bare = {name: value for name, value in IMAGE.items() if name != "mediaType"}

    assert parse(OCI, json.dumps(bare).encode(), Behaviour()).media_type == OCI


def test_reads_null_for_a_list_without_items_as_buildkit_writes_it() -> None:
    image = parse(OCI, json.dumps({**IMAGE, "layers": None}).encode(), Behaviour())
    index = parse(OCI_INDEX, json.dumps({**INDEX, "manifests": None}).encode(), Behaviour())

    assert [blob.digest for blob in image.blobs] == [CONFIG["digest"]]
    assert index.manifests == ()


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("", IMAGE),
        ("application/json", IMAGE),
        (DOCKER, IMAGE),
        (OCI, []),
        (OCI, {**IMAGE, "schemaVersion": 1}),
        (OCI, {**IMAGE, "config": None}),
        (OCI, {**IMAGE, "config": {**CONFIG, "digest": "sha256:1"}}),
        (OCI, {"schemaVersion": 2, "mediaType": OCI}),
        (OCI, {"schemaVersion": 2, "mediaType": OCI, "config": CONFIG}),
        (OCI_INDEX, {**IMAGE, "mediaType": OCI_INDEX}),
    ],
)
def test_refuses_what_is_no_manifest(media_type: str, content: Any) -> None:
    assert refusal(media_type, content)


def test_refuses_what_is_no_json() -> None:
    with pytest.raises(RegistryError, match="it is no manifest"):
        parse(OCI, b"{", Behaviour())


def test_media_types_follow_u7() -> None:
    docker = json.dumps({**IMAGE, "mediaType": DOCKER}).encode()

    assert parse(DOCKER, docker, Behaviour(media_types="docker")).media_type == DOCKER
    assert "are not taken" in refusal(OCI, IMAGE, media_types="docker")
    assert "are not taken" in refusal(OCI_INDEX, INDEX, media_types="docker")


def test_zstd_layers_follow_u7() -> None:
    image = {**IMAGE, "layers": ZSTD}

    assert parse(OCI, json.dumps(image).encode(), Behaviour()).blobs
    assert "zstd" in refusal(OCI, image, zstd_layers=False)
    assert parse(OCI, json.dumps(IMAGE).encode(), Behaviour(zstd_layers=False)).blobs
