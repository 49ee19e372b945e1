"""The image of an OCI image layout, told apart from what tools list beside it."""

import json
from typing import Any

import pytest

from archives import Files, Remote, blob_path, layout, tar
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.errors import (
    Missing,
    PlatformMissing,
    RegistryError,
    Unsupported,
)
from cdk_lightsail_containers_handler.registry.found_image import FoundImage, find_image
from oci_images import (
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

MADE = image(b"web")
ARM64 = image(b"arm64", platform="linux/arm64")
BOTH = index(ARM64, MADE)
OTHER = image(b"db")
NAME = "org.opencontainers.image.ref.name"
FULL_NAME = "io.containerd.image.name"
SPDX = "application/spdx+json"
SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def referrer(subject: Made, **more: Any) -> Made:
    """An SBOM as `oras attach` writes it."""
    config, layer = b"{}", b'{"spdxVersion": "SPDX-2.3"}'
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": SPDX,
        "config": descriptor(config, EMPTY),
        "layers": [descriptor(layer, SPDX)],
        "subject": descriptor(subject.content, subject.media_type),
        **more,
    }
    blobs = {digest_of(blob): blob for blob in (config, layer)}
    return Made(content=to_json(manifest), media_type=OCI_MANIFEST, blobs=blobs)


def signature() -> Made:
    """A signature as `cosign save` of cosign 2 writes it: an image but for its layer."""
    layer = b'{"critical": {}}'
    rootfs = {"type": "layers", "diff_ids": [digest_of(layer)]}
    config = to_json({"architecture": "", "os": "", "rootfs": rootfs})
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config, OCI_CONFIG),
        "layers": [descriptor(layer, SIGNATURE)],
    }
    blobs = {digest_of(blob): blob for blob in (config, layer)}
    return Made(content=to_json(manifest), media_type=OCI_MANIFEST, blobs=blobs)


def entry(made: Made, *names: str, **more: Any) -> dict[str, Any]:
    annotations = dict(zip((NAME, FULL_NAME), names, strict=False))
    options = {"annotations": annotations or None, **more}
    return descriptor(made.content, made.media_type, **options)


def files_of(*entries: dict[str, Any], holds: tuple[Made, ...]) -> Files:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return layout(*holds) | {"index.json": to_json(document)}


def find(files: Files, tag: str | None = None) -> FoundImage:
    return find_image(Archive(Remote(tar(files)), tag))


def refusal(files: Files, tag: str | None = None, kind: type[RegistryError] = Unsupported) -> str:
    with pytest.raises(kind) as caught:
        find(files, tag)
    return str(caught.value)


SBOM, SIG = referrer(MADE), signature()
OF_BOTH = referrer(BOTH)
# An image that was built to go beside another one.
HELPER = Made(
    content=to_json(
        {**json.loads(OTHER.content), "subject": descriptor(MADE.content, OCI_MANIFEST)}
    ),
    media_type=OCI_MANIFEST,
    blobs=OTHER.blobs,
)
FALLBACK = Made(
    content=to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry(SBOM)]}),
    media_type=OCI_INDEX,
    manifests=(SBOM,),
)
TAG = MADE.digest.replace(":", "-")
NESTED = index(index(ARM64, MADE))


