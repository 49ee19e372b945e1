"""The copy of an image, and what may go wrong on its way."""

import socket
import threading
import time

import pytest

from cdk_lightsail_containers_handler.registry.copy import Progress
from cdk_lightsail_containers_handler.registry.errors import (
    DeadlineExceeded,
    DigestMismatch,
    Missing,
    PlatformMissing,
    Rejected,
    TransportError,
    Unauthorized,
    Unavailable,
    Unsupported,
)
from cdk_lightsail_containers_handler.registry.http.connection import Timeouts
from fake_registry import FakeRegistry, fake_registry
from fake_server import reset
from image_copying import Copying
from lightsail_local.wire.http_server import Connection
from oci_images import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_LAYER,
    Made,
    digest_of,
    image,
    index,
    layers,
    multi_arch,
    some_bytes,
    to_json,
)
from registry_faults import cut, early, errors, reset_after, status

PIECE = 256 << 10
BIG = some_bytes(5 * PIECE + 7, "big")
BLOB = digest_of(BIG)


def is_there(made: Made, registry: FakeRegistry, tag: str = "t") -> bool:
    """Return whether an image arrived whole, byte for byte."""
    has_blobs = all(registry.blobs.get(name) == blob for name, blob in made.blobs.items())
    return registry.manifests.get(tag) == (made.media_type, made.content) and has_blobs


def is_untouched(registry: FakeRegistry) -> bool:
    return not registry.manifests and not registry.blobs and not registry.open_uploads


@pytest.mark.parametrize("docker", [True, False])
def test_copies_an_image_byte_for_byte(copying: Copying, docker: bool) -> None:
    made = image(*layers(5, 300_000), b"small", docker=docker)
    copying.source.add(made, "1")

    result = copying.copy()

    assert is_there(made, copying.destination)
    assert (result.digest, result.copied, result.skipped) == (made.digest, 7, 0)
    assert result.bytes == result.size == sum(map(len, made.blobs.values()))
    assert copying.connections.requests == len(copying.source.seen + copying.destination.seen)


def test_copies_only_the_amd64_image_of_an_index(copying: Copying) -> None:
    made = multi_arch(*layers(2, 1000))
    copying.source.add(made, "1")
    amd64 = made.manifests[-1]

    result = copying.copy()

    assert result.digest == amd64.digest
    assert is_there(amd64, copying.destination)
    assert set(copying.destination.manifests) == {"t", amd64.digest}
    assert set(copying.destination.blobs) == set(amd64.blobs)


def test_copies_the_image_of_an_index_in_an_index(copying: Copying) -> None:
    made = image(b"layer")
    copying.source.add(index(index(made)), "1")

    copying.copy()

    assert is_there(made, copying.destination)


def test_goes_no_deeper_than_an_index_in_an_index(copying: Copying) -> None:
    copying.source.add(index(index(index(image(b"layer")))), "1")

    with pytest.raises(Unsupported, match="web:1 is an index in an index in an index"):
        copying.copy()


def test_copies_exactly_what_a_digest_names(copying: Copying) -> None:
    made = image(b"layer")
    copying.source.add(made)

    result = copying.copy(f"web@{made.digest}", f"sr@{made.digest}")

    assert result.digest == made.digest
    assert is_there(made, copying.destination, made.digest)


def test_sends_nothing_twice(copying: Copying) -> None:
    made = image(b"layer", BIG)
    copying.source.add(made, "1")
    copying.copy()
    before = len(copying.destination.seen)

    result = copying.copy(to="sr:again")

    assert (result.copied, result.skipped, result.bytes) == (0, 3, 0)
    assert is_there(made, copying.destination, "again")
    again = [seen.method for seen in copying.destination.seen[before:]]
    assert again == ["HEAD", "HEAD", "PUT"]


def looked_for(registry: FakeRegistry) -> list[str]:
    """Return the digests of the blobs that a registry was asked for, in order."""
    return [line.rpartition("/")[2] for line in registry.lines("HEAD") if "/blobs/" in line]


def test_looks_for_large_blobs_and_the_lowest_small_layer_of_a_new_image(copying: Copying) -> None:
    made = image(BIG, b"low", *layers(20, 1000))
    copying.source.add(made, "1")

    result = copying.copy()

    assert is_there(made, copying.destination)
    assert (result.copied, result.skipped) == (23, 0)
    assert sorted(looked_for(copying.destination)) == sorted([BLOB, digest_of(b"low")])
    assert not [line for line in copying.destination.lines("HEAD") if "/manifests/" in line]


