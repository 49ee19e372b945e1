"""An image carried from a registry into the local Lightsail, and registered."""

import json
from typing import Any

import pytest

import oci_images
import stack_requests
from fake_registry import FakeRegistry
from image_requests import LAYERS, create, create_request, pushed, refusal
from lightsail_local.server import Fault
from stack_requests import Stack

pytestmark = pytest.mark.behaviour(missing_digest="refused")


class TestPush:
    @pytest.mark.parametrize("docker", [False, True])
    def test_carries_an_image_and_registers_it(
        self, stack: Stack, source: FakeRegistry, docker: bool
    ) -> None:
        made = oci_images.image(*LAYERS, docker=docker)
        source.add(made, "1")

        answer = create(stack, source)

        assert answer["Status"] == "SUCCESS", answer
        assert answer["Data"]["ImageName"] == ":shop.web.1"
        assert answer["Data"]["ImageDigest"] == made.digest

    def test_takes_the_amd64_image_of_an_index(self, stack: Stack, source: FakeRegistry) -> None:
        made = oci_images.multi_arch(*LAYERS)
        source.add(made, "1")

        answer = create(stack, source)

        (amd64,) = [
            one
            for one in made.manifests
            if one.platform == platform("amd64") and not one.annotations
        ]
        assert answer["Data"]["ImageDigest"] == amd64.digest

    def test_pushes_nothing_that_is_registered(self, stack: Stack, source: FakeRegistry) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        first = create(stack, source)
        before = len(stack.lightsail.registry_requests), len(source.seen)

        again = create(stack, source)

        assert again["PhysicalResourceId"] == first["PhysicalResourceId"]
        assert len(stack.lightsail.registry_requests) == before[0]
        assert len(source.seen) - before[1] <= 3

    def test_sends_no_blob_again_for_another_label(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        create(stack, source)
        before = len(pushed(stack))

        answer = create(stack, source, Label="worker")

        assert answer["PhysicalResourceId"] == ":shop.worker.1"
        assert pushed(stack)[before:] == ["PutManifest"]

    def test_looks_a_tag_up_again_on_each_update(self, stack: Stack, source: FakeRegistry) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        first = create(stack, source)
        moved = oci_images.image(LAYERS[0])
        source.add(moved, "1")
        request = create_request(stack, source, Revision="2")
        request |= {"RequestType": "Update", "PhysicalResourceId": first["PhysicalResourceId"]}

        answer = stack.send(request)

        assert answer["PhysicalResourceId"] == ":shop.web.2"
        assert answer["Data"]["ImageDigest"] == moved.digest

    def test_checks_that_there_is_room_before_it_pushes(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        stack.lightsail.behaviour.missing_digest = "accepted"
        for number in range(150):
            stack.client().register_container_image(
                serviceName="shop", label="other", digest=f"sha256:{number:064x}"
            )

        assert "stores 150 images" in refusal(create(stack, source))
        assert pushed(stack) == []

    def test_refuses_an_arm64_image_before_it_pushes(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS, platform="linux/arm64"), "1")

        text = refusal(create(stack, source))

        assert "is for linux/arm64, not for linux/amd64" in text
        assert text.endswith("build it with --platform linux/amd64")
        assert pushed(stack) == []

    @pytest.mark.parametrize(
        "behaviour",
        [
            {"manifest_reads": "answered"},
            {"manifest_reads": "denied"},
            {"manifest_reads": "not_found"},
            {"blob_uploads": "monolithic"},
            {"locations": "relative"},
            {"upload_host": "other"},
            {"blob_mount": "created"},
            {"register_again": "old"},
            {"busy_service": "refused"},
            {"stale_seconds": 6},
            {"throttle_every": 3},
        ],
        ids=json.dumps,
    )
    def test_reaches_lightsail_on_both_sides_of_each_unknown(
        self, source: FakeRegistry, behaviour: dict[str, Any]
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        with stack_requests.stack(missing_digest="refused", **behaviour) as stack:
            answer = create(stack, source)

            assert answer["Data"]["ImageDigest"] == made.digest
            assert stack.images() == [":shop.web.1"]

    def test_says_what_lightsails_registry_does_not_take(self, source: FakeRegistry) -> None:
        zstd = "application/vnd.oci.image.layer.v1.tar+zstd"
        source.add(oci_images.image(*LAYERS, layer_type=zstd), "1")
        with stack_requests.stack(missing_digest="refused", zstd_layers=False) as stack:
            text = refusal(create(stack, source))

            assert "did not take manifest" in text
            assert "MANIFEST_INVALID" in text
            assert text.endswith("check that the registry takes such images")
            assert stack.images() == []
        with stack_requests.stack(missing_digest="refused") as stack:
            assert create(stack, source)["PhysicalResourceId"] == ":shop.web.1"

    def test_pushes_again_what_lightsail_dropped_before_it_was_registered(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        gone = Fault(operation="RegisterContainerImage", code="NotFoundException", times=2)
        stack.lightsail.faults.append(gone)

        assert create(stack, source)["PhysicalResourceId"] == ":shop.web.1"
        assert pushed(stack).count("PutManifest") == 3

    def test_pushes_again_what_lightsail_refuses_though_it_is_not_busy(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        refused = Fault(operation="RegisterContainerImage", code="InvalidInputException")
        stack.lightsail.faults.append(refused)

        assert create(stack, source)["PhysicalResourceId"] == ":shop.web.1"
        assert pushed(stack).count("PutManifest") == 2

    def test_says_so_when_lightsail_always_drops_it(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        gone = Fault(operation="RegisterContainerImage", code="NotFoundException", times=100)
        stack.lightsail.faults.append(gone)

        assert "Lightsail has no pushed image" in refusal(create(stack, source))
        assert stack.calls("RegisterContainerImage") == 4

    def test_tells_of_each_blob(
        self, stack: Stack, source: FakeRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")

        create(stack, source)

        lines = [json.loads(record.getMessage()) for record in caplog.records]
        blobs = [line for line in lines if line["step"] == "blob copied"]
        assert [line["done"] for line in blobs] == [f"{n} of 4 blobs" for n in range(1, 5)]
        assert blobs[-1]["left"] == 0
        assert all(line["mb_per_second"] > 0 for line in blobs)


class TestDroppedPushes:
    def test_is_pushed_again_however_often_registering_has_failed_otherwise(
        self, stack: Stack, source: FakeRegistry
    ) -> None:
        source.add(oci_images.image(*LAYERS), "1")
        stack.lightsail.faults += [
            Fault(operation="RegisterContainerImage", kind="error", times=3),
            Fault(operation="RegisterContainerImage", code="NotFoundException"),
        ]

        answer = create(stack, source)

        assert answer["Status"] == "SUCCESS", answer
        assert stack.calls("RegisterContainerImage") == 5


class TestDockerManifestsOnly:
    def test_an_oci_image_is_registered_with_dockers_manifest_once(
        self, source: FakeRegistry
    ) -> None:
        made = oci_images.image(*LAYERS)
        source.add(made, "1")
        with stack_requests.stack(missing_digest="refused", media_types="docker") as stack:
            first, second = create(stack, source), create(stack, source)

            assert first["Status"] == "SUCCESS", first
            digest = first["Data"]["ImageDigest"]
            assert first["Data"] == second["Data"]
            assert stack.images() == [":shop.web.1"]
            assert stack.calls("RegisterContainerImage") == 1
            manifest = stack.lightsail.images.manifest(digest)
            assert manifest is not None
            assert manifest.media_type == oci_images.DOCKER_MANIFEST
            found = {blob.digest for blob in manifest.blobs}
            assert found == made.blobs.keys()

    def test_layers_of_zstd_are_refused_with_lightsails_own_words(
        self, source: FakeRegistry
    ) -> None:
        layer_type = oci_images.OCI_LAYER.replace("gzip", "zstd")
        source.add(oci_images.image(*LAYERS, layer_type=layer_type), "1")
        with stack_requests.stack(zstd_layers=False) as stack:
            assert "layers compressed with zstd are not taken" in refusal(create(stack, source))
            assert stack.images() == []


def platform(architecture: str) -> dict[str, str]:
    return {"os": "linux", "architecture": architecture}
