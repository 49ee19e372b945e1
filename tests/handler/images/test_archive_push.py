"""An image carried out of an archive in Amazon S3 into the local Lightsail, and registered."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import oci_images
from archives import Files, docker_files, layout, tar, zipped
from deployment_requests import FakeLambda
from fake_s3 import FakeS3, cut_after, refused
from image_requests import refusal
from lightsail_local.wire.http_server import Connection
from stack_requests import Stack

LAYERS = oci_images.layers(3, 400_000)
MADE = oci_images.image(*LAYERS)

pytestmark = pytest.mark.behaviour(missing_digest="refused")


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with FakeS3().served() as given:
        yield given


@pytest.fixture
def stack(stack: Stack, s3: FakeS3) -> Stack:
    stack.clients["s3"] = s3.client()
    return stack


def create(stack: Stack, s3: FakeS3, archive: bytes, **more: Any) -> Any:
    return stack.send(create_request(stack, s3, archive, **more))


def create_request(stack: Stack, s3: FakeS3, archive: bytes, **more: Any) -> dict[str, Any]:
    s3.objects["image.zip"] = archive
    source = {"Bucket": "assets", "Key": "image.zip"}
    return stack.request("Create", Digest=None, Source=source, **more)


@pytest.mark.parametrize("pack", [tar, zipped])
def test_carries_an_image_and_registers_it(
    stack: Stack, s3: FakeS3, pack: Callable[[Files], bytes]
) -> None:
    answer = create(stack, s3, pack(layout(MADE)))

    assert answer["Status"] == "SUCCESS", answer
    assert answer["Data"]["ImageName"] == ":shop.web.1"
    assert answer["Data"]["ImageDigest"] == MADE.digest


def test_carries_the_amd64_image_of_an_index(stack: Stack, s3: FakeS3) -> None:
    made = oci_images.multi_arch(*LAYERS)

    answer = create(stack, s3, zipped(layout(made)))

    assert answer["Data"]["ImageDigest"] == made.manifests[-1].digest


@pytest.mark.parametrize("compressed", [False, True])
def test_carries_what_docker_save_wrote(stack: Stack, s3: FakeS3, compressed: bool) -> None:
    archive = tar(docker_files(*LAYERS, compressed=compressed))
    first = create(stack, s3, archive)
    before = len(s3.ranges)

    again = create(stack, s3, archive)

    assert first["PhysicalResourceId"] == ":shop.web.1", first
    assert again["Data"]["ImageDigest"] == first["Data"]["ImageDigest"]
    assert again["PhysicalResourceId"] == first["PhysicalResourceId"]
    assert len(s3.ranges) - before <= 5  # no layer


def test_carries_the_image_of_several_that_is_named(stack: Stack, s3: FakeS3) -> None:
    names = tuple({"org.opencontainers.image.ref.name": tag} for tag in ("db:1", "web:1.4"))
    s3.objects["image.zip"] = zipped(layout(oci_images.image(b"db"), MADE, names=names))
    source = {"Bucket": "assets", "Key": "image.zip"}

    told = refusal(stack.send(stack.request("Create", Digest=None, Source=source)))
    answer = stack.send(stack.request("Create", Digest=None, Source={**source, "Tag": "web:1.4"}))

    assert told == (
        "s3://assets/image.zip holds 2 images that are not one index ('db:1', 'web:1.4'): "
        "give from_archive the name of one as tag=, or archive one image alone"
    )
    assert answer["Data"]["ImageDigest"] == MADE.digest


@pytest.mark.parametrize("tag", ["", " ", ["web:1"]])
def test_refuses_a_tag_that_names_nothing(stack: Stack, s3: FakeS3, tag: Any) -> None:
    s3.objects["image.zip"] = zipped(layout(MADE))
    source = {"Bucket": "assets", "Key": "image.zip", "Tag": tag}

    told = refusal(stack.send(stack.request("Create", Digest=None, Source=source)))

    assert "Source.Tag must be 1-512 letters, digits and any of" in told


def test_registers_nothing_of_an_image_of_other_layers_than_its_config(
    stack: Stack, s3: FakeS3
) -> None:
    document = json.loads(MADE.content)
    document["layers"].pop()
    made = oci_images.Made(
        content=oci_images.to_json(document), media_type=MADE.media_type, blobs=MADE.blobs
    )

    told = refusal(create(stack, s3, tar(layout(made))))

    assert "has another number of layers in its manifest (2) than in its config (3)" in told
    assert stack.images() == []


def test_goes_on_after_faults(stack: Stack, s3: FakeS3) -> None:
    s3.faults += [None, None, None, cut_after(1000), refused(503, "SlowDown"), cut_after(300_000)]

    answer = create(stack, s3, zipped(layout(MADE)))

    assert answer["Data"]["ImageDigest"] == MADE.digest


def test_goes_on_in_the_next_invocation(stack: Stack, s3: FakeS3) -> None:
    request = create_request(stack, s3, zipped(layout(MADE)))

    def pass_time(connection: Connection) -> bool:
        stack.time.now += 20
        return refused(503, "SlowDown")(connection)

    invoked = stack.clients["lambda"] = FakeLambda()
    stack.seconds = 62
    s3.faults += [None, None, None, *[pass_time] * 2]
    stack.handler(request, stack.context())
    (payload,) = invoked.payloads
    assert stack.response.answers == []

    stack.new_handler()(payload, stack.context())

    assert stack.response.answer["Data"]["ImageDigest"] == MADE.digest


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        (b"\x1f\x8b", "s3://assets/image.zip is compressed with gzip: unpack it with gunzip"),
        (b"", "s3://assets/image.zip is empty"),
        (b"x", "s3://assets/image.zip is damaged, or no tar or zip archive: write"),
        (
            tar(layout(oci_images.image(b"1", platform="linux/arm64"))),
            "s3://assets/image.zip is for linux/arm64, not for linux/amd64: build it with",
        ),
    ],
    ids=["gzip", "empty", "none", "arm64"],
)
def test_says_what_is_wrong_with_an_archive(
    stack: Stack, s3: FakeS3, archive: bytes, sentence: str
) -> None:
    assert refusal(create(stack, s3, archive)).startswith(sentence)
    assert stack.images() == []


def test_says_that_an_archive_is_not_there(stack: Stack, s3: FakeS3) -> None:
    request = create_request(stack, s3, b"")
    s3.objects.clear()

    assert refusal(stack.send(request)).startswith("s3://assets/image.zip does not exist")


def test_registers_nothing_of_a_damaged_blob(stack: Stack, s3: FakeS3) -> None:
    archive = tar(layout(MADE)).replace(LAYERS[1], bytes(400_000))

    assert f"blob {oci_images.digest_of(LAYERS[1])}" in refusal(create(stack, s3, archive))
    assert stack.images() == []