@pytest.mark.parametrize("reads", [200, 403])
def test_sends_no_blob_of_an_image_that_is_there(copying: Copying, reads: int) -> None:
    copying.source.add(image(BIG, *layers(20, 1000)), "1")
    copying.copy()
    copying.destination.reads = reads

    result = copying.copy(to="sr:again")

    assert (result.copied, result.skipped) == (0, 22)


def test_looks_for_the_uppermost_layer_first_where_none_is_small(copying: Copying) -> None:
    made = image(BIG, BIG + b"upper")
    copying.source.add(made, "1")

    assert copying.copy().copied == 3
    first, *others = looked_for(copying.destination)
    assert first == digest_of(BIG + b"upper")
    # A copy before may have come as far as the config, and no farther.
    assert sorted([first, *others]) == sorted(made.blobs)


def test_looks_for_every_blob_of_an_image_whose_uppermost_layer_is_there(copying: Copying) -> None:
    copying.source.add(image(BIG, BIG + b"upper"), "1")
    copying.copy()
    made = image(BIG, BIG + b"upper", diff_ids=[digest_of(b"1"), digest_of(b"2")])
    copying.source.add(made, "2")
    copying.destination.seen.clear()

    result = copying.copy("web:2")

    assert is_there(made, copying.destination)
    assert (result.copied, result.skipped) == (1, 2)
    assert sorted(looked_for(copying.destination)) == sorted(made.blobs)  # each once


def test_an_image_without_any_small_blob_is_copied_and_found_again(copying: Copying) -> None:
    made = image(BIG, layer_type=OCI_LAYER)
    old = next(iter(made.blobs))
    config = made.blobs[old] + b" " * (1 << 20)
    size = f'"size": {len(made.blobs[old])}'.encode()
    content = made.content.replace(old.encode(), digest_of(config).encode())
    content = content.replace(size, f'"size": {len(config)}'.encode())
    blobs = {digest_of(config): config, BLOB: BIG}
    made = Made(content=content, media_type=made.media_type, blobs=blobs)
    copying.source.add(made, "1")

    assert copying.copy().copied == 2
    assert copying.copy(to="sr:again").skipped == 2
    assert is_there(made, copying.destination, "again")
    assert looked_for(copying.destination) == [BLOB, digest_of(config), BLOB]


def test_looks_for_every_blob_of_an_image_whose_lowest_layer_is_there(copying: Copying) -> None:
    shared = layers(20, 1000)
    copying.source.add(image(*shared, b"before"), "1")
    copying.copy()
    made = image(*shared, b"after")
    copying.source.add(made, "2")
    copying.destination.seen.clear()

    result = copying.copy("web:2")

    assert is_there(made, copying.destination)
    assert (result.copied, result.skipped) == (2, 20)
    assert sorted(looked_for(copying.destination)) == sorted(made.blobs)  # each once
    assert result.bytes == sum(map(len, made.blobs.values())) - 20 * 1000


def test_a_small_layer_that_is_there_twice_in_an_image_is_copied_once(copying: Copying) -> None:
    made = image(b"twice", b"once", b"twice")
    copying.source.add(made, "1")

    assert copying.copy().copied == 3
    assert is_there(made, copying.destination)


def test_a_blob_that_was_sent_unseen_is_looked_for_before_it_is_sent_again(
    copying: Copying,
) -> None:
    made = image(b"low", b"layer")
    copying.source.add(made, "1")
    sent = digest_of(b"layer")
    copying.destination.fail(f"PUT .*{sent}", reset_after)

    assert copying.copy().copied == 3
    assert is_there(made, copying.destination)
    assert looked_for(copying.destination) == [digest_of(b"low"), sent]


def answer_late(copying: Copying) -> None:
    """Let a registry answer the first look for a blob after a while."""

    def pass_time(_: Connection) -> None:
        copying.time.now += 0.1

    copying.destination.fail("HEAD .*blobs", pass_time)


def test_connects_to_both_sides_while_it_looks_what_there_is_to_do(copying: Copying) -> None:
    copying.source.add(image(*layers(4, 2 << 20)), "1")
    both = (copying.source, copying.destination)
    opened: list[bool] = []

    def wait_for_connections(_: Connection) -> None:
        give_up = time.monotonic() + 60
        while not (are_open := all(side.connections >= 3 for side in both)):
            if time.monotonic() > give_up:
                break
            time.sleep(0.01)
        opened.append(are_open)

    copying.destination.fail("HEAD .*blobs", wait_for_connections)

    copying.copy(workers=4)

    assert opened == [True]