class TestCompanions:
    @pytest.mark.parametrize(
        ("entries", "holds"),
        [
            ([entry(MADE, "v1"), entry(SBOM, artifactType=SPDX)], (MADE, SBOM)),
            ([entry(SBOM), entry(MADE, "v1")], (MADE, SBOM)),
            ([entry(MADE), entry(SIG)], (MADE, SIG)),
            ([entry(SIG, "web:1"), entry(MADE, "web:1")], (MADE, SIG)),
            ([entry(MADE, "v1"), entry(FALLBACK, TAG)], (MADE, FALLBACK)),
            ([entry(MADE, "v1"), entry(FALLBACK, TAG), entry(SBOM)], (MADE, FALLBACK)),
            ([entry(MADE, "v1"), entry(SIG, f"{TAG}.sig"), entry(SBOM, f"{TAG}.att")],
             (MADE, SIG, SBOM)),
            ([entry(MADE, "v1"), entry(MADE, TAG)], (MADE,)),
            ([entry(OTHER, TAG), entry(MADE, "v1")], (MADE, OTHER)),
            ([entry(OTHER, f"sha512-{'a' * 128}"), entry(MADE, "v1")], (MADE, OTHER)),
            ([entry(HELPER, "helper"), entry(MADE, "v1")], (MADE, HELPER)),
            ([entry(BOTH, "v1"), entry(ARM64), entry(MADE)], (BOTH,)),
            ([entry(MADE, "web:amd64"), entry(ARM64, "web:arm64"), entry(BOTH, "web:1")], (BOTH,)),
            ([entry(BOTH, "v1"), entry(MADE), entry(SBOM), entry(SIG)], (BOTH, SBOM, SIG)),
            ([entry(BOTH, "v1"), entry(OF_BOTH, artifactType=SPDX)], (BOTH, OF_BOTH)),
            ([entry(NESTED, "v1"), entry(MADE), entry(ARM64)], (NESTED,)),
            ([entry(NESTED, "v1"), entry(BOTH), entry(MADE)], (NESTED,)),
            ([entry(multi_arch(b"web")), entry(MADE)], (multi_arch(b"web"),)),
        ],
        ids=[
            "oras: image and artifact",
            "oras: artifact that its entry does not call one",
            "cosign save: signature",
            "signature of the same name",
            "regctl: list of referrers under a tag",
            "list of referrers under a tag, and they",
            "signature and attestation under tags",
            "cosign copy: the image under its tag too",
            "image under another's tag",
            "tag of a sha512 digest",
            "image that refers to the image",
            "oras: images of an index",
            "images of an index with names",
            "all of it",
            "what refers to an index",
            "images of an index in an index",
            "an index of an index, and its images",
            "attestations",
        ],
    )  # fmt: skip
    def test_are_not_taken_for_images(
        self, entries: list[dict[str, Any]], holds: tuple[Made, ...]
    ) -> None:
        assert find(files_of(*entries, holds=holds)).digest == MADE.digest
        assert find(files_of(*entries[::-1], holds=holds)).digest == MADE.digest

    def test_that_are_alone_are_told_as_what_they_are(self) -> None:
        assert refusal(files_of(entry(SBOM), holds=(SBOM,))) == (
            f"s3://bucket/image is no container image, its config is '{EMPTY}': "
            "archive a container image, as oci-archive or docker-archive"
        )

    def test_that_are_alone_and_several_are_told(self) -> None:
        files = files_of(entry(SBOM, "a"), entry(SIG, "b"), holds=(SBOM, SIG))

        assert "holds 2 images that are not one index ('a', 'b')" in refusal(files)

    def test_of_two_images_leave_two(self) -> None:
        entries = [entry(MADE, "web:1"), entry(SBOM), entry(OTHER, "db:1"), entry(SIG)]

        assert refusal(files_of(*entries, holds=(MADE, OTHER, SBOM, SIG))) == (
            "s3://bucket/image holds 2 images that are not one index ('web:1', 'db:1'): "
            "give from_archive the name of one as tag=, or archive one image alone"
        )

    def test_of_images_for_several_platforms_leave_those(self) -> None:
        entries = [entry(made, platform=made.platform) for made in (ARM64, MADE)]

        found = find(files_of(*entries, entry(SIG), holds=(ARM64, MADE, SIG)))

        assert found.digest == MADE.digest

    def test_that_are_missing_are_passed_over(self) -> None:
        files = files_of(entry(BOTH, "v1"), entry(ARM64), entry(MADE), holds=(BOTH,))
        del files[blob_path(ARM64.digest)]

        assert find(files).digest == MADE.digest

    def test_of_a_hundred_images_are_not_looked_at(self) -> None:
        many = [image(b"%d" % number) for number in range(101)]
        remote = Remote(tar(files_of(*map(entry, many), holds=tuple(many))))

        with pytest.raises(Unsupported, match="holds 101 images"):
            find_image(Archive(remote))

        assert len(remote.asked) < 10

    def test_of_an_index_that_is_damaged_are_images(self) -> None:
        files = files_of(entry(BOTH, "web:1"), entry(MADE, "web:amd64"), holds=(BOTH,))
        files[blob_path(BOTH.digest)] = b"{}"

        assert "('web:1', 'web:amd64')" in refusal(files)


