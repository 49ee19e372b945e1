from __future__ import annotations

import io
import json
import tarfile
import zlib

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


@pytest.mark.skipif(zlib.ZLIB_RUNTIME_VERSION != "1.2.13", reason="others compress otherwise")
def test_is_what_it_ever_was_for_a_text() -> None:
    assert sample_image("hello").digest == (
        "sha256:a5b84dc11d26a226b2b59c78a552fe849f464db1a889e5706683d2b049b7444e"
    )


def test_is_the_same_on_every_machine_but_for_its_compression(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gzip.compress", lambda content, *, mtime: content)

    assert sample_image("hello").digest == (
        "sha256:17d9cd81537560a2c4bb19f237c8c0892c47d2308cda25692b28160e64477350"
    )


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