def test_fails_once_where_the_destination_takes_no_connection(copying: Copying) -> None:
    copying.source.add(image(*layers(4, 2 << 20)), "1")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        copying.destination.host = f"127.0.0.1:{closed.getsockname()[1]}"

    with pytest.raises(TransportError, match="refused"):
        copying.copy()


def test_many_small_blobs_are_copied_by_more_workers_at_once(copying: Copying) -> None:
    copying.source.add(image(*layers(40, 1000)), "1")
    all_at_once = threading.Barrier(16)

    def meet(_: Connection) -> None:
        all_at_once.wait(60)

    answer_late(copying)
    copying.source.fail("GET .*blobs", lambda _: None)  # the config, before all others
    copying.source.fail("GET .*blobs", meet, times=16)

    assert copying.copy().copied == 41
    assert not all_at_once.broken


def test_no_more_workers_copy_small_blobs_where_answers_come_at_once(copying: Copying) -> None:
    copying.source.add(image(*layers(40, 1000)), "1")

    assert copying.copy(workers=2).copied == 41
    assert copying.source.connections <= 2
    assert copying.destination.connections <= 2


def test_small_blobs_do_not_wait_for_large_ones(copying: Copying) -> None:
    large, small = layers(6, (1 << 20) + 1), layers(30, 1000)
    copying.source.add(image(*large, *small), "1")
    are_small_sent = threading.Event()

    def see_progress(step: Progress) -> None:
        copying.progress.append(step)
        if len(copying.progress) == len(small) + 1:  # and the config
            are_small_sent.set()

    def wait_for_the_small_ones(_: Connection) -> None:
        assert are_small_sent.wait(60)

    digests = "|".join(map(digest_of, large))
    answer_late(copying)
    copying.destination.fail(f"PUT .*({digests})", wait_for_the_small_ones, times=6)

    copying.copy(workers=2, progress=see_progress)

    assert {step.size for step in copying.progress[-6:]} == {(1 << 20) + 1}


def test_copies_the_largest_blob_first_and_the_lowest_layer_before_other_small_ones(
    copying: Copying,
) -> None:
    made = image(b"low", some_bytes(2 << 20, "2"), b"3" * 5000, BIG, b"4" * 100)
    copying.source.add(made, "1")

    copying.copy(workers=1)

    sizes = [step.size for step in copying.progress]
    config = len(made.blobs[next(iter(made.blobs))])
    assert sizes == [2 << 20, len(BIG), 3, 5000, config, 100]


# An image that does not run there


def test_an_arm64_image_fails_before_any_byte_moves(copying: Copying) -> None:
    copying.source.add(image(BIG, platform="linux/arm64"), "1")

    with pytest.raises(
        PlatformMissing,
        match=r"web:1 is for linux/arm64, not for linux/amd64: build it with --platform",
    ):
        copying.copy()

    assert is_untouched(copying.destination)
    assert not [seen for seen in copying.destination.seen if seen.method != "HEAD"]
    assert not [line for line in copying.source.lines() if BLOB in line]


def test_an_index_that_tells_lies_of_its_image_fails_before_any_layer_moves(
    copying: Copying,
) -> None:
    arm64 = image(BIG, platform="linux/arm64")
    lie = Made(
        content=arm64.content,
        media_type=arm64.media_type,
        blobs=arm64.blobs,
        platform={"os": "linux", "architecture": "amd64"},
    )
    copying.source.add(index(lie), "1")

    with pytest.raises(PlatformMissing, match="linux/arm64"):
        copying.copy()

    assert is_untouched(copying.destination)
    assert not [seen for seen in copying.destination.seen if seen.method != "HEAD"]


# Sources that are wrong


def test_a_tag_that_is_gone_is_named(copying: Copying) -> None:
    with pytest.raises(Missing, match=r"127.0.0.1:\d+ did not give manifest 1 of web \(404"):
        copying.copy()


def test_something_that_is_no_registry_is_told(copying: Copying) -> None:
    copying.source.fail("GET", status(200, {"Content-Type": "text/html"}, b"<html>Hello"), times=3)

    with pytest.raises(Unsupported, match="is no JSON object, is it a registry that answered"):
        copying.copy()


