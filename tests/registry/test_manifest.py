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
    check_layers,
    check_platform,
    parse,
)
from oci_images import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LIST,
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
def test_chooses_linux_amd64_of_an_index_behind_any_other(docker: bool) -> None:
    arm64, amd64 = image(b"1", platform="linux/arm64/v8"), image(b"2")
    windows = image(b"3", platform="windows/amd64")

    found = read_index(index(arm64, windows, amd64, docker=docker)).choose(LINUX_AMD64, "web")

    assert found.digest == amd64.digest


def test_chooses_the_lowest_variant_of_amd64_and_the_first_of_several() -> None:
    variants = ["v3", "v2", "v4", "v2"]
    higher = [image(one.encode(), platform=f"linux/amd64/{one}") for one in variants]
    plain, again = image(b"plain"), image(b"again")

    assert read_index(index(*higher)).choose(LINUX_AMD64, "web").digest == higher[1].digest
    found = read_index(index(*higher, plain, again)).choose(LINUX_AMD64, "web")
    assert found.digest == plain.digest


def test_skips_attestations() -> None:
    made = multi_arch(b"layer")

    manifest = read_index(made)

    assert [str(one.platform) for one in manifest.manifests] == ["linux/arm64", "linux/amd64"]


def test_skips_an_attestation_that_is_marked_with_its_images_platform() -> None:
    mark = {"vnd.docker.reference.type": "attestation-manifest"}
    made = index(image(b"1", annotations=mark), image(b"2"))

    assert len(read_index(made).manifests) == 1


def test_names_the_platforms_that_there_are_and_the_fix() -> None:
    made = index(image(b"1", platform="linux/arm64/v8"), image(b"2", platform="windows/amd64"))

    with pytest.raises(
        PlatformMissing,
        match="web is for linux/arm64/v8, windows/amd64, not for linux/amd64: "
        "build it with --platform linux/amd64",
    ):
        read_index(made).choose(LINUX_AMD64, "web")


def test_takes_null_for_a_list_without_items_as_buildkit_writes_it() -> None:
    found = parse(to_json({**document(), "layers": None}), OCI_MANIFEST, "web")
    nothing = parse(to_json({"manifests": None}), OCI_INDEX, "web")

    assert isinstance(found, Image)
    assert found.layers == ()
    assert isinstance(nothing, Index)
    assert nothing.manifests == ()


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
        ("linux/amd64/V1", True),
        ("Linux/AMD64", True),
        ("linux/x86_64", True),
        ("Linux/x86-64/v1", True),
        ("linux/X86_64", True),
        ("linux/amd64/v2", True),
        ("linux/amd64/v3", True),
        ("linux/amd64/v4", False),
        ("linux/i386", False),
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
    told = platform.replace("i386", "386")
    with pytest.raises(PlatformMissing, match=f"web is for {told}, not for linux/amd64"):
        check_platform(config, LINUX_AMD64, "web")


def test_a_variant_that_is_wanted_has_to_be_the_one() -> None:
    wanted = Platform(os="linux", architecture="arm64", variant="v8")

    assert wanted.runs(Platform(os="linux", architecture="arm64", variant="v8"))
    assert not wanted.runs(Platform(os="linux", architecture="arm64", variant="v7"))
    assert not wanted.runs(Platform(os="linux", architecture="arm64"))


def test_a_platform_that_the_config_does_not_name_is_the_one_of_the_index() -> None:
    check_platform(b"{}", LINUX_AMD64, "web", LINUX_AMD64)

    arm64 = to_json({"os": "linux", "architecture": "aarch64"})
    with pytest.raises(PlatformMissing, match="web is for linux/arm64, not for linux/amd64"):
        check_platform(arm64, LINUX_AMD64, "web", LINUX_AMD64)


ROOTFS = {"type": "layers", "diff_ids": [digest_of(b"")]}


