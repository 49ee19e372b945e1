"""Amazon ECR: what its API says, and its registry as engines and functions speak to it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import certificates
import oci_images
from ecr_client import EcrClient, login_of
from lightsail_local.ecr.registry import EcrRegistry
from lightsail_local.ecr.tokens import Home, Tokens
from lightsail_local.engine.engine import Engine
from lightsail_local.images.manifest import Manifest

LAYER = bytes(range(256)) * 8192


@pytest.fixture
def registry(engine: Engine, ecr: Any) -> EcrClient:
    """The registry of the account's Region, for a client that has logged in."""
    return EcrClient.of_api(ecr, engine.ecr, engine.certificate)


@pytest.fixture
def made() -> oci_images.Made:
    return oci_images.image(LAYER, b"another")


def test_an_image_that_is_not_there_is_an_error(ecr: Any) -> None:
    with pytest.raises(ClientError, match="does not exist in the repository 'web'") as caught:
        ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "1"}])

    assert caught.value.response["Error"]["Code"] == "ImageNotFoundException"


def test_an_image_that_is_there_is_described(ecr: Any) -> None:
    ecr.put_image(repositoryName="web", imageManifest="{}", imageTag="1")

    found = ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "1"}])

    assert [image["imageTags"] for image in found["imageDetails"]] == [["1"]]


def test_a_repository_has_no_images_without_any_error(ecr: Any) -> None:
    assert ecr.describe_images(repositoryName="web")["imageDetails"] == []


def test_a_repository_that_is_not_there_is_another_error(ecr: Any) -> None:
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.describe_images(repositoryName="gone", imageIds=[{"imageTag": "1"}])


def test_what_is_pushed_is_pulled_and_described(
    registry: EcrClient, ecr: Any, made: oci_images.Made
) -> None:
    pushed = registry.push("web", made, "1")

    assert (pushed.status, pushed.headers["Docker-Content-Digest"]) == (201, made.digest)
    for reference in ("1", made.digest):
        got = registry.send("GET", f"/v2/web/manifests/{reference}")
        assert (got.status, got.body) == (200, made.content)
        assert got.headers["Content-Type"] == made.media_type
    for digest, content in made.blobs.items():
        assert registry.send("GET", f"/v2/web/blobs/{digest}").body == content
    (image,) = ecr.describe_images(repositoryName="web")["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (made.digest, ["1"])
    assert json.loads(registry.send("GET", "/v2/web/tags/list").body)["tags"] == ["1"]
    (repository,) = ecr.describe_repositories(repositoryNames=["web"])["repositories"]
    assert repository["repositoryUri"] == f"{registry.host}/web"


def test_its_blobs_are_files_in_the_engine_s_folder(
    registry: EcrClient, engine: Engine, made: oci_images.Made
) -> None:
    registry.push("web", made, "1")

    files = [file for file in (engine.folder / "ecr").rglob("*") if file.is_file()]
    assert {file.read_bytes() for file in files} == set(made.blobs.values())


def test_an_index_needs_its_images(registry: EcrClient) -> None:
    arm, amd = (oci_images.image(b"x", platform=f"linux/{name}") for name in ("arm64", "amd64"))
    index = oci_images.index(arm, amd)
    registry.push("web", arm, arm.digest)
    path = "/v2/web/manifests/all"
    assert registry.send("PUT", path, index.content, Content_Type=index.media_type).code == (
        "MANIFEST_BLOB_UNKNOWN"
    )

    registry.push("web", amd, amd.digest)

    assert registry.send("PUT", path, index.content, Content_Type=index.media_type).status == 201


def test_a_manifest_whose_layers_are_missing_or_of_another_size_is_refused(
    registry: EcrClient, made: oci_images.Made
) -> None:
    path = "/v2/web/manifests/1"
    missing = registry.send("PUT", path, made.content, Content_Type=made.media_type)
    registry.push("web", made, "2")
    other = made.content.replace(b'"size": 7', b'"size": 8')
    wrong = registry.send("PUT", path, other, Content_Type=made.media_type)

    assert (missing.status, missing.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert (wrong.status, wrong.code) == (400, "SIZE_INVALID")
    assert registry.send("GET", path).code == "MANIFEST_UNKNOWN"


def test_a_blob_comes_in_chunks_too(registry: EcrClient) -> None:
    digest = oci_images.digest_of(LAYER)
    half = len(LAYER) // 2
    where = registry.begin("web")
    first = registry.send("PATCH", where, LAYER[:half], Content_Range=f"0-{half - 1}")
    assert (first.status, first.headers["Range"]) == (202, f"0-{half - 1}")
    where = first.headers["Location"]
    assert registry.send("PATCH", where, b"x", Content_Range="0-0").status == 416

    second = registry.send("PATCH", where, LAYER[half:], Content_Range=f"{half}-{len(LAYER) - 1}")
    last = registry.send("PUT", f"{second.headers['Location']}&digest={digest}")

    assert last.status == 201
    assert registry.send("GET", f"/v2/web/blobs/{digest}").body == LAYER


def test_a_blob_with_another_digest_is_refused(registry: EcrClient) -> None:
    digest = oci_images.digest_of(b"what was meant")

    answer = registry.send("PUT", f"{registry.begin('web')}&digest={digest}", b"what came")

    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registry.send("GET", f"/v2/web/blobs/{digest}").code == "BLOB_UNKNOWN"


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=10-19", 206, (10, 20)),
        ("bytes=2097150-", 206, (2097150, 2097152)),
        ("bytes=-3", 206, (2097149, 2097152)),
        ("bytes=0-99999999", 206, (0, 2097152)),
        ("bytes=2097152-", 416, (0, 0)),
        ("bytes=-0", 416, (0, 0)),
        ("bytes=-", 200, (0, 2097152)),
        ("bytes=0-1,4-5", 200, (0, 2097152)),
        ("lines=1-2", 200, (0, 2097152)),
    ],
)
def test_a_part_of_a_blob_is_answered(
    registry: EcrClient, asked: str, status: int, span: tuple[int, int]
) -> None:
    digest = oci_images.digest_of(LAYER)
    registry.push_blob("web", digest, LAYER)

    got = registry.send("GET", f"/v2/web/blobs/{digest}", Range=asked)

    start, end = span
    assert (got.status, got.body) == (status, LAYER[start:end])
    assert (
        got.headers.get("Content-Range")
        == {
            200: None,
            206: f"bytes {start}-{end - 1}/{len(LAYER)}",
            416: f"bytes */{len(LAYER)}",
        }[status]
    )


