"""Sources that hold no image for Lightsail."""

from collections.abc import Callable

import pytest

import oci_images
from fake_registry import FakeRegistry
from image_requests import LAYERS, create, pushed, refusal
from oci_images import Made
from registry_faults import status
from stack_requests import Stack

Spoil = Callable[[FakeRegistry], None]

pytestmark = pytest.mark.behaviour(missing_digest="refused")


def no_registry(source: FakeRegistry) -> None:
    source.fail("GET", status(200, {"Content-Type": "text/html"}, b"<html>Hello"), times=3)


def manifest_of_10_mb(source: FakeRegistry) -> None:
    source.fail("GET", status(200, {"Content-Type": oci_images.OCI_INDEX}, b" " * 10_000_000))


def layer_that_lies(source: FakeRegistry) -> None:
    made = oci_images.image(*LAYERS)
    manifest = made.content.replace(b'"size": 400000', b'"size": 400001', 1)
    source.add(Made(content=manifest, media_type=made.media_type, blobs=made.blobs), "1")


def artefact(source: FakeRegistry) -> None:
    source.add(oci_images.image(b"thing", layer_type="application/x-thing"), "1")


class TestBadSources:
    def test_an_image_that_is_not_there(self, stack: Stack, source: FakeRegistry) -> None:
        text = refusal(create(stack, source))

        assert text.startswith(
            f"{source.host} did not give manifest 1 of web (404 MANIFEST_UNKNOWN"
        )

    def test_a_blob_that_is_not_what_its_manifest_says(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        digest = oci_images.digest_of(LAYERS[0])
        source.blobs[digest] = bytes(len(LAYERS[0]))

        assert digest in refusal(create(stack, source))
        assert "PutManifest" not in pushed(stack)
        assert stack.images() == []

    @pytest.mark.parametrize(
        ("spoil", "problem", "fix"),
        [
            (no_registry, "is no JSON object, is it a registry", "name a container image"),
            (manifest_of_10_mb, "is larger than 4 MiB", "name a container image"),
            (layer_that_lies, "not 400001 as its manifest says", "push the image to its registry"),
            (artefact, "of the unknown kind 'application/x-thing'", "name a container image"),
        ],
    )
    def test_leave_nothing_behind_and_say_what_to_do(
        self, stack: Stack, source: FakeRegistry, spoil: Spoil, problem: str, fix: str
    ) -> None:
        spoil(source)

        text = refusal(create(stack, source))

        assert source.host in text
        assert problem in text
        assert text.rpartition(": ")[2].startswith(fix)
        assert stack.images() == []
        operations = [request.operation for request in stack.lightsail.registry_requests]
        assert "PutManifest" not in operations
        # One whose end is held up when another layer has failed is ended once more.
        ended = {
            request.parameters["upload"]
            for request in stack.lightsail.registry_requests
            if request.operation in {"PutUpload", "DeleteUpload"}
        }
        assert operations.count("StartUpload") == len(ended)

    @pytest.mark.parametrize(
        ("source_property", "sentence"),
        [
            ({}, "Source must hold either Image, or Bucket and Key"),
            ({"Image": "Web"}, "got 'Web'"),
            ({"Image": ["web"]}, "Source.Image must be"),
            ({"Image": "web", "CredentialsSecretArn": ""}, "Source.CredentialsSecretArn must be"),
            ({"Bucket": "", "Key": "k"}, "Source.Bucket must be a string, got ''"),
            ({"Bucket": "b", "Key": 1}, "Source.Key must be a string, got 1"),
            ("web:1", "Source must be an object, got 'web:1'"),
        ],
    )
    def test_a_source_that_is_malformed(
        self, stack: Stack, source_property: object, sentence: str
    ) -> None:
        answer = stack.create(Digest=None, Source=source_property)

        assert sentence in refusal(answer)

    def test_a_source_and_a_digest(self, stack: Stack, source: FakeRegistry) -> None:
        answer = stack.create(Source={"Image": "web"})

        assert "must hold either Digest or Source" in refusal(answer)
