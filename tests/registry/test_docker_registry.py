"""Copies between Debian's docker-registries, read back with skopeo."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import certificates
from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.copy import CopyResult, copy_image
from cdk_lightsail_containers_handler.registry.errors import Missing, Unauthorized
from cdk_lightsail_containers_handler.registry.found_image import find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository
from docker_registry import PASSWORD, USERNAME, DockerRegistry, docker_registry
from fake_registry import fake_registry
from installed import needs
from oci_images import (
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Made,
    image,
    layers,
    multi_arch,
    push,
    to_json,
)
from token_service import token_service

pytestmark = needs("docker-registry", "skopeo")


@pytest.fixture(autouse=True)
def no_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep skopeo from the user's own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # REGISTRY_* are docker-registry's own


ROBOT = Credentials(username=USERNAME, password=PASSWORD)


@pytest.fixture(scope="module")
def open_registry() -> Iterator[DockerRegistry]:
    with docker_registry() as registry:
        yield registry


@pytest.fixture(scope="module")
def closed_registry() -> Iterator[DockerRegistry]:
    with docker_registry(with_login=True) as registry:
        yield registry


def copy(source: str, destination: str, credentials: Credentials | None = ROBOT) -> CopyResult:
    deadline = Deadline(ends=time.monotonic() + 60)
    with Connections() as connections:
        pulled = Repository(
            Reference.parse(source),
            connections=connections,
            deadline=deadline,
            credentials=lambda: credentials,
        )
        return copy_image(
            pulled,
            Repository(
                Reference.parse(destination),
                connections=connections,
                deadline=deadline,
                credentials=lambda: credentials,
                is_pushed_to=True,
            ),
            find_image(pulled),
            deadline=deadline,
        )


def assert_arrived(reference: str, made: Made, folder: Path, login: Credentials | None) -> None:
    """Fetch an image with skopeo, and compare each byte."""
    command = ["skopeo", "copy", "--src-tls-verify=false"]
    if login:
        command += [f"--src-creds={login.username}:{login.password}"]
    command += [f"docker://{reference}", f"dir:{folder / 'back'}"]
    subprocess.run(command, check=True, capture_output=True)
    assert (folder / "back/manifest.json").read_bytes() == made.content
    for digest, blob in made.blobs.items():
        assert (folder / "back" / digest.removeprefix("sha256:")).read_bytes() == blob


@pytest.mark.parametrize("docker", [True, False])
def test_what_arrives_is_what_was_there_byte_for_byte(
    open_registry: DockerRegistry, closed_registry: DockerRegistry, tmp_path: Path, docker: bool
) -> None:
    made = image(*layers(3, 700_000, f"{docker}"), b"small", docker=docker)
    name = "docker" if docker else "oci"
    push(open_registry.host, name, made, "1")
    to = f"{closed_registry.host}/of-{name}:1"

    result = copy(f"{open_registry.host}/{name}:1", to)

    assert (result.digest, result.copied) == (made.digest, 5)
    assert_arrived(to, made, tmp_path, ROBOT)


def test_the_amd64_image_of_an_index_comes_out_of_a_registry_with_a_login(
    open_registry: DockerRegistry, closed_registry: DockerRegistry, tmp_path: Path
) -> None:
    made = multi_arch(*layers(2, 300_000, "index"))
    push(closed_registry.host, "acme/web", made, "1", ROBOT.header)
    to = f"{open_registry.host}/acme/copies:1"

    copy(f"{closed_registry.host}/acme/web:1", to)

    assert_arrived(to, made.manifests[-1], tmp_path, None)


def test_a_second_tag_costs_no_blob(open_registry: DockerRegistry) -> None:
    made = image(*layers(3, 10_000, "again"))
    push(open_registry.host, "again", made, "1")
    first = copy(f"{open_registry.host}/again:1", f"{open_registry.host}/others/again:1")
    second = copy(f"{open_registry.host}/again:1", f"{open_registry.host}/others/again:2")

    assert (first.copied, first.bytes > 0) == (4, True)
    assert (second.skipped, second.bytes) == (4, 0)


def test_tokens_of_a_token_service_open_both_sides(
    tmp_path: Path, open_registry: DockerRegistry
) -> None:
    made = image(*layers(2, 300_000, "token"))
    push(open_registry.host, "token", made, "1")
    certificate = certificates.certificate(tmp_path, "tokens.test")
    with (
        token_service(certificate, ROBOT.header) as service,
        docker_registry(auth=service.auth) as registry,
    ):
        copy(f"{open_registry.host}/token:1", f"{registry.host}/acme/sr:1")
        result = copy(f"{registry.host}/acme/sr:1", f"{registry.host}/acme/other:1")

    assert (result.digest, result.copied) == (made.digest, 3)
    assert service.scopes == [
        ["repository:acme/sr:pull,push"],
        ["repository:acme/sr:pull"],
        ["repository:acme/other:pull,push"],
    ]


@pytest.mark.parametrize("credentials", [None, Credentials(username="robot", password="guess")])
def test_a_wrong_login_is_told_without_it(
    closed_registry: DockerRegistry, open_registry: DockerRegistry, credentials: Credentials | None
) -> None:
    made = image(b"login")
    push(open_registry.host, "login", made, "1")

    with pytest.raises(Unauthorized, match=r"did not give manifest 1 of web \(401") as pulled:
        copy(f"{closed_registry.host}/web:1", f"{open_registry.host}/x:1", credentials)
    with pytest.raises(Unauthorized, match=r"did not take blob .* into sr \(401") as pushed:
        copy(f"{open_registry.host}/login:1", f"{closed_registry.host}/sr:1", credentials)

    assert "guess" not in f"{pulled.value}{pushed.value}"


@pytest.mark.parametrize("docker", [True, False], ids=["docker", "oci"])
@pytest.mark.parametrize(
    "told", [DOCKER_MANIFEST, OCI_MANIFEST, "application/json", "application/octet-stream"]
)
def test_a_manifest_that_does_not_name_its_type_arrives_under_each_type_that_it_is_served_as(
    open_registry: DockerRegistry, tmp_path: Path, told: str, docker: bool
) -> None:
    given = image(*layers(2, 1000, told), docker=docker)
    document = json.loads(given.content)
    del document["mediaType"]
    made = Made(content=to_json(document), media_type=told, blobs=given.blobs)
    to = f"{open_registry.host}/unnamed:1"

    with fake_registry() as source:
        source.add(made, "1")
        result = copy(f"{source.host}/web:1", to)

    assert result.digest == made.digest
    assert_arrived(to, made, tmp_path, None)


def test_a_repository_that_does_not_exist_is_named(open_registry: DockerRegistry) -> None:
    with pytest.raises(Missing, match=r"manifest 1 of no/such \(404 MANIFEST_UNKNOWN"):
        copy(f"{open_registry.host}/no/such:1", f"{open_registry.host}/x:1")


def test_what_skopeo_pushed_is_copied_too(open_registry: DockerRegistry, tmp_path: Path) -> None:
    made = image(*layers(1, 1000, "skopeo"), docker=True)
    push(open_registry.host, "before", made, "1")
    ours, theirs = (f"{open_registry.host}/{name}:1" for name in ("ours", "theirs"))
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    source = f"docker://{open_registry.host}/before:1"
    command = ["skopeo", "copy", "--format=oci", *plain, source, f"docker://{theirs}"]
    subprocess.run(command, check=True, capture_output=True)

    copy(theirs, ours)

    raw = ["skopeo", "inspect", "--raw", "--tls-verify=false"]
    both = [
        subprocess.run([*raw, f"docker://{name}"], check=True, capture_output=True).stdout
        for name in (ours, theirs)
    ]
    assert both[0] == both[1]
    assert json.loads(both[0])["schemaVersion"] == 2
