"""Manifests and indexes: what is carried, what is chosen, what is refused by name."""

import json
from typing import Any

import pytest

from cdk_lightsail_containers_handler.registry.descriptor import LINUX_AMD64, Platform
from cdk_lightsail_containers_handler.registry.errors import (
    DigestMismatch,
    PlatformMissing,
    Unsupported,
)
from cdk_lightsail_containers_handler.registry.manifest import (
    Image,
    Index,
    check,
    check_platform,
    parse,
)
from oci_images import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Made,
    descriptor,
    digest_of,
    image,
    index,
    multi_arch,
    to_json,
)


def read(made: Made) -> Image | Index:
    return parse(made.content, made.media_type, "a.io/web:1")


def read_image(made: Made) -> Image:
    manifest = read(made)
    assert isinstance(manifest, Image)
    return manifest


def read_index(made: Made) -> Index:
    manifest = read(made)
    assert isinstance(manifest, Index)
    return manifest


def document(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(image(b"layer").content)
    return {key: value for key, value in {**found, **changes}.items() if value is not None}


@pytest.mark.parametrize("docker", [True, False])
def test_reads_an_image_and_keeps_its_bytes(docker: bool) -> None:
    made = image(b"one", b"three", docker=docker)

    manifest = read_image(made)

    assert (manifest.content, manifest.digest) == (made.content, made.digest)
    assert manifest.media_type == (DOCKER_MANIFEST if docker else OCI_MANIFEST)
    assert manifest.config.media_type == (DOCKER_CONFIG if docker else OCI_CONFIG)
    assert [layer.size for layer in manifest.layers] == [3, 5]


def test_names_each_blob_once_the_largest_first() -> None:
    made = image(b"1", b"1" * 999, b"1", b"1" * 9999)

    blobs = read_image(made).blobs

    assert [blob.size for blob in blobs][:2] == [9999, 999]
    assert {blob.digest for blob in blobs} == set(made.blobs)
    assert len(blobs) == len(made.blobs)
    assert blobs[0].short_digest == blobs[0].digest[:19]


@pytest.mark.parametrize(
    "layer_type",
    [
        OCI_LAYER,
        OCI_LAYER.replace("+gzip", "+zstd"),
        OCI_LAYER.replace("+gzip", ""),
        DOCKER_LAYER,
        DOCKER_LAYER.replace(".gzip", ".zstd"),
        DOCKER_LAYER.replace(".gzip", ""),
    ],
)
def test_carries_gzip_zstd_and_uncompressed_layers(layer_type: str) -> None:
    manifest = read_image(image(b"layer", layer_type=layer_type))

    assert not manifest.layers[0].is_elsewhere


@pytest.mark.parametrize(
    "layer_type",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_tells_foreign_layers_apart_if_they_are_kept_elsewhere(layer_type: str) -> None:
    inside = descriptor(b"1", layer_type)
    elsewhere = descriptor(b"22", layer_type, urls=["https://windows.example/22"])
    content = to_json(document(layers=[inside, elsewhere]))

    manifest = parse(content, OCI_MANIFEST, "web")

    assert isinstance(manifest, Image)
    assert [layer.is_elsewhere for layer in manifest.layers] == [False, True]
    assert digest_of(b"22") not in {blob.digest for blob in manifest.blobs}
    assert digest_of(b"1") in {blob.digest for blob in manifest.blobs}


@pytest.mark.parametrize("docker", [True, False])
def test_chooses_linux_amd64_of_an_index_whatever_stands_before_it(docker: bool) -> None:
    arm64, amd64 = image(b"1", platform="linux/arm64/v8"), image(b"2")
    windows = image(b"3", platform="windows/amd64")

    found = read_index(index(arm64, windows, amd64, docker=docker)).choose(LINUX_AMD64, "web")

    assert found.digest == amd64.digest


def test_skips_attestations() -> None:
    made = multi_arch(b"layer")

    manifest = read_index(made)

    assert [str(one.platform) for one in manifest.manifests] == ["linux/arm64", "linux/amd64"]


def test_skips_an_attestation_that_is_marked_with_its_images_platform() -> None:
    mark = {"vnd.docker.reference.type": "attestation-manifest"}
    made = index(image(b"1", annotations=mark), image(b"2"))

    assert len(read_index(made).manifests) == 1


def test_names_the_platforms_that_there_are_and_the_cure() -> None:
    made = index(image(b"1", platform="linux/arm64/v8"), image(b"2", platform="windows/amd64"))

    with pytest.raises(
        PlatformMissing,
        match="web is for linux/arm64/v8, windows/amd64, not for linux/amd64: "
        "build it with --platform linux/amd64",
    ):
        read_index(made).choose(LINUX_AMD64, "web")


def test_an_empty_index_is_for_no_platform() -> None:
    with pytest.raises(PlatformMissing, match="web is for no platform"):
        read_index(index()).choose(LINUX_AMD64, "web")


def test_an_entry_that_names_no_platform_may_be_the_one() -> None:
    made = index(image(b"1", platform="linux/arm64"), Made(content=b"{}", media_type=OCI_INDEX))

    found = read_index(made).choose(LINUX_AMD64, "web")

    assert found.media_type == OCI_INDEX


@pytest.mark.parametrize(
    ("platform", "runs"),
    [
        ("linux/amd64", True),
        ("linux/amd64/v1", True),
        ("linux/amd64/v3", False),
        ("linux/arm64", False),
        ("windows/amd64", False),
    ],
)
def test_checks_a_platform_in_the_config(platform: str, runs: bool) -> None:
    parts = zip(("os", "architecture", "variant"), platform.split("/"), strict=False)
    config = to_json(dict(parts))

    if runs:
        check_platform(config, LINUX_AMD64, "web")
        return
    with pytest.raises(PlatformMissing, match=f"web is for {platform}, not for linux/amd64"):
        check_platform(config, LINUX_AMD64, "web")


def test_a_variant_that_is_wanted_has_to_be_the_one() -> None:
    wanted = Platform(os="linux", architecture="arm64", variant="v8")

    assert wanted.runs(Platform(os="linux", architecture="arm64", variant="v8"))
    assert not wanted.runs(Platform(os="linux", architecture="arm64", variant="v7"))
    assert not wanted.runs(Platform(os="linux", architecture="arm64"))


@pytest.mark.parametrize("config", [b"{}", b"[]", b"no JSON", b'{"os": "linux"}'])
def test_refuses_a_config_that_says_nothing(config: bytes) -> None:
    with pytest.raises(Unsupported, match="the config of web"):
        check_platform(config, LINUX_AMD64, "web")


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"<html>", "text/html", "the manifest of web is no JSON object"),
        (b"[]", OCI_MANIFEST, "no JSON object"),
        (b"[" * 100_000, OCI_MANIFEST, "no JSON object"),
        (b"{}", "", "web is 'of no media type', which is no container image"),
        (b"{}", "application/json", "web is 'application/json'"),
        (b"{}", OCI_MANIFEST, "malformed, it has no 'config'"),
        (b" " * (4 << 20) + b"{}", OCI_MANIFEST, "larger than 4 MiB"),
        (b'{"schemaVersion": 1}', "application/json", "Docker's schema 1"),
        (
            b'{"schemaVersion": 2}',
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "Docker's schema 1: push it again",
        ),
        (
            b'{"mediaType": "application/vnd.oci.artifact.manifest.v1+json"}',
            "application/vnd.oci.artifact.manifest.v1+json",
            r"web is 'application/vnd\.oci\.artifact\.manifest\.v1\+json', which is no",
        ),
        (b'{"mediaType": 7}', "", "web is 'of no media type'"),
        (to_json(document(mediaType=DOCKER_MANIFEST)), OCI_MANIFEST, "something else at once"),
        (to_json(document(manifests=[])), OCI_MANIFEST, "something else at once"),
        (to_json(document(mediaType=None)), OCI_INDEX, "something else at once"),
        (to_json(document(layers={})), OCI_MANIFEST, "layers are no list of at most 1000"),
        (to_json(document(layers=[{}] * 1001)), OCI_MANIFEST, "at most 1000"),
        (to_json(document(layers=[1])), OCI_MANIFEST, "malformed"),
        (to_json(document(layers=[{}])), OCI_MANIFEST, "it has no 'mediaType'"),
        (to_json({"manifests": [1]}), OCI_INDEX, "malformed"),
        (to_json({"manifests": None}), OCI_INDEX, "malformed"),
    ],
)
def test_refuses_what_is_no_manifest_that_is_carried(
    content: bytes, media_type: str, reason: str
) -> None:
    with pytest.raises(Unsupported, match=reason):
        parse(content, media_type, "web")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mediaType": 1}, "no text"),
        ({"digest": None}, "no text"),
        ({"digest": "sha512:" + "a" * 128}, "a digest is 'sha512:"),
        ({"digest": "sha256:" + "a" * 63}, "a digest is"),
        ({"digest": "sha256:../../x"}, "a digest is"),
        ({"size": -1}, "a size is '-1'"),
        ({"size": "5"}, "a size is"),
        ({"size": True}, "a size is 'True'"),
        ({"mediaType": "application/vnd.in-toto+json"}, "unknown kind 'application/vnd.in-toto"),
    ],
)
def test_refuses_a_descriptor_that_makes_no_sense(change: dict[str, Any], reason: str) -> None:
    layer = {**descriptor(b"layer", OCI_LAYER), **change}

    with pytest.raises(Unsupported, match=reason):
        parse(to_json(document(layers=[layer])), OCI_MANIFEST, "web")


def test_refuses_an_artifact_that_is_no_container_image() -> None:
    config = descriptor(b"{}", "application/vnd.cncf.helm.config.v1+json")

    with pytest.raises(Unsupported, match=r"web is no container image, its config is '.*helm"):
        parse(to_json(document(config=config)), OCI_MANIFEST, "web")


@pytest.mark.parametrize("told", ["", "application/json", f"{OCI_MANIFEST}; charset=utf-8"])
def test_believes_the_manifest_where_the_registry_does_not_say_what_it_is(told: str) -> None:
    assert isinstance(parse(to_json(document()), told, "web"), Image)


def test_an_oci_manifest_need_not_name_its_own_type() -> None:
    assert isinstance(parse(to_json(document(mediaType=None)), OCI_MANIFEST, "web"), Image)


def test_checks_bytes_against_their_digest() -> None:
    check(b"1", digest_of(b"1"), "the manifest")
    with pytest.raises(DigestMismatch, match=r"the manifest has digest sha256:.* not sha256:"):
        check(b"1", digest_of(b"2"), "the manifest")