class TestTags:
    NAMED = files_of(
        entry(MADE, "1.4", "docker.io/library/web:1.4"),
        entry(OTHER, "2", "docker.io/library/db:2"),
        entry(SIG, "ghcr.io/acme/web:sig"),
        holds=(MADE, OTHER, SIG),
    )

    @pytest.mark.parametrize(
        "tag",
        ["1.4", "web:1.4", "library/web:1.4", "docker.io/web:1.4", "docker.io/library/web:1.4"],
    )
    def test_name_one_image_of_several(self, tag: str) -> None:
        assert find(self.NAMED, tag).digest == MADE.digest
        assert find(self.NAMED, "db:2").digest == OTHER.digest

    def test_that_name_none_are_told_with_those_that_there_are(self) -> None:
        assert refusal(self.NAMED, "web:1.5") == (
            "s3://bucket/image holds no image 'web:1.5', only 'docker.io/library/web:1.4', "
            "'docker.io/library/db:2', 'ghcr.io/acme/web:sig': "
            "give from_archive one of these as tag="
        )

    @pytest.mark.parametrize("tag", ["localhost/web:1.4", "web", "WEB:1.4", "1.4 "])
    def test_of_another_registry_or_case_are_others(self, tag: str) -> None:
        assert "holds no image" in refusal(self.NAMED, tag)

    def test_that_name_several_images_are_told(self) -> None:
        entries = [entry(MADE, "1", "ghcr.io/acme/web:1"), entry(OTHER, "1", "quay.io/db:1")]
        files = files_of(*entries, holds=(MADE, OTHER))

        assert refusal(files, "1") == (
            "s3://bucket/image holds 2 images named '1' ('ghcr.io/acme/web:1', 'quay.io/db:1'): "
            "give from_archive the name of one as tag=, or archive one image alone"
        )

    def test_may_name_an_index_by_its_images(self) -> None:
        entries = [entry(made, "1", platform=made.platform) for made in (ARM64, MADE)]

        found = find(files_of(*entries, entry(OTHER, "2"), holds=(ARM64, MADE, OTHER)), "1")

        assert found.digest == MADE.digest

    def test_may_be_of_an_image_that_is_in_an_index_too(self) -> None:
        files = files_of(entry(BOTH, "web:1"), entry(MADE, "web:amd64"), holds=(BOTH,))

        assert find(files, "web:amd64").digest == MADE.digest

    def test_cost_no_look_at_other_images(self) -> None:
        big = image(b"x" * 1_000_000)
        many = [image(b"%d" % number) for number in range(300)]
        entries = [entry(made, f"v{number}") for number, made in enumerate(many)]
        files = files_of(*entries, entry(big, "big"), holds=(*many, big))

        assert find(files, "v250").digest == many[250].digest

    def test_in_a_long_list_are_told_as_far_as_there_is_room(self) -> None:
        many = [image(b"%d" % number) for number in range(60)]
        entries = [entry(made, f"ghcr.io/acme/web:{number}") for number, made in enumerate(many)]

        told = refusal(files_of(*entries, holds=tuple(many)))

        assert "holds 60 images that are not one index ('ghcr.io/acme/web:0', " in told
        assert len(told) < 300

    @pytest.mark.parametrize("name", [7, None, ""])
    def test_that_are_none_are_passed_over(self, name: object) -> None:
        odd = {**entry(OTHER), "annotations": {NAME: name, FULL_NAME: name}}
        files = files_of(entry(MADE, "web:1"), odd, holds=(MADE, OTHER))

        assert "holds 2 images that are not one index ('web:1')" in refusal(files)


class TestMissingPlatforms:
    """`ctr images export --platform linux/arm64` writes the whole index, and one image of it."""

    def exported(self, made: Made, *kept: Made) -> Files:
        files = files_of(entry(made, "1", "docker.io/library/web:1"), holds=(made,))
        for one in (ARM64, MADE):
            if one not in kept:
                for digest in (one.digest, *one.blobs):
                    del files[blob_path(digest)]
        return files

    @pytest.mark.parametrize("made", [BOTH, NESTED], ids=["index", "index in an index"])
    def test_are_told_with_those_that_there_are(self, made: Made) -> None:
        assert refusal(self.exported(made, ARM64), kind=PlatformMissing) == (
            "s3://bucket/image is for linux/arm64, not for linux/amd64: "
            "build it with --platform linux/amd64, or export that platform too"
        )

    def test_of_others_do_no_harm(self) -> None:
        assert find(self.exported(BOTH, MADE)).digest == MADE.digest

    def test_of_all_images_are_a_missing_blob(self) -> None:
        assert refusal(self.exported(BOTH), kind=Missing) == (
            f"s3://bucket/image has no blob {MADE.digest[:19]}: "
            "write the archive again, with all that belongs to the image"
        )


def test_a_layout_of_sha512_digests_is_refused_by_name() -> None:
    odd = {**entry(MADE, "1"), "digest": "sha512:" + "a" * 128}

    assert refusal(files_of(odd, holds=(MADE,))) == (
        "s3://bucket/image cannot be copied, a digest is "
        f"'sha512:{'a' * 33}...' and not sha256: build it with sha256 digests"
    )


def test_a_layer_of_a_sha512_digest_is_refused_by_name() -> None:
    document = json.loads(MADE.content)
    document["layers"] = [{**descriptor(b"web", OCI_LAYER), "digest": "sha512:" + "a" * 128}]
    made = Made(content=to_json(document), media_type=OCI_MANIFEST, blobs=MADE.blobs)

    assert "cannot be copied, a digest is 'sha512:" in refusal(layout(made))


def test_no_sentence_about_an_archive_advises_on_registries() -> None:
    config = next(blob for blob in MADE.blobs.values() if blob != b"web")
    schema_1 = Made(content=b'{"schemaVersion": 1}', media_type=OCI_MANIFEST)
    page = Made(content=b"<html>", media_type=OCI_MANIFEST)
    nameless = Made(content=MADE.content.replace(b"amd64", b""), media_type=OCI_MANIFEST)
    told = [
        refusal(layout(made), kind=RegistryError) for made in (schema_1, page, SBOM, SIG, nameless)
    ]
    files = layout(MADE)
    files[blob_path(digest_of(config))] = config.replace(b"amd64", b"arm64")
    told.append(refusal(files, kind=RegistryError))

    for sentence in told:
        _, _, advice = sentence.rpartition(": ")
        assert "registry" not in sentence
        assert not advice.startswith(("name ", "push ", "check its name"))
        assert "archive" in advice