def test_a_client_without_a_login_is_asked_for_one(registry: EcrClient) -> None:
    for login in ("", login_of("AWS", "guessed"), login_of("root", "guessed")):
        registry.login = login
        refused = registry.send("GET", "/v2/")

        assert (refused.status, refused.code) == (401, "UNAUTHORIZED")
        assert refused.headers["WWW-Authenticate"] == (
            f'Basic realm="https://{registry.host}/",service="ecr.amazonaws.com"'
        )


def test_what_it_does_not_know_is_refused(registry: EcrClient) -> None:
    assert registry.send("GET", "/v2/").status == 200
    assert registry.send("POST", "/v2/none/blobs/uploads/").code == "NAME_UNKNOWN"
    assert registry.send("GET", "/elsewhere").code == "NAME_UNKNOWN"
    assert registry.send("DELETE", "/v2/web/manifests/1").code == "UNSUPPORTED"
    registry.name = "example.com"
    assert registry.send("GET", "/v2/").status == 421


def test_an_immutable_tag_stays(registry: EcrClient, ecr: Any, made: oci_images.Made) -> None:
    ecr.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
    registry.push("web", made, "1")

    again = registry.push("web", made, "1")
    other = registry.push("web", oci_images.image(b"other"), "1")

    assert again.status == 201
    assert (other.status, other.code) == (400, "TAG_INVALID")
    assert registry.send("GET", "/v2/web/manifests/1").body == made.content


def test_blobs_that_no_image_has_go_with_a_deleted_image(
    registry: EcrClient, ecr: Any, made: oci_images.Made
) -> None:
    kept = oci_images.image(LAYER)
    registry.push("web", made, "1")
    registry.push("web", kept, "2")

    ecr.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "1"}])

    gone, shared = oci_images.digest_of(b"another"), oci_images.digest_of(LAYER)
    assert registry.send("HEAD", f"/v2/web/blobs/{gone}").status == 404
    assert registry.send("HEAD", f"/v2/web/blobs/{shared}").status == 200
    assert registry.send("GET", "/v2/web/manifests/1").code == "MANIFEST_UNKNOWN"


def test_an_image_that_was_never_pushed_here_is_deleted(ecr: Any) -> None:
    ecr.create_repository(repositoryName="quiet")
    ecr.put_image(repositoryName="quiet", imageManifest="{}", imageTag="1")

    deleted = ecr.batch_delete_image(repositoryName="quiet", imageIds=[{"imageTag": "1"}])

    assert len(deleted["imageIds"]) == 1
    ecr.delete_repository(repositoryName="quiet")


