"""Requests that are small enough to be sent again."""

import threading
from collections.abc import Iterator

import pytest

from cdk_lightsail_containers_handler.registry.errors import DeadlineExceeded, Rejected
from cdk_lightsail_containers_handler.registry.http.connection import Timeouts
from fake_registry import FakeRegistry, fake_registry
from image_copying import Copying
from lightsail_local.wire.http_server import Connection
from lying_answers import Says, head
from oci_images import Made, image, to_json
from registry_faults import answer_unread, status


def large_image() -> Made:
    """An image whose manifest alone is more than the kernel takes at once."""
    made = image(b"layer")
    note = b'{"annotations": {"note": "' + b"x" * 4_000_000 + b'"}, '
    return Made(content=note + made.content[1:], media_type=made.media_type, blobs=made.blobs)


@pytest.fixture
def destination() -> Iterator[FakeRegistry]:
    with fake_registry(window=4096) as registry:
        yield registry


def test_reads_why_a_manifest_is_refused_before_it_is_complete(copying: Copying) -> None:
    copying.connections.timeouts = Timeouts(read=1, explain=60)
    copying.source.add(large_image(), "1")

    def answer(connection: Connection) -> bool:
        answer_unread(connection, 413)
        connection.hang(None)
        return True

    copying.destination.fail("PUT .*manifests", answer, times=2)

    with pytest.raises(Rejected, match=r"did not take manifest t of sr \(413\)"):
        copying.copy()


def test_sends_a_manifest_again_that_was_not_taken(copying: Copying) -> None:
    made = large_image()
    copying.source.add(made, "1")

    def stop(connection: Connection) -> bool:
        connection.reset()
        return True

    copying.destination.fail("PUT .*manifests", stop, times=2)

    copying.copy()

    assert copying.destination.manifests["t"] == (made.media_type, made.content)


def test_waits_in_several_pauses_and_not_for_ever(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.source.fail("GET", status(429, {"Retry-After": "30"}))
    pauses: list[int] = []

    class StandingClock:
        """A deadline whose time does not pass."""

        def left(self) -> float:
            return 60.0

        def back_off(self, attempt: int) -> bool:
            pauses.append(attempt)
            return True

    copying.deadline = StandingClock()  # type: ignore[assignment]

    assert copying.find()
    assert len(pauses) == 100


def test_an_interrupt_of_the_whole_copy_ends_it(
    copying: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying.source.add(image(b"layer"), "1")
    real = threading.Thread.join

    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        real(thread, timeout)
        if thread.name.startswith("copy-"):
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", join)

    with pytest.raises(KeyboardInterrupt):
        copying.copy()

    with pytest.raises(DeadlineExceeded, match="interrupted"):
        copying.find()


def test_counts_nothing_of_a_manifest_but_its_bytes(copying: Copying) -> None:
    made = image(b"layer")
    spaced = Made(content=made.content + b" " * 9, media_type=made.media_type, blobs=made.blobs)
    copying.source.add(spaced, "1")

    copying.copy()

    assert copying.destination.manifests["t"][1] == spaced.content
    assert spaced.content != to_json(spaced.content.decode())


# In each form that is to be read: https://www.rfc-editor.org/rfc/rfc9110.html#name-date-time-formats
NOW = "Sun, 06 Nov 1994 08:49:37 GMT"
NOW_IN_OTHER_FORMS = ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]


@pytest.mark.parametrize(
    ("date", "told", "seconds"),
    [
        ("", "20", 20),
        (NOW, NOW.replace("37", "57"), 20),
        *((NOW, form.replace("37", "57"), 20) for form in NOW_IN_OTHER_FORMS),
        *((form, NOW.replace("37", "57"), 20) for form in NOW_IN_OTHER_FORMS),
        (NOW, NOW.replace("1994", "1995"), 30),
        (NOW, NOW.replace("06", "05"), 0),
        ("", NOW, 0),
        (NOW, "later", 0),
    ],
)
def test_waits_as_long_as_a_registry_wants_in_each_form(
    copying: Copying, date: str, told: str, seconds: int
) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.source.fail("GET", status(429, {"Date": date, "Retry-After": told}))

    copying.find()

    waited = sum(copying.time.slept)
    assert waited >= seconds
    assert waited < seconds + 11


class NoTimeForPauses:
    """A deadline that leaves time for an answer, and none for a pause."""

    def left(self) -> float:
        return 60.0

    def back_off(self, attempt: int) -> bool:
        return False


def test_is_out_of_time_while_it_waits_to_ask_again(copying: Copying) -> None:
    copying.deadline = NoTimeForPauses()  # type: ignore[assignment]
    copying.source.fail("GET", Says(first=head("200 OK", "Content-Length: 100")))

    gone = r"did not give manifest 1 of web \(IncompleteRead\)"
    with pytest.raises(DeadlineExceeded, match=gone):
        copying.find()


def test_is_out_of_time_while_it_waits_to_send_a_blob_again(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")
    copying.deadline = NoTimeForPauses()  # type: ignore[assignment]
    copying.destination.fail("PUT .*uploads", status(503))

    with pytest.raises(DeadlineExceeded, match=r"did not take blob sha256:\w+ \(503\)"):
        copying.copy(workers=1)


def test_every_request_names_its_client(copying: Copying) -> None:
    copying.source.add(image(b"layer"), "1")

    copying.copy()

    seen = [*copying.source.seen, *copying.destination.seen]
    assert {one.headers.get("User-Agent") for one in seen} == {"cdk-lightsail-containers"}
