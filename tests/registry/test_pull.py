"""Blobs on their way out of a registry."""

import pytest

from cdk_lightsail_containers_handler.registry.descriptor import Descriptor
from cdk_lightsail_containers_handler.registry.errors import (
    DeadlineExceeded,
    DigestMismatch,
    Missing,
    TransportError,
)
from cdk_lightsail_containers_handler.registry.pull import RegistryBlob
from fake_registry import Act
from image_copying import Copying
from lightsail_local.wire.http_server import Connection
from oci_images import OCI_LAYER, digest_of, some_bytes
from registry_faults import cut, status

CONTENT = some_bytes(300_000, "pull")
BLOB = Descriptor(media_type=OCI_LAYER, digest=digest_of(CONTENT), size=len(CONTENT))


@pytest.fixture
def pulling(copying: Copying) -> Copying:
    copying.source.blobs[BLOB.digest] = CONTENT
    return copying


def reader_of(pulling: Copying) -> RegistryBlob:
    return pulling.repository(pulling.source, "web:1").open_blob(BLOB)


def read_all(reader: RegistryBlob) -> bytes:
    buffer, content = memoryview(bytearray(70_000)), bytearray()
    while count := reader.readinto(buffer):
        content += buffer[:count]
    reader.close()
    return bytes(content)


def chunked(content: bytes, end: bytes = b"0\r\n\r\n") -> Act:
    def act(connection: Connection) -> bool:
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(content), 50_000):
            piece = content[at : at + 50_000]
            connection.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.wfile.write(end)
        connection.close_connection = True
        return True

    return act


def test_fills_the_buffer_but_at_the_end(pulling: Copying) -> None:
    reader = reader_of(pulling)
    buffer = memoryview(bytearray(70_000))

    counts = [reader.readinto(buffer) for _ in range(6)]

    assert counts == [70_000] * 4 + [20_000, 0]


def test_reads_a_blob_of_unknown_length(pulling: Copying) -> None:
    pulling.source.fail("GET", chunked(CONTENT))

    assert read_all(reader_of(pulling)) == CONTENT


def test_a_blob_that_is_whole_need_not_end_well(pulling: Copying) -> None:
    pulling.source.fail("GET", chunked(CONTENT, end=b"x"))

    assert read_all(reader_of(pulling)) == CONTENT


def test_a_blob_that_goes_on_is_refused(pulling: Copying) -> None:
    pulling.source.fail("GET", chunked(CONTENT + b"more"))

    with pytest.raises(DigestMismatch, match=r"has more bytes of sha256:.* not 300000 as"):
        read_all(reader_of(pulling))


def test_goes_on_where_a_blob_without_a_length_broke(pulling: Copying) -> None:
    pulling.source.fail("GET", chunked(CONTENT[:100_000], end=b""))

    assert read_all(reader_of(pulling)) == CONTENT


def test_asks_for_the_whole_blob_again_if_nothing_came(pulling: Copying) -> None:
    pulling.source.fail("GET", cut(0))

    assert read_all(reader_of(pulling)) == CONTENT
    assert "Range" not in pulling.source.seen[-1].headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 5-299999/300000"},
        {"Content-Range": "bytes 200000-299999/300000"},
        {"Content-Range": "nonsense"},
        {},
    ],
)
def test_refuses_another_part_than_was_asked_for(pulling: Copying, headers: dict[str, str]) -> None:
    pulling.source.fail("GET", cut(100_000))
    pulling.source.fail("GET", status(206, headers, CONTENT[200_000:]))

    with pytest.raises(DigestMismatch, match="has something else of sha256:"):
        read_all(reader_of(pulling))


def test_a_part_that_begins_earlier_is_read_from_where_it_is_wanted(pulling: Copying) -> None:
    pulling.source.fail("GET", cut(100_000))
    headers = {"Content-Range": "bytes 50000-299999/*"}
    pulling.source.fail("GET", status(206, headers, CONTENT[50_000:]))

    assert read_all(reader_of(pulling)) == CONTENT


def test_a_blob_that_has_become_shorter_is_refused(pulling: Copying) -> None:
    pulling.source.fail("GET", cut(100_000))
    pulling.source.fail("GET", status(416))

    with pytest.raises(DigestMismatch, match="has something else"):
        read_all(reader_of(pulling))


@pytest.mark.parametrize("count", [50_000, 99_999])
def test_breaks_on_the_way_to_where_it_was_count_as_well(pulling: Copying, count: int) -> None:
    pulling.source.knows_ranges = False

    def again(connection: Connection) -> bool:
        del connection.headers["Range"]
        return bool(cut(count)(connection))

    pulling.source.fail("GET", cut(100_000))
    pulling.source.fail("GET", again, times=3)

    with pytest.raises(TransportError, match="did not give blob sha256:"):
        read_all(reader_of(pulling))


def test_is_out_of_time_while_it_waits_to_go_on(pulling: Copying) -> None:
    class NoTimeForPauses:
        """A deadline that leaves time for an answer, and none for a pause."""

        def left(self) -> float:
            return 60.0

        def back_off(self, attempt: int) -> bool:
            return False

    pulling.deadline = NoTimeForPauses()  # type: ignore[assignment]
    pulling.source.fail("GET", cut(100_000))

    with pytest.raises(DeadlineExceeded, match="did not give blob"):
        read_all(reader_of(pulling))


def test_may_be_closed_before_it_was_read(pulling: Copying) -> None:
    reader_of(pulling).close()
    half_read = reader_of(pulling)
    half_read.readinto(memoryview(bytearray(10)))
    half_read.close()

    assert not pulling.connections._used


def test_a_refusal_leaves_its_connection_to_the_next_request(pulling: Copying) -> None:
    pulling.source.fail("GET", status(404))
    reader = reader_of(pulling)

    with pytest.raises(Missing):
        read_all(reader)
    reader.close()

    assert read_all(reader_of(pulling)) == CONTENT
    assert pulling.source.connections == 1