def test_a_platform_that_nothing_names_is_the_one_wanted() -> None:
    # As `crane append` makes it from nothing.
    config = {"os": "", "architecture": "", "rootfs": ROOTFS}

    check_platform(to_json(config), LINUX_AMD64, "web")


def test_a_half_of_a_platform_counts() -> None:
    config = {"os": "", "architecture": "arm64", "rootfs": ROOTFS}

    for told in (None, LINUX_AMD64):
        with pytest.raises(PlatformMissing, match="web is for linux/arm64, not for linux/amd64"):
            check_platform(to_json(config), LINUX_AMD64, "web", told)


@pytest.mark.parametrize("name", ["x86_64", "x86-64", "AMD64"])
def test_chooses_amd64_of_an_index_by_each_of_its_names(name: str) -> None:
    made = index(image(b"1", platform="linux/arm64"), image(b"2", platform=f"Linux/{name}"))

    found = read_index(made).choose(LINUX_AMD64, "web")

    assert found.digest == made.manifests[1].digest


def test_chooses_no_artifact_that_names_the_platform_of_its_image() -> None:
    wanted = image(b"1")
    entries = [
        descriptor(b"sbom", OCI_MANIFEST, platform=wanted.platform, artifactType="text/spdx"),
        descriptor(b"odd", OCI_MANIFEST, artifactType=7),
        descriptor(wanted.content, OCI_MANIFEST, platform=wanted.platform, artifactType=OCI_CONFIG),
    ]

    found = parse(to_json({"manifests": entries}), OCI_INDEX, "web")

    assert isinstance(found, Index)
    assert found.choose(LINUX_AMD64, "web").digest == wanted.digest


def test_an_index_of_artifacts_alone_may_have_the_one() -> None:
    entry = descriptor(b"{}", OCI_MANIFEST, artifactType="application/wasm")

    found = parse(to_json({"manifests": [entry]}), OCI_INDEX, "web")

    assert isinstance(found, Index)
    assert found.choose(LINUX_AMD64, "web").digest == digest_of(b"{}")


SHA512 = "sha512:" + "a" * 128


@pytest.mark.parametrize(
    "digest", [SHA512, "sha384:" + "b" * 96, "blake3:" + "c" * 64, "a+b:Zz9=_-"]
)
@pytest.mark.parametrize("key", ["config", "layers"])
def test_refuses_digests_of_other_algorithms_by_name(key: str, digest: str) -> None:
    changed = {**document()["config"], "digest": digest}
    if key == "layers":
        changed = [{**descriptor(b"layer", OCI_LAYER), "digest": digest}]

    with pytest.raises(Unsupported) as error:
        parse(to_json(document(**{key: changed})), OCI_MANIFEST, "web")

    assert str(error.value) == (
        f"web cannot be copied, a digest is '{digest[:40]}...' and not sha256: "
        "build it with sha256 digests"
    )


def test_refuses_an_image_of_an_index_by_the_algorithm_of_its_digest() -> None:
    made = image(b"1")
    entry = {**descriptor(made.content, OCI_MANIFEST, platform=made.platform), "digest": SHA512}

    found = parse(to_json({"manifests": [entry]}), OCI_INDEX, "web")

    assert isinstance(found, Index)
    with pytest.raises(Unsupported, match="web cannot be copied, a digest is 'sha512:"):
        found.choose(LINUX_AMD64, "web")


def test_an_image_for_another_platform_may_have_any_digest() -> None:
    amd64, arm64 = image(b"1"), image(b"2", platform="linux/arm64")
    entries = [
        {**descriptor(arm64.content, OCI_MANIFEST, platform=arm64.platform), "digest": SHA512},
        descriptor(amd64.content, OCI_MANIFEST, platform=amd64.platform),
    ]

    found = parse(to_json({"manifests": entries}), OCI_INDEX, "web")

    assert isinstance(found, Index)
    assert found.choose(LINUX_AMD64, "web").digest == amd64.digest


