"""The registry that an image is pushed to, and what it might say."""

from collections.abc import Iterator

import pytest

from cdk_lightsail_containers_handler.registry.errors import (
    DigestMismatch,
    RegistryError,
    TransportError,
)
from cdk_lightsail_containers_handler.registry.http.connection import Connections, Timeouts
from fake_registry import BASIC, FakeRegistry, fake_registry
from image_copying import Copying
from lightsail_local.wire.http_server import Connection
from lying_answers import Says, head
from oci_images import digest_of, image, some_bytes
from registry_faults import status

LAYER = some_bytes(600_000, "layer")
MADE = image(LAYER)


@pytest.fixture
def copying(source: FakeRegistry) -> Iterator[Copying]:
    with (
        fake_registry(login="basic") as destination,
        Connections(timeouts=Timeouts(connect=60, read=60, take=60, explain=60)) as connections,
    ):
        source.add(MADE, "1")
        yield Copying(source=source, destination=destination, connections=connections)


def refused(copying: Copying, kind: type[RegistryError]) -> str:
    """Return why the image does not arrive; nothing of it is left half done."""
    with pytest.raises(RegistryError) as caught:
        copying.copy()
    assert type(caught.value) is kind, caught.value
    assert not copying.destination.manifests
    return str(caught.value)


@pytest.mark.parametrize(
    "location",
    [
        "",
        "https://169.254.169.254/upload",
        "https://0xa9fea9fe/upload",
        "https://[fd00:ec2::254]/upload",
        "http://upload.example/upload",
        "file:///tmp/upload",
        "https://robot:secret@upload.example/",
        "https://" + "a" * 64 + ".example/upload",
        "/v2/sr/blobs/uploads/1\x0b",
        "/v2/" + "x" * 9000,
    ],
)
def test_an_upload_goes_only_to_where_a_registry_has_any_business(
    copying: Copying, location: str
) -> None:
    answer = head("202 Accepted", f"Location: {location}", "Content-Length: 0")
    copying.destination.fail("POST", Says(first=answer, keeps=True), times=100)

    with pytest.raises(RegistryError, match=r"leads to .*: check that it is the registry"):
        copying.copy()

    assert not [line for line in copying.destination.lines() if line.startswith("PUT")]


@pytest.mark.parametrize("line", ["POST", "PUT .*uploads"])
def test_an_upload_that_goes_elsewhere_takes_no_login_there(
    copying: Copying, elsewhere: FakeRegistry, line: str
) -> None:
    def lead(connection: Connection) -> bool:
        elsewhere.open_uploads["there"] = bytearray()
        place = {"Location": f"http://{elsewhere.host}/v2/sr/blobs/uploads/there"}
        code = 202 if line == "POST" else 307
        return bool(status(code, place)(connection))

    copying.destination.fail(line, lead)

    copying.copy(workers=1)

    assert elsewhere.blobs
    assert not [seen for seen in elsewhere.seen if BASIC in seen.headers.values()]


def test_an_upload_that_is_sent_round_in_a_circle_is_given_up(copying: Copying) -> None:
    def again(connection: Connection) -> bool:
        (name, *_) = copying.destination.open_uploads
        place = {"Location": f"/v2/sr/blobs/uploads/{name}"}
        return bool(status(307, place)(connection))

    copying.destination.fail("PUT .*uploads", again, times=1000)

    with pytest.raises(RegistryError, match="wants the blob elsewhere"):
        copying.copy(workers=1)

    assert len(copying.destination.lines("PUT")) < 10
    assert not copying.destination.manifests
    assert not copying.destination.open_uploads


@pytest.mark.parametrize("length", ["9" * 5000, "1" + "0" * 20, "599999"])
def test_a_blob_that_it_has_in_another_size_is_refused(copying: Copying, length: str) -> None:
    answer = head("200 OK", f"Content-Length: {length}")
    pattern = f"HEAD .*{digest_of(LAYER)}"
    copying.destination.fail(pattern, Says(first=answer, keeps=True), times=100)

    assert f"not {len(LAYER)} as its manifest says" in refused(copying, DigestMismatch)
    assert not copying.destination.open_uploads


@pytest.mark.parametrize("length", ["", "0", "00", "-5", "two", "600_000", "0600000"])
def test_a_blob_that_it_has_in_a_size_that_says_nothing_is_there(
    copying: Copying, length: str
) -> None:
    copying.destination.blobs[digest_of(LAYER)] = LAYER
    answer = head("200 OK", f"Content-Length: {length}")
    pattern = f"HEAD .*{digest_of(LAYER)}"
    copying.destination.fail(pattern, Says(first=answer, keeps=True), times=100)

    assert copying.copy().skipped == 1


@pytest.mark.parametrize(
    ("pattern", "first", "then"),
    [
        ("HEAD .*blobs", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        ("HEAD .*manifests", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        ("POST", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        ("PUT .*uploads", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        ("PUT .*manifests", b"HTTP/1.1 500 Oh\r\nX: ", b"y" * 60_000),
        ("PUT .*manifests", b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 1000),
    ],
)
def test_an_answer_without_an_end_is_left(
    copying: Copying, pattern: str, first: bytes, then: bytes
) -> None:
    copying.destination.blobs[digest_of(LAYER)] = LAYER  # it is asked for the manifest then
    lie = Says(first=first, then=then)
    copying.destination.fail(pattern, lie, times=1000)

    refused(copying, TransportError)

    assert lie.sent < 2 << 20
    assert not copying.destination.open_uploads


@pytest.mark.parametrize(
    ("pattern", "code"), [("POST", "202 Accepted"), ("PUT .*uploads", "201 Created")]
)
def test_a_body_of_an_answer_that_needs_none_is_not_read_to_its_end(
    copying: Copying, pattern: str, code: str
) -> None:
    def act(connection: Connection) -> bool:
        return lie(connection)

    lie = Says(
        first=head(code, "Location: /v2/sr/blobs/uploads/upload-0", "X: y"), then=b"x" * 60_000
    )
    copying.destination.open_uploads["upload-0"] = bytearray()
    copying.destination.fail(pattern, act, times=1)

    copying.copy(workers=1)

    assert lie.sent < 1 << 20


@pytest.mark.parametrize("told", ["sha256:" + "0" * 64, "sha256:", "sha256:" + "x" * 60_000])
def test_a_manifest_that_it_keeps_as_another_is_an_error(copying: Copying, told: str) -> None:
    answer = head("201 Created", f"Docker-Content-Digest: {told}", "Content-Length: 0")
    copying.destination.fail("PUT .*manifests", Says(first=answer))

    message = refused(copying, DigestMismatch)

    assert f"keeps {MADE.digest} as sha256:" in message
    assert len(message) < 300
