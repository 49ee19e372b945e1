"""An object read in parts from an Amazon S3 that does wrong on the wire."""

from collections.abc import Iterator

import pytest

from cdk_lightsail_containers_handler.errors import HandlerError, Unfinished
from cdk_lightsail_containers_handler.images.s3_object import S3Object
from fake_s3 import FakeS3, cut_after, refused, shortened_to, whole
from fake_server import reset
from fake_time import FakeTime
from oci_images import some_bytes

BEGINNING = 256 << 10
CONTENT = some_bytes(3 * BEGINNING, "object")


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with FakeS3().served() as given:
        given.objects["image.tar"] = CONTENT
        yield given


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def opened(s3: FakeS3, time: FakeTime, seconds: float = 100, key: str = "image.tar") -> S3Object:
    return S3Object(s3.client(), "assets", key, time.deadline(seconds))


def read(s3_object: S3Object, offset: int, length: int, piece: int = 100_000) -> bytes:
    reader = s3_object.open(offset, length)
    buffer = memoryview(bytearray(piece))
    content = b""
    while count := reader.readinto(buffer):
        content += bytes(buffer[:count])
    reader.close()
    return content


def test_gives_any_part(s3: FakeS3, time: FakeTime) -> None:
    found = opened(s3, time)

    assert found.size == len(CONTENT)
    assert str(found) == "s3://assets/image.tar"
    assert read(found, 5, 1000) == CONTENT[5:1005]
    assert read(found, BEGINNING - 5, 400_000) == CONTENT[BEGINNING - 5 :][:400_000]
    assert read(found, len(CONTENT) - 1, 1) == CONTENT[-1:]


def test_asks_for_each_part_once(s3: FakeS3, time: FakeTime) -> None:
    found = opened(s3, time)
    read(found, 0, BEGINNING)
    read(found, BEGINNING, 2 * BEGINNING)

    assert s3.ranges == ["bytes=0-262143", "bytes=262144-786431"]
    assert s3.connections == 1


@pytest.mark.parametrize("size", [1, BEGINNING])
def test_asks_once_for_a_small_object(s3: FakeS3, time: FakeTime, size: int) -> None:
    s3.objects["image.tar"] = CONTENT[:size]

    found = opened(s3, time)

    assert read(found, 0, size) == CONTENT[:size]
    assert len(s3.ranges) == 1


@pytest.mark.parametrize(("left", "connections"), [(1000, 1), (300_000, 2)])
def test_uses_a_connection_again_if_little_is_left_on_it(
    s3: FakeS3, time: FakeTime, left: int, connections: int
) -> None:
    found = opened(s3, time)
    reader = found.open(BEGINNING, 400_000)
    reader.readinto(memoryview(bytearray(400_000 - left)))
    reader.close()

    read(found, BEGINNING, 10)

    assert s3.connections == connections


@pytest.mark.parametrize("size", [0, 1000, 200_000])
def test_goes_on_where_a_connection_broke(s3: FakeS3, time: FakeTime, size: int) -> None:
    s3.faults += [None, cut_after(size), cut_after(1), reset]
    found = opened(s3, time)

    assert read(found, BEGINNING, 400_000) == CONTENT[BEGINNING:][:400_000]
    assert len(s3.ranges) == 5


def test_goes_on_where_a_part_ended(s3: FakeS3, time: FakeTime) -> None:
    found = opened(s3, time)
    s3.faults += [shortened_to(1000)]

    assert read(found, BEGINNING, 400_000) == CONTENT[BEGINNING:][:400_000]


def test_gives_up_after_three_failures_at_one_byte(s3: FakeS3, time: FakeTime) -> None:
    found = opened(s3, time)
    reader = found.open(BEGINNING, BEGINNING)
    s3.faults += [reset] * 3
    reader.close()

    with pytest.raises(HandlerError) as caught:
        found.open(BEGINNING, BEGINNING)

    assert str(caught.value) == (
        "s3://assets/image.tar could not be read (ConnectionClosedError): "
        "deploy again, and in a VPC give the function a way to Amazon S3"
    )


def test_that_broke_for_good_can_be_closed(s3: FakeS3, time: FakeTime) -> None:
    s3.faults += [None, cut_after(0), reset, reset]
    reader = opened(s3, time).open(BEGINNING, BEGINNING)

    with pytest.raises(HandlerError):
        reader.readinto(memoryview(bytearray(10)))
    reader.close()


@pytest.mark.parametrize("error", [(503, "SlowDown"), (500, "InternalError")])
def test_asks_again_when_amazon_s3_cannot_now(
    s3: FakeS3, time: FakeTime, error: tuple[int, str]
) -> None:
    s3.faults += [refused(*error)] * 2

    assert opened(s3, time).size == len(CONTENT)
    assert len(time.slept) == 2


def test_waits_for_new_permissions(s3: FakeS3, time: FakeTime) -> None:
    s3.faults += [refused(403, "AccessDenied")] * 5

    assert opened(s3, time).size == len(CONTENT)


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, "NoSuchKey", "does not exist (NoSuchKey): deploy again, which uploads it"),
        (404, "NoSuchBucket", "does not exist (NoSuchBucket): deploy again, which uploads it"),
        (
            403,
            "AccessDenied",
            (
                "may not be read by the function's role, or does not exist (AccessDenied): "
                "allow it s3:GetObject, and kms:Decrypt if the bucket has a key of its own"
            ),
        ),
        (
            403,
            "InvalidObjectState",
            "was refused (InvalidObjectState): correct it and deploy again",
        ),
    ],
)
def test_says_what_amazon_s3_refused(
    s3: FakeS3, time: FakeTime, status: int, code: str, sentence: str
) -> None:
    s3.faults += [refused(status, code)] * 20

    with pytest.raises(HandlerError) as caught:
        opened(s3, time)

    assert type(caught.value) is HandlerError  # others mean something to who registers
    assert str(caught.value) == f"s3://assets/image.tar {sentence}"


def test_that_is_empty_says_so(s3: FakeS3, time: FakeTime) -> None:
    s3.objects["image.tar"] = b""

    with pytest.raises(HandlerError, match=r"is empty \(InvalidRange\): write the archive again"):
        opened(s3, time)


def test_that_is_replaced_in_between_says_so(s3: FakeS3, time: FakeTime) -> None:
    found = opened(s3, time)
    s3.objects["image.tar"] = CONTENT[::-1]

    with pytest.raises(HandlerError, match=r"was replaced while it was read .*: deploy again"):
        read(found, BEGINNING, 10)


def test_that_comes_as_a_whole_is_refused(s3: FakeS3, time: FakeTime) -> None:
    s3.faults += [whole]

    with pytest.raises(HandlerError, match="did not give a part of s3"):
        opened(s3, time)


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_leaves_to_the_next_invocation_what_there_is_no_time_for(
    s3: FakeS3, time: FakeTime, seconds: float
) -> None:
    s3.faults += [reset]

    with pytest.raises(Unfinished, match="no time left to read s3"):
        opened(s3, time, seconds)