def test_what_answers_in_a_registrys_place_for_a_while_is_outlasted(copying: Copying) -> None:
    made = image(b"layer")
    copying.source.add(made, "1")
    page = b"<html>Please wait"
    config = made.blobs.keys() - {digest_of(b"layer")}
    copying.source.fail("GET .*manifests", status(200, {"Content-Type": "text/html"}, page))
    copying.source.fail(f"GET .*{config.pop()}", status(200, {}, page), times=2)
    copying.source.fail("GET .*manifests", status(401, {}, page))

    assert copying.copy().digest == made.digest


def test_a_manifest_of_10_mb_is_refused(copying: Copying) -> None:
    body = b"{" + b" " * 10_000_000 + b"}"
    copying.source.fail("GET", status(200, {"Content-Type": OCI_INDEX}, body))

    with pytest.raises(Unsupported, match="larger than 4 MiB"):
        copying.copy()


def test_a_config_of_10_mb_is_refused(copying: Copying) -> None:
    made = image(b"layer")
    size = f'"size": {len(made.blobs[next(iter(made.blobs))])}'.encode()
    manifest = made.content.replace(size, b'"size": 10000000', 1)
    copying.source.add(Made(content=manifest, media_type=made.media_type), "1")

    with pytest.raises(Unsupported, match=r"the config of .* is larger than 4 MiB"):
        copying.copy()


def test_a_manifest_that_is_another_than_was_asked_for_is_refused(copying: Copying) -> None:
    made, other = image(b"layer"), image(b"other")
    copying.source.add(made)
    copying.source.manifests[made.digest] = other.media_type, other.content

    with pytest.raises(DigestMismatch, match=f"has digest {other.digest}, not {made.digest}"):
        copying.copy(f"web@{made.digest}")


def test_a_tags_manifest_that_is_not_what_the_registry_says_is_refused(copying: Copying) -> None:
    made = image(b"layer")
    headers = {"Content-Type": made.media_type, "Docker-Content-Digest": digest_of(b"other")}
    copying.source.fail("GET", status(200, headers, made.content))

    with pytest.raises(DigestMismatch):
        copying.copy()


def test_an_index_that_lies_about_a_manifests_size_is_refused(copying: Copying) -> None:
    made = image(b"layer")
    found = index(made)
    size = str(len(made.content)).encode()
    lie = Made(content=found.content.replace(size, b"7"), media_type=OCI_INDEX)
    copying.source.add(made)
    copying.source.add(lie, "1")

    with pytest.raises(DigestMismatch, match=rf"has {len(made.content)} bytes, not 7"):
        copying.copy()


@pytest.mark.parametrize("told", [b'"size": 6', b'"size": 4', b'"size": 600000'])
def test_a_layer_that_lies_about_its_size_never_becomes_a_blob(
    copying: Copying, told: bytes
) -> None:
    made = image(b"layer")
    manifest = made.content.replace(b'"size": 5', told)
    copying.source.add(Made(content=manifest, media_type=made.media_type, blobs=made.blobs), "1")

    with pytest.raises(DigestMismatch, match=r"has 5 bytes of sha256:.* as its manifest says"):
        copying.copy()

    assert not copying.destination.manifests
    assert digest_of(b"layer") not in copying.destination.blobs
    assert not copying.destination.open_uploads


def test_a_size_that_the_destination_knows_better_is_refused(copying: Copying) -> None:
    made = image(b"layer")
    manifest = made.content.replace(b'"size": 5', b'"size": 6')
    copying.source.add(Made(content=manifest, media_type=made.media_type, blobs=made.blobs), "1")
    copying.destination.blobs |= made.blobs

    with pytest.raises(DigestMismatch, match="has 5 bytes of sha256:"):
        copying.copy()

    assert not copying.destination.manifests


@pytest.mark.parametrize("at", [0, PIECE, len(BIG) - 1])
def test_a_blob_with_a_wrong_byte_never_becomes_a_blob(copying: Copying, at: int) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.blobs[BLOB] = BIG[:at] + bytes([BIG[at] ^ 1]) + BIG[at + 1 :]

    with pytest.raises(DigestMismatch, match=f"blob {BLOB} of .* came as sha256:"):
        copying.copy()

    assert BLOB not in copying.destination.blobs
    assert not copying.destination.manifests
    assert not copying.destination.open_uploads


# Faults on the way