@pytest.mark.parametrize("diff_ids", [0, 1, 3, None])
def test_refuses_other_layers_than_the_config_was_made_for(diff_ids: int | None) -> None:
    found = None if diff_ids is None else [digest_of(b"")] * diff_ids
    config = to_json({"rootfs": {"type": "layers", "diff_ids": found}})

    with pytest.raises(Unsupported) as error:
        check_layers(config, 2, "web")

    assert str(error.value) == (
        "web has another number of layers in its manifest (2) than in its config "
        f"({diff_ids or 0}): build it again, with another version of the tool that wrote it"
    )


@pytest.mark.parametrize("rootfs", [[], 7, {}, {"diff_ids": 2}])
def test_refuses_layers_that_a_config_does_not_list(rootfs: object) -> None:
    with pytest.raises(Unsupported, match=r"manifest \(2\) than in its config \(0\)"):
        check_layers(to_json({"rootfs": rootfs}), 2, "web")


def test_steps_of_the_history_that_made_no_layer_are_not_counted() -> None:
    steps = [{"empty_layer": True}, {}, {"empty_layer": True}, {}, {"empty_layer": False}]
    config = {"rootfs": {"type": "layers", "diff_ids": [digest_of(b"")] * 2}, "history": steps}

    check_layers(to_json(config), 2, "web")


def test_layers_are_not_compared_with_a_config_that_says_nothing_of_them() -> None:
    check_layers(b"{}", 2, "web")


@pytest.mark.parametrize(
    "config",
    [b"{}", b"[]", b"no JSON", b'{"os": "linux"}', b'{"os": 7, "rootfs": {"type": "layers"}}'],
)
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
        (to_json({"manifests": False}), OCI_INDEX, "malformed"),
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
        ({"mediaType": 1}, "no string"),
        ({"digest": None}, "no string"),
        ({"digest": "sha256:" + "A" * 64}, "a digest is 'sha256:"),
        ({"digest": "sha512:"}, "a digest is"),
        ({"digest": "SHA512:" + "a" * 128}, "a digest is"),
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


@pytest.mark.parametrize(
    "told", [DOCKER_MANIFEST, "", "application/json", "application/octet-stream", "text/plain"]
)
@pytest.mark.parametrize("docker", [True, False])
def test_a_manifest_that_does_not_name_its_type_is_of_oci_under_each_type_that_it_is_served_as(
    told: str, docker: bool
) -> None:
    found = json.loads(image(b"layer", docker=docker).content)
    del found["mediaType"]

    manifest = parse(to_json(found), told, "web")

    assert isinstance(manifest, Image)
    assert manifest.media_type == OCI_MANIFEST


@pytest.mark.parametrize("told", [OCI_INDEX, DOCKER_LIST, "", "application/json"])
def test_an_index_need_not_name_its_own_type(told: str) -> None:
    found = json.loads(index(image(b"layer")).content)
    del found["mediaType"]

    assert isinstance(parse(to_json(found), told, "web"), Index)


@pytest.mark.parametrize(
    ("told", "changes"),
    [
        (DOCKER_LIST, {}),
        (DOCKER_MANIFEST, {"manifests": []}),
        ("", {"manifests": []}),
        (DOCKER_MANIFEST, {"config": None, "layers": None, "manifests": []}),
    ],
)
def test_what_is_two_things_without_a_type_is_refused(told: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match="something else at once"):
        parse(to_json(document(mediaType=None, **changes)), told, "web")


@pytest.mark.parametrize(
    "config_type", ["application/octet-stream", "application/json", "text/html", ""]
)
def test_carries_a_config_of_a_type_that_old_dockers_wrote(config_type: str) -> None:
    config = descriptor(b"{}", config_type)

    manifest = parse(to_json(document(config=config)), OCI_MANIFEST, "web")

    assert isinstance(manifest, Image)


def test_checks_bytes_against_their_digest() -> None:
    check(b"1", digest_of(b"1"), "the manifest")
    with pytest.raises(DigestMismatch, match=r"the manifest has digest sha256:.* not sha256:"):
        check(b"1", digest_of(b"2"), "the manifest")
