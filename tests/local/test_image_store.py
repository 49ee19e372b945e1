"""What the registry holds, and for how long."""

from __future__ import annotations

import hashlib
import json
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OTHER = f"sha256:{'0' * 64}"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def problem(answer: Any) -> tuple[int, str]:
    return answer.status, json.loads(answer.content)["errors"][0]["code"]


def blobs_of(manifest: bytes) -> list[Any]:
    document = json.loads(manifest)
    return [document["config"], *document["layers"]]


def index_of(*manifests: bytes) -> bytes:
    children = [
        {"mediaType": MANIFEST, "digest": digest_of(each), "size": len(each)} for each in manifests
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()


@pytest.fixture
def push_index(registry: Any, manifest: Callable[..., bytes]) -> Callable[[], str]:
    """Push an index of one image, and return its digest."""

    def push() -> str:
        child = manifest()
        index = index_of(child)
        registry.put_manifest(digest_of(child), child)
        assert registry.put_manifest("index", index).status == 201
        return digest_of(index)

    return push


def test_refuses_a_manifest_before_its_blobs(registry: Any, manifest: Any) -> None:
    content = json.loads(manifest())
    content["layers"][0]["digest"] = OTHER

    answer = registry.put_manifest("tag", json.dumps(content).encode())

    assert problem(answer) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_refuses_a_manifest_that_is_wrong_about_a_size(registry: Any, manifest: Any) -> None:
    content = json.loads(manifest())
    content["config"]["size"] += 1

    answer = registry.put_manifest("tag", json.dumps(content).encode())

    assert problem(answer) == (400, "SIZE_INVALID")


def test_refuses_an_index_before_its_manifests(registry: Any, manifest: Any) -> None:
    answer = registry.put_manifest("tag", index_of(manifest()))

    assert problem(answer) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_moves_a_tag(registry: Any, manifest: Any, server: LightsailServer) -> None:
    registry.put_manifest("tag", manifest())
    newer = manifest(annotations={"a": "b"})

    registry.put_manifest("tag", newer)

    assert server.images.manifest("tag").content == newer


def test_forgets_a_push_and_its_blobs(
    registry: Any, manifest: Any, clock: Any, server: LightsailServer
) -> None:
    content = manifest()
    registry.put_manifest("tag", content)
    clock.now += 3600

    assert server.images.manifest("tag") is None
    assert server.images.platforms(digest_of(content)) is None
    assert registry.put_manifest("tag", content).status == 400
    assert [server.images.blob_size(blob["digest"]) for blob in blobs_of(content)] == [None, None]


def test_forgets_at_once_where_u8_says_so(behaviour: Behaviour, push: Any, refused: Any) -> None:
    behaviour.unregistered_seconds = 0
    digest = push()

    code, _ = refused("register_container_image", serviceName="shop", label="web", digest=digest)

    assert code == "NotFoundException"


def test_keeps_blobs_that_another_image_needs(
    registry: Any, manifest: Any, clock: Any, api: Any, server: LightsailServer
) -> None:
    first, second = manifest(), manifest(annotations={"a": "b"})
    registry.put_manifest("first", first)
    registry.put_manifest("second", second)
    digest = digest_of(second)
    api.register_container_image(serviceName="shop", label="web", digest=digest)
    clock.now += 3600

    assert server.images.manifest(digest_of(first)) is None
    assert server.images.platforms(digest) == ("linux/amd64",)


def test_forgets_an_image_once_it_is_registered_no_more(
    api: Any, register: Any, clock: Any, server: LightsailServer
) -> None:
    image = register()
    clock.now += 3600
    [digest] = {
        each["digest"] for each in api.get_container_images(serviceName="shop")["containerImages"]
    }
    assert server.images.manifest(digest)

    api.delete_container_image(serviceName="shop", image=image)

    assert server.images.manifest(digest) is None


def test_keeps_the_images_of_an_index_that_is_registered(
    api: Any, clock: Any, server: LightsailServer, push_index: Any, behaviour: Behaviour
) -> None:
    digest = push_index()
    api.register_container_image(serviceName="shop", label="web", digest=digest)
    clock.now += 3600

    assert server.images.platforms(digest) == ("index", "linux/amd64")


def test_an_index_with_an_amd64_image_can_be_deployed(
    api: Any, clock: Any, push_index: Any, deploy: Any
) -> None:
    api.register_container_image(serviceName="shop", label="web", digest=push_index())
    deploy(":shop.web.1")
    clock.now += 10

    [deployment] = api.get_container_service_deployments(serviceName="shop")["deployments"]
    assert deployment["state"] == "ACTIVE"


def test_refuses_an_index_where_u4_refuses_it(
    behaviour: Behaviour, push_index: Any, refused: Any
) -> None:
    behaviour.other_platforms = "refused"

    code, _ = refused(
        "register_container_image", serviceName="shop", label="web", digest=push_index()
    )

    assert code == "InvalidInputException"


@pytest.mark.parametrize(
    ("config", "platform"),
    [
        (b'{"os": "linux", "architecture": "arm64"}', "linux/arm64"),
        (b'{"os": "", "architecture": ""}', "linux/amd64"),
        (b'{"os": "Linux", "architecture": "x86_64"}', "linux/amd64"),
        (b'{"os": "linux", "architecture": 7}', "none"),
    ],
)
def test_reads_the_platform_of_a_config_that_came_in_pieces(
    registry: Any, manifest: Any, server: LightsailServer, config: bytes, platform: str
) -> None:
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]
    location = registry("PATCH", location, config[:9]).headers["Location"]
    registry("PUT", f"{location}&digest={digest_of(config)}", config[9:])
    descriptor = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest_of(config),
        "size": len(config),
    }
    registry.put_manifest("tag", manifest(config=descriptor))

    assert server.images.platforms("tag") == (platform,)


def test_keeps_no_layer_in_memory_and_no_file(
    registry: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: LightsailServer
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    piece, pieces = bytes(1 << 20), 64
    digest = digest_of(piece * pieces)
    location = registry("POST", "/v2/sr/blobs/uploads/").headers["Location"]
    tracemalloc.start()

    registry("PATCH", location, iter([piece] * pieces), {"Transfer-Encoding": "chunked"})

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20
    newest = registry("GET", location).headers["Location"]
    assert registry("PUT", f"{newest}&digest={digest}").status == 201
    assert server.images.blob_size(digest) == len(piece) * pieces
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("config", [b"no JSON", b"[]", b"[]".ljust((1 << 20) + 1)])
def test_an_artifact_has_no_platform(
    registry: Any, manifest: Any, server: LightsailServer, config: bytes
) -> None:
    descriptor = {
        "mediaType": "application/octet-stream",
        "digest": registry.upload(config),
        "size": len(config),
    }
    artifact = manifest(config=descriptor)
    registry.put_manifest("tag", artifact)

    assert server.images.platforms(digest_of(artifact)) == ("none",)
