"""Where containers run, blobs are kept on disk, and only for as long as they may be needed."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.containers.container_engine import ContainerEngine
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.samples.sample_image import sample_image, sample_index
from lightsail_local.server import LightsailServer
from patience import wait_until

OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "blobs"
    made.mkdir()
    return made


@pytest.fixture
def server(
    behaviour: Behaviour, clock: Callable[[], float], folder: Path
) -> Iterator[LightsailServer]:
    # Nothing is deployed, so the engine is never called.
    engine = ContainerEngine(command=["none"], cloud="none")
    containers = RealContainers(engine=engine, port=0, folder=folder)
    with LightsailServer(behaviour, clock=clock, containers=containers) as server:
        yield server


def contents(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in folder.iterdir())


def test_a_blob_is_kept_once(registry: Any, folder: Path) -> None:
    registry.upload(b"blob")
    registry.upload(b"blob")

    assert contents(folder) == [b"blob"]


def test_a_blob_with_another_digest_is_not_kept(registry: Any, folder: Path) -> None:
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]

    assert registry("PUT", f"{location}&digest={OTHER}", b"blob").status == 400

    assert contents(folder) == []


def test_a_full_disk_is_told(registry: Any, folder: Path) -> None:
    begun = registry("POST", "/v2/sr/blobs/uploads/").headers
    file = folder / begun["Docker-Upload-UUID"]
    file.unlink()
    file.symlink_to("/dev/full")

    refused = registry("PATCH", begun["Location"], b"blob")

    assert refused.status == 507
    assert b"No space left on device: make room on the local cloud's disk" in refused.content


def test_what_came_before_a_connection_broke_is_kept(registry: Any, folder: Path) -> None:
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]
    connection = http.client.HTTPConnection(registry.host, timeout=10)
    with contextlib.closing(connection):
        path = urlsplit(location)._replace(scheme="", netloc="").geturl()
        connection.putrequest("PATCH", path)
        for name, value in {**registry.headers, "Content-Length": "4"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"ha")

    wait_until(lambda: contents(folder) == [b"ha"])


def test_an_upload_that_is_given_up_is_not_kept(registry: Any, folder: Path) -> None:
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]
    location = registry("PATCH", location, b"half").headers["Location"]
    assert contents(folder) == [b"half"]

    assert registry("DELETE", location).status == 204

    assert contents(folder) == []


def test_blobs_of_an_image_that_is_not_registered_go_with_it(
    registry: Any, push: Callable[..., str], server: LightsailServer, clock: Any, folder: Path
) -> None:
    digest = push("hello")
    assert len(contents(folder)) == 2

    clock.now += 3601
    assert server.images.manifest(digest) is None

    assert contents(folder) == []


def test_the_image_of_an_index_is_that_of_its_platform(
    registry: Any, server: LightsailServer
) -> None:
    index, images = sample_index("hello")
    for image in images:
        for blob in (image.layer, image.config):
            registry.upload(blob)
        registry.put_manifest(image.digest, image.manifest)
    digest = f"sha256:{hashlib.sha256(index).hexdigest()}"
    registry.put_manifest(digest, index, "application/vnd.oci.image.index.v1+json")

    found = server.images.image(digest, "linux/arm64")

    assert found.config == sample_image("hello", platform="linux/arm64").config
    assert [path.read_bytes() for path in found.layers] == [images[1].layer]


@pytest.mark.parametrize(("platform", "is_there"), [("linux/amd64", False), ("linux/s390x", True)])
def test_an_image_that_is_not_there_is_refused(
    push: Callable[..., str], server: LightsailServer, platform: str, is_there: bool
) -> None:
    digest = push("hello")

    with pytest.raises(LookupError):
        server.images.image(digest if is_there else OTHER, platform)
