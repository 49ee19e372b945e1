from __future__ import annotations

import io
import json
import tarfile

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import PROGRAM, push_sample_image, sample_image
from lightsail_local.server import Fault, LightsailServer


def test_is_the_same_for_the_same_text() -> None:
    assert sample_image("hello") == sample_image("hello")
    assert sample_image("hello").digest != sample_image("other").digest


def test_holds_the_text_in_a_file() -> None:
    image = sample_image("hello")

    with tarfile.open(fileobj=io.BytesIO(image.layer)) as layer:
        file = layer.extractfile("srv/index.html")
        assert file is not None
        assert file.read() == b"hello"


def test_says_what_it_runs_on() -> None:
    config = json.loads(sample_image("hello", platform="linux/arm64").config)

    assert (config["os"], config["architecture"]) == ("linux", "arm64")


def test_holds_what_it_ever_held_for_a_text() -> None:
    config = json.loads(sample_image("hello").config)

    # Not by the image's digest: each version of zlib compresses in its own way.
    assert config["rootfs"]["diff_ids"] == [
        "sha256:a6be9fe585b4ad99aaf6e27c805f61c1aa91e87bf5553860033a8a5fe2545d4d"
    ]


def test_holds_the_program_that_it_runs() -> None:
    image = sample_image("hello")

    with tarfile.open(fileobj=io.BytesIO(image.layer)) as layer:
        file = layer.extractfile("bin/httpd")
        assert file is not None
        assert file.read() == PROGRAM.read_bytes()
        assert layer.getmember("bin/httpd").mode & 0o111


def test_says_how_it_fails() -> None:
    config = json.loads(sample_image("no database", fails="crash").config)

    assert config["config"]["Labels"] == {
        "lightsail-local.fails": "crash",
        "org.opencontainers.image.description": "no database",
    }


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "switches",
    [
        {"upload_host": "same", "locations": "absolute", "blob_uploads": "chunked"},
        {"upload_host": "same", "locations": "relative", "blob_uploads": "monolithic"},
        {"upload_host": "other", "locations": "absolute", "blob_uploads": "monolithic"},
        {"upload_host": "other", "locations": "relative", "blob_uploads": "chunked"},
    ],
)
def test_is_pushed_whether_u6_is_on_or_off(
    server: LightsailServer, behaviour: Behaviour, switches: dict[str, str]
) -> None:
    for name, value in switches.items():
        setattr(behaviour, name, value)

    digest = push_sample_image(server.url, "hello")

    assert digest == sample_image("hello").digest
    assert server.images.platforms(digest) == ("linux/amd64",)


def test_says_why_it_was_refused(server: LightsailServer, shop: str) -> None:
    server.faults.append(Fault(operation="PutManifest", kind="denied"))

    with pytest.raises(ConnectionError, match=r"PUT 127\.0\.0\.1:[0-9]+: 403 .*DENIED"):
        push_sample_image(server.url, "hello")