def test_a_repository_that_is_made_anew_is_empty(
    registry: EcrClient, ecr: Any, made: oci_images.Made
) -> None:
    ecr.create_repository(repositoryName="shop/web")
    registry.push("shop/web", made, "1")
    ecr.delete_repository(repositoryName="shop/web", force=True)
    assert registry.send("GET", "/v2/shop/web/manifests/1").code == "NAME_UNKNOWN"

    ecr.create_repository(repositoryName="shop/web")

    digest = oci_images.digest_of(LAYER)
    assert registry.send("HEAD", f"/v2/shop/web/blobs/{digest}").status == 404
    ecr.delete_repository(repositoryName="shop/web")


def test_accounts_and_regions_have_registries_of_their_own(
    engine: Engine, registry: EcrClient, made: oci_images.Made
) -> None:
    session = boto3.Session("123456789012", "local", region_name="eu-west-1")
    with contextlib.closing(
        session.client("ecr", endpoint_url=engine.url, verify=str(engine.certificate))
    ) as theirs:
        theirs.create_repository(repositoryName="theirs")
        other = EcrClient.of_api(theirs, engine.ecr, engine.certificate)

        assert other.push("theirs", made, "1").status == 201

    assert registry.send("GET", "/v2/theirs/manifests/1").code == "NAME_UNKNOWN"
    registry.name = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert registry.send("GET", "/v2/theirs/manifests/1").body == made.content


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_functions_reach_it_by_amazon_ecr_s_own_name(
    engine: Engine, function_on: Callable[..., Any], region: str
) -> None:
    function = function_on(
        engine,
        f"""
    address = "https://000000000000.dkr.ecr.{region}.amazonaws.com/v2/"
    try:
        urllib.request.urlopen(address)
    except urllib.error.HTTPError as error:
        return error.code, error.headers["WWW-Authenticate"]
""",
    )

    status, challenge = function()

    assert status == 401
    assert f"https://000000000000.dkr.ecr.{region}.amazonaws.com/" in challenge


class NoImages:
    """Records of a repository that exists, and holds nothing."""

    def created(self, home: Home, repository: str) -> object | None:
        return self

    def manifest(self, home: Home, repository: str, reference: str) -> tuple[str, bytes] | None:
        return None

    def add(self, home: Home, repository: str, manifest: Manifest, tag: str | None) -> None:
        raise AssertionError(tag)

    def tags(self, home: Home, repository: str) -> list[str]:
        return []


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[tuple[EcrClient, list[float]]]:
    """A registry whose time a test tells, and a client of it."""
    now = [0.0]
    tokens = Tokens(clock=lambda: now[0])
    certificate = certificates.certificate(tmp_path, "localhost")
    served = EcrRegistry(
        certificate=certificate.certificate,
        key=certificate.key,
        folder=tmp_path / "ecr",
        records=NoImages(),
        tokens=tokens,
    )
    token = tokens.create(Home("000000000000", "us-east-1"))
    host = f"localhost:{served.host.rpartition(':')[2]}"
    yield EcrClient(host, certificate.certificate, login_of("AWS", token.password)), now
    served.close()


def test_a_login_ends_after_twelve_hours(short_lived: tuple[EcrClient, list[float]]) -> None:
    registry, now = short_lived
    now[0] = 12 * 60 * 60 - 1
    assert registry.send("GET", "/v2/web/tags/list").status == 200

    now[0] += 1

    refused = registry.send("GET", "/v2/web/tags/list")
    assert (refused.status, refused.code) == (403, "DENIED")
    assert "token has expired" in refused.body.decode()


@pytest.mark.skipif(not Path("/proc").exists(), reason="memory is read there")
def test_a_large_image_passes_without_being_held_in_memory(
    engine: Engine, registry: EcrClient
) -> None:
    content = os.urandom(1 << 20) * 200
    digest = oci_images.digest_of(content)
    assert engine._process
    status = Path(f"/proc/{engine._process.pid}/status")
    before = peak(status)

    registry.push_blob("web", digest, content)
    assert registry.send("GET", f"/v2/web/blobs/{digest}").body == content

    assert peak(status) - before < 60 << 10


def peak(status: Path) -> int:
    """Return the most memory that a process ever had, in KiB."""
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])