@pytest.mark.parametrize("ends", ["close", "reset", "stall"])
def test_goes_on_at_the_byte_where_a_download_broke(copying: Copying, ends: str) -> None:
    if ends == "stall":
        copying.connections.timeouts = Timeouts(read=1)
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.fail(f"GET .*{BLOB}", cut(2 * PIECE + 5, ends=ends))  # type: ignore[arg-type]

    copying.copy()

    assert is_there(made, copying.destination)
    ranges = [seen.headers.get("Range") for seen in copying.source.seen if BLOB in seen.path]
    assert ranges[0] is None
    # A second is long, and yet a busy machine may take another one for its answer.
    assert len(ranges) == 2 or (ends == "stall" and len(ranges) > 2)
    # What was on its way when it broke may be asked for once more.
    assert ranges[1] == f"bytes={2 * PIECE + 5}-" or ends != "close"
    assert len([line for line in copying.destination.lines("PUT") if BLOB in line]) == 1


def test_goes_on_as_long_as_each_try_brings_something(copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.fail(f"GET .*{BLOB}", cut(100_000), times=10)

    copying.copy()

    assert is_there(made, copying.destination)


def test_reads_to_where_it_was_in_a_registry_that_knows_no_ranges(copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.knows_ranges = False
    copying.source.fail(f"GET .*{BLOB}", cut(2 * PIECE + 5))

    copying.copy()

    assert is_there(made, copying.destination)


def test_gives_up_a_download_that_brings_nothing_three_times(copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.fail(f"GET .*{BLOB}", cut(0), times=1000)

    with pytest.raises(TransportError, match=r"did not give blob sha256:.* of web"):
        copying.copy()

    assert copying.time.slept
    assert not copying.destination.open_uploads


@pytest.mark.parametrize("request_line", ["GET .*manifests", "GET .*blobs", "HEAD", "POST", "PUT"])
@pytest.mark.parametrize("fault", [reset, status(503), status(429)])
def test_repeats_what_the_registry_did_not_answer(
    copying: Copying, request_line: str, fault: object
) -> None:
    made = image(b"layer", BIG)
    copying.source.add(made, "1")
    copying.source.fail(request_line, fault, times=2)  # type: ignore[arg-type]
    copying.destination.fail(request_line, fault, times=2)  # type: ignore[arg-type]

    copying.copy()

    assert is_there(made, copying.destination)
    assert not copying.destination.open_uploads


@pytest.mark.parametrize("line", ["PUT .*blobs", "PUT .*manifests", "POST"])
def test_survives_a_lost_answer(copying: Copying, line: str) -> None:
    made = image(b"layer", BIG)
    copying.source.add(made, "1")
    copying.destination.fail(line, reset_after, times=2)

    result = copying.copy()

    assert is_there(made, copying.destination)
    assert result.copied == 3


@pytest.mark.parametrize("read", [0, PIECE])
def test_starts_a_blob_again_when_its_upload_broke(copying: Copying, read: int) -> None:
    made = image(BIG)
    copying.source.add(made, "1")

    def stop(connection: Connection) -> bool:
        connection.rfile.read(read)
        connection.reset()
        return True

    copying.destination.fail(f"PUT .*{BLOB}", stop)

    copying.copy()

    assert is_there(made, copying.destination)
    assert not copying.destination.open_uploads


def test_gives_up_an_upload_that_breaks_three_times_and_leaves_nothing(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    copying.destination.fail(f"PUT .*{BLOB}", reset, times=3)

    with pytest.raises(TransportError, match="did not take blob sha256:"):
        copying.copy()

    assert not copying.destination.open_uploads
    assert not copying.destination.manifests


def test_starts_again_in_a_new_session_when_the_one_before_expired(copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.destination.fail(f"PUT .*{BLOB}", early(404))

    copying.copy()

    assert is_there(made, copying.destination)
    assert len(copying.destination.lines("POST")) == 3


def test_gives_up_when_every_session_expires(copying: Copying) -> None:
    copying.source.add(image(BIG), "1")
    gone = errors(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
    copying.destination.fail(f"PUT .*{BLOB}", gone, times=100)

    with pytest.raises(Exception, match=r"\(404 BLOB_UPLOAD_UNKNOWN, no such upload\)"):
        copying.copy()

    assert len([line for line in copying.destination.lines("PUT") if BLOB in line]) == 5


@pytest.mark.parametrize("uploads", ["any", "monolithic", "chunked"])
@pytest.mark.parametrize("locations", ["relative", "absolute"])
def test_uploads_the_way_that_the_registry_takes(
    copying: Copying, uploads: str, locations: str
) -> None:
    made = image(BIG, *layers(6, 1000))
    copying.source.add(made, "1")
    copying.destination.uploads = uploads  # type: ignore[assignment]
    copying.destination.locations = locations  # type: ignore[assignment]

    copying.copy()

    assert is_there(made, copying.destination)
    assert not copying.destination.open_uploads
    assert bool(copying.destination.lines("PATCH")) == (uploads == "chunked")


def test_a_server_error_that_stays_is_told_with_its_words(copying: Copying) -> None:
    copying.source.fail("GET", errors(503, "UNAVAILABLE", "we are moving house"), times=100)

    with pytest.raises(Unavailable, match=r"\(503 UNAVAILABLE, we are moving house\)") as error:
        copying.copy()

    assert error.value.temporary
    assert len(copying.time.slept) == 4


def test_waits_as_long_as_the_registry_wants(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.source.fail("GET", status(429, {"Retry-After": "20"}))

    copying.copy()

    assert 20 <= sum(copying.time.slept) <= 30


@pytest.mark.parametrize("wanted", ["86400", "-1", "Wed, 21 Oct 2015 07:28:00 GMT", "²"])
def test_waits_not_longer_than_makes_sense(copying: Copying, wanted: str) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.source.fail("GET", status(429, {"Retry-After": wanted}))

    copying.copy()

    assert sum(copying.time.slept) <= 40


# Time


def test_out_of_time_keeps_what_is_there_and_the_next_copy_goes_on(copying: Copying) -> None:
    made = image(*layers(6, 1000))
    copying.source.add(made, "1")

    def end(_: object) -> None:
        copying.time.now += 1000

    # The second one may arrive or not, the first one is there.
    copying.destination.fail("PUT .*blobs", lambda _: None)
    copying.destination.fail("PUT .*blobs", end)  # type: ignore[arg-type]
    with pytest.raises(DeadlineExceeded):
        copying.copy(workers=1)
    assert not copying.destination.manifests
    copying.deadline = copying.time.deadline(900)
    copying.progress.clear()

    result = copying.copy(workers=1)

    assert result.skipped >= 1
    assert is_there(made, copying.destination)


def test_out_of_time_while_waiting_for_a_registry_says_so(copying: Copying) -> None:
    copying.deadline = copying.time.deadline(25)
    copying.source.fail("GET", status(503, {"Retry-After": "30"}), times=100)

    with pytest.raises(DeadlineExceeded, match=r"\(503\): give it more time"):
        copying.copy()


@pytest.mark.parametrize("line", [f"GET .*{BLOB}", f"PUT .*{BLOB}"])
def test_a_stalled_registry_ends_with_the_deadline(copying: Copying, line: str) -> None:
    copying.source.add(image(BIG), "1")
    copying.real_deadline(0.7)

    def stall(connection: Connection) -> bool:
        connection.server.stopping.wait(20)
        return True

    copying.source.fail(line, stall, times=9)
    copying.destination.fail(line, stall, times=9)

    with pytest.raises(DeadlineExceeded):
        copying.copy()

    assert not copying.destination.manifests


def test_the_first_failure_ends_the_others_at_once(copying: Copying) -> None:
    stalled = some_bytes(1000, "stalled")
    copying.source.add(image(stalled, BIG), "1")
    copying.source.blobs[BLOB] = b"wrong".ljust(len(BIG))
    copying.real_deadline(600)
    copying.connections.timeouts = Timeouts(read=600, explain=600)
    is_stalled = threading.Event()

    def stall(connection: Connection) -> bool:
        is_stalled.set()
        connection.server.stopping.wait()
        return True

    def wait_until_the_other_stalls(_: Connection) -> None:
        assert is_stalled.wait(600)

    copying.source.fail(f"GET .*{digest_of(stalled)}", stall)
    copying.source.fail(f"GET .*{BLOB}", wait_until_the_other_stalls)

    with pytest.raises(DigestMismatch):
        copying.copy()

    assert copying.deadline.left() > 300
    assert not copying.destination.open_uploads


# Logins and redirects


@pytest.mark.parametrize("login", ["basic", "bearer"])
def test_logs_in_on_both_sides(login: str, copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.login = copying.destination.login = login  # type: ignore[assignment]

    copying.copy()

    assert is_there(made, copying.destination)
    refused = [seen for seen in copying.destination.seen if "Authorization" not in seen.headers]
    assert len(refused) == 1


def test_a_login_that_expires_is_renewed_and_the_blob_sent_again(copying: Copying) -> None:
    made = image(BIG, b"layer")
    copying.source.add(made, "1")
    copying.source.login = copying.destination.login = "bearer"

    for registry, line in ((copying.source, "GET"), (copying.destination, "PUT")):

        def expire(_: object, tokens: set[str] = registry.tokens) -> None:
            tokens.clear()
            tokens.add("of-another")

        registry.fail(f"{line} .*{BLOB}", expire)

    copying.copy()

    assert is_there(made, copying.destination)


def test_credentials_that_are_over_are_asked_for_again(copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.destination.login = "basic"
    asked: list[int] = []

    def credentials() -> object:
        asked.append(1)
        return copying_credentials

    copying_credentials = copying.credentials()
    copying.credentials = credentials  # type: ignore[assignment]
    over = errors(403, "DENIED", "Your authorization token has expired. Reauthenticate.")
    copying.destination.fail(f"PUT .*{BLOB}", over)

    with pytest.raises(Unauthorized, match="expired"):
        copying.copy()  # the same ones again are of no use

    assert len(asked) == 2


def test_a_download_that_is_led_on_carries_no_login_there(copying: Copying) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.source.login = "basic"
    with fake_registry() as storage:
        storage.blobs = made.blobs
        place = f"http://{storage.host}/v2/web/blobs/{BLOB}?X-Amz-Signature=abc"
        copying.source.fail(f"GET .*{BLOB}", status(307, {"Location": place}))
        storage.fail("GET", cut_once_ignoring_query())

        copying.copy()

        assert not [seen for seen in storage.seen if "Authorization" in seen.headers]
    assert is_there(made, copying.destination)


def cut_once_ignoring_query() -> object:
    def act(connection: Connection) -> None:
        connection.path = connection.path.partition("?")[0]

    return act


@pytest.mark.parametrize("line", ["POST", "PUT .*uploads"])
def test_an_upload_that_is_led_on_goes_there_whole_and_without_a_login(
    copying: Copying, line: str
) -> None:
    made = image(BIG)
    copying.source.add(made, "1")
    copying.destination.login = "basic"
    with fake_registry() as storage:
        storage.open_uploads["elsewhere"] = bytearray()
        put = f"http://{storage.host}/v2/sr/blobs/uploads/elsewhere?digest={BLOB}"
        if line == "POST":
            copying.destination.fail("POST", status(202, {"Location": put}))
        else:
            copying.destination.fail(f"PUT .*{BLOB}", early(307, {"Location": put}))

        copying.copy(workers=1)

        assert storage.blobs == {BLOB: BIG}
        assert not [seen for seen in storage.seen if "Authorization" in seen.headers]


def test_a_redirect_without_end_is_given_up(copying: Copying) -> None:
    copying.source.fail("GET", status(302, {"Location": "/v2/web/manifests/1"}), times=100)

    with pytest.raises(Rejected, match=r"\(302\)"):
        copying.copy()

    assert len(copying.source.seen) == 6


def test_a_redirect_that_would_turn_a_put_into_a_get_is_refused(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.destination.fail("PUT .*manifests", status(302, {"Location": "/elsewhere"}))

    with pytest.raises(Rejected, match=r"did not take manifest t of sr \(302\)"):
        copying.copy()


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest", "http://cdn.example/x", ""])
def test_a_redirect_to_where_no_registry_has_any_business_is_refused(
    copying: Copying, location: str
) -> None:
    copying.source.fail("GET", status(307, {"Location": location}))

    with pytest.raises(Rejected, match=r"leads to .*: check that it is the registry that you mean"):
        copying.copy()


def test_a_manifest_that_the_registry_keeps_as_another_is_an_error(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    headers = {"Docker-Content-Digest": digest_of(b"other")}
    copying.destination.fail("PUT .*manifests", status(201, headers))

    with pytest.raises(DigestMismatch, match=r"keeps sha256:.* as sha256:"):
        copying.copy()


def test_a_manifest_that_the_registry_does_not_take_is_told(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    words = errors(405, "UNSUPPORTED", "artifactType is not supported")
    copying.destination.fail("PUT .*manifests", words, times=2)

    with pytest.raises(Rejected, match=r"\(405 UNSUPPORTED, artifactType is not supported\)"):
        copying.copy()


def test_no_message_repeats_a_secret_that_the_registry_repeats(copying: Copying) -> None:
    copying.source.login = "basic"
    copying.source.add(image(b"layer"), "1")

    def repeat(connection: Connection) -> bool:
        sent = connection.headers.get("Authorization", "")
        return bool(errors(403, "DENIED", f"you are {sent} ?x=1")(connection))

    copying.source.fail("GET .*manifests", status(401, {"WWW-Authenticate": "Basic"}))
    copying.source.fail("GET .*manifests", repeat)

    with pytest.raises(Unauthorized) as error:
        copying.copy()

    assert "you are ..." in str(error.value)
    assert "Basic" not in str(error.value)


def test_an_empty_layer_is_a_layer(copying: Copying) -> None:
    made = image(b"")
    copying.source.add(made, "1")

    copying.copy()

    assert is_there(made, copying.destination)


def test_a_config_without_a_platform_is_refused(copying: Copying) -> None:
    made = image(b"layer")
    config = to_json({"n": 1})
    old = next(iter(made.blobs))
    content = made.content.replace(old.encode(), digest_of(config).encode()).replace(
        f'"size": {len(made.blobs[old])}'.encode(), f'"size": {len(config)}'.encode()
    )
    blobs = {digest_of(config): config}
    copying.source.add(Made(content=content, media_type=made.media_type, blobs=blobs), "1")

    with pytest.raises(Unsupported, match="names no platform"):
        copying.copy()


def test_an_upload_that_was_begun_when_the_copy_failed_is_ended(copying: Copying) -> None:
    begun = some_bytes(len(BIG) + 1, "begun")
    copying.source.add(image(BIG, begun), "1")
    copying.source.blobs[BLOB] = b"wrong".ljust(len(BIG))
    is_begun, is_asked_for, is_interrupted = (threading.Event() for _ in range(3))

    def answer_once_interrupted(_: Connection) -> None:
        is_begun.set()
        assert is_interrupted.wait(60)

    def see_interrupt(connection: Connection) -> bool:
        is_asked_for.set()
        connection.rfile.read(1)  # returns when the other side breaks the connection
        is_interrupted.set()
        connection.close_connection = True
        return True

    def wait_until_the_other_is_begun(_: Connection) -> None:
        assert is_begun.wait(60)

    def wait_until_the_other_is_asked_for(_: Connection) -> None:
        assert is_asked_for.wait(60)

    # One worker begins an upload and asks for its blob; only then the other one fails, and only
    # then the registry answers the first.
    copying.destination.fail("POST", answer_once_interrupted)
    copying.source.fail(f"GET .*{digest_of(begun)}", see_interrupt)
    copying.destination.fail(f"HEAD .*{BLOB}", wait_until_the_other_is_begun)
    copying.source.fail(f"GET .*{BLOB}", wait_until_the_other_is_asked_for)

    with pytest.raises(DigestMismatch):
        copying.copy(workers=2)

    assert is_interrupted.is_set()
    assert len(copying.destination.lines("DELETE")) == 2
    assert not copying.destination.open_uploads


NO_OCI = errors(400, "MANIFEST_INVALID", "no OCI here")


def puts_of_manifests(registry: FakeRegistry) -> int:
    return len([line for line in registry.lines("PUT") if "/manifests/" in line])


def test_a_destination_without_oci_manifests_gets_dockers(copying: Copying) -> None:
    made = image(*layers(3, 100_000))
    copying.source.add(made, "1")
    copying.destination.fail("PUT .*/manifests/", NO_OCI)

    result = copying.copy()

    media_type, content = copying.destination.manifests["t"]
    assert media_type == DOCKER_MANIFEST
    assert result.digest == digest_of(content) == copying.find().docker_digest
    assert result.digest != made.digest
    assert all(copying.destination.blobs[name] == blob for name, blob in made.blobs.items())


def test_by_its_digest_too(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.destination.fail("PUT .*/manifests/", NO_OCI)

    result = copying.copy(to=f"sr@{copying.find().digest}")

    assert copying.destination.manifests[result.digest][0] == DOCKER_MANIFEST


def test_a_destination_that_takes_neither_says_why_it_took_not_the_first(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.destination.fail("PUT .*/manifests/", NO_OCI)
    copying.destination.fail("PUT .*/manifests/", errors(400, "MANIFEST_INVALID", "nor Docker"))

    with pytest.raises(Rejected, match="no OCI here"):
        copying.copy()
    assert puts_of_manifests(copying.destination) == 2


def test_what_docker_has_no_name_for_is_not_tried_again(copying: Copying) -> None:
    copying.source.add(image(b"layer", layer_type=OCI_LAYER.replace("gzip", "zstd")), "1")
    copying.destination.fail("PUT .*/manifests/", NO_OCI)

    with pytest.raises(Rejected, match="no OCI here"):
        copying.copy()
    assert puts_of_manifests(copying.destination) == 1
    assert copying.find().docker_digest is None
