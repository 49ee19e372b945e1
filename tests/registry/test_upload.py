"""Blobs on their way into a registry."""

import pytest

from cdk_lightsail_containers_handler.registry.descriptor import Descriptor
from cdk_lightsail_containers_handler.registry.errors import (
    Rejected,
    TransportError,
    Unauthorized,
    UploadInterrupted,
)
from cdk_lightsail_containers_handler.registry.http.connection import Timeouts
from cdk_lightsail_containers_handler.registry.upload import Upload
from fake_registry import Act
from image_copying import Copying
from lightsail_local.wire.http_server import Answer, Connection
from oci_images import OCI_LAYER, digest_of, image, some_bytes
from registry_faults import answer_unread, early, errors, reset_after, status

# More than the kernel takes on behalf of a registry that reads nothing.
HUGE = some_bytes(24 << 20, "huge")
BIG = some_bytes(600_000, "upload")


def answer_and_read_nothing(code: int) -> Act:
    def act(connection: Connection) -> bool:
        answer_unread(connection, code)
        connection.hang(None)
        return True

    return act


def test_reads_why_an_upload_is_refused_before_it_is_complete(copying: Copying) -> None:
    copying.connections.timeouts = Timeouts(read=1, explain=60)
    copying.source.add(image(HUGE), "1")
    copying.destination.fail(f"PUT .*{digest_of(HUGE)}", answer_and_read_nothing(413))

    with pytest.raises(Rejected, match=r"did not take blob sha256:[0-9a-f]{12} \(413\)"):
        copying.copy()

    assert not copying.destination.open_uploads


def test_an_upload_that_is_reset_is_begun_again(copying: Copying) -> None:
    copying.source.add(image(HUGE), "1")

    def stop(connection: Connection) -> bool:
        connection.rfile.read(1000)
        connection.reset()
        return True

    copying.destination.fail(f"PUT .*{digest_of(HUGE)}", stop)

    copying.copy()

    assert copying.destination.blobs[digest_of(HUGE)] == HUGE
    assert not copying.destination.open_uploads


def test_a_registry_that_cannot_be_reached_for_the_blob_is_told(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    place = {"Location": "http://127.0.0.1:9/v2/sr/blobs/uploads/1"}
    copying.destination.fail("POST", status(202, place), times=99)

    with pytest.raises(TransportError, match=r"127\.0\.0\.1:9 did not take blob .* refused\)"):
        copying.copy()


def test_a_registry_that_never_answers_the_whole_blob_is_told(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")

    def swallow(connection: Connection) -> bool:
        for _ in connection.body:
            pass
        connection.reset()
        return True

    copying.destination.fail(f"PUT .*{digest_of(BIG)}", swallow, times=3)

    with pytest.raises(TransportError, match=r"did not take blob sha256:"):
        copying.copy()


def chunked_only(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    copying.destination.uploads = "chunked"


def test_a_patch_need_not_be_answered_with_a_new_location(copying: Copying) -> None:
    chunked_only(copying)

    def answer(connection: Connection) -> bool:
        name = connection.path.rpartition("/")[2].partition("?")[0]
        copying.destination.open_uploads[name] += b"".join(connection.body)
        connection.send(Answer(status=204))
        return True

    copying.destination.fail("PATCH", answer, times=2)

    copying.copy()

    assert copying.destination.blobs[digest_of(BIG)] == BIG


def test_an_upload_whose_closing_was_done_and_not_answered_is_done(copying: Copying) -> None:
    chunked_only(copying)
    copying.destination.fail("PUT .*uploads", errors(405, "UNSUPPORTED", "chunks only"))
    copying.destination.fail("PUT .*uploads", reset_after)

    result = copying.copy(workers=1)

    assert result.copied == 2
    assert copying.destination.blobs[digest_of(BIG)] == BIG


def test_an_upload_whose_closing_is_refused_is_told(copying: Copying) -> None:
    chunked_only(copying)
    copying.destination.fail("PUT .*uploads", errors(405, "UNSUPPORTED", "chunks only"))
    copying.destination.fail("PUT .*uploads", errors(403, "DENIED", "no room"), times=99)

    with pytest.raises(Unauthorized, match=r"\(403 DENIED, no room\)"):
        copying.copy(workers=1)


def test_a_registry_that_takes_no_way_is_told_in_its_words(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    words = errors(405, "UNSUPPORTED", "read only")
    copying.destination.fail("PUT .*uploads|PATCH", words, times=99)

    with pytest.raises(UploadInterrupted, match=r"\(405 UNSUPPORTED, read only\)"):
        copying.copy(workers=1)

    assert copying.destination.lines("PATCH")
    assert not copying.destination.open_uploads


def test_an_upload_may_be_led_on_only_to_where_a_registry_has_any_business(
    copying: Copying,
) -> None:
    copying.source.add(image(BIG), "1")
    copying.destination.fail("PUT .*uploads", early(307, {"Location": "http://169.254.169.254/"}))

    with pytest.raises(Rejected, match=r"leads to 169\.254\.169\.254 without TLS"):
        copying.copy(workers=1)


def test_a_connection_that_died_meanwhile_is_told(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    copying.find()
    repository = copying.repository(copying.source, "sr:t", is_pushed_to=True)
    blob = Descriptor(media_type=OCI_LAYER, digest=digest_of(BIG), size=len(BIG))
    upload = Upload(repository, blob)
    upload.ask()
    upload.start()
    for connections in copying.connections._idle.values():
        for connection in connections:
            connection.interrupt()

    with pytest.raises(TransportError, match=r"did not take blob .* pipe\)"):
        upload.send(memoryview(BIG))


def test_a_refusal_leaves_its_connection_to_the_next_upload(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    copying.destination.fail("PUT .*uploads", status(404))

    copying.copy(workers=1)

    assert copying.destination.blobs[digest_of(BIG)] == BIG
    assert copying.destination.connections == 1
