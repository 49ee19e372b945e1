"""Amazon S3 and AWS Secrets Manager that lie about an archive and about credentials."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import oci_images
from cdk_lightsail_containers_handler.errors import HandlerError
from cdk_lightsail_containers_handler.images.s3_object import S3Object
from deployment_requests import FakeSecrets
from fake_registry import PASSWORD, USERNAME
from fake_s3 import FakeS3
from fake_time import FakeTime
from lied_to import SECRET, LiedTo
from lightsail_local.wire.http_server import Connection
from oci_images import some_bytes
from registry_faults import status

BEGINNING = 256 << 10
CONTENT = some_bytes(3 * BEGINNING, "object")


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with FakeS3().served() as given:
        given.objects["image.tar"] = CONTENT
        yield given


def opened(s3: FakeS3) -> S3Object:
    return S3Object(s3.client(), "assets", "image.tar", FakeTime().deadline(100))


def part(headers: dict[str, str], content: bytes = b"x" * 10) -> Callable[[Any], bool]:
    """Answer a part with these headers."""

    def act(connection: Connection) -> bool:
        connection.send_response(206)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            connection.send_header(name, value)
        connection.end_headers()
        connection.wfile.write(content)
        return True

    return act


class TestS3:
    @pytest.mark.parametrize(
        "told",
        [
            "bytes 1-10/786432",
            "bytes 262144-262153/786432",
            "bytes 0-9/*",
            "bytes 0-9/-5",
            "bytes 0-9/" + "9" * 5000,
            "bytes 0-9",
            "items 0-9/786432",
            "",
        ],
    )
    def test_that_gives_another_part_is_refused(self, s3: FakeS3, told: str) -> None:
        s3.faults += [part({"Content-Range": told, "ETag": '"1"'})]

        with pytest.raises(HandlerError, match=r"^Amazon S3 did not give a part of s3://assets"):
            opened(s3)

    def test_that_does_not_say_which_object_it_gives_is_refused(self, s3: FakeS3) -> None:
        s3.faults += [part({"Content-Range": "bytes 0-9/786432"})]

        with pytest.raises(HandlerError, match=r"^Amazon S3 did not give a part of s3://assets"):
            opened(s3)

    def test_that_says_another_size_later_is_refused(self, s3: FakeS3) -> None:
        found = opened(s3)
        start = 2 * BEGINNING
        told = f"bytes {start}-{start + 9}/{1 << 40}"
        s3.faults += [part({"Content-Range": told, "ETag": '"1"'})]

        with pytest.raises(HandlerError, match=r"^Amazon S3 did not give a part of s3://assets"):
            found.open(start, 10)

    # botocore leaves the connection of an answer that it cannot parse to the garbage collector.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.filterwarnings("ignore::ResourceWarning")
    @pytest.mark.parametrize(
        "headers",
        [{"Last-Modified": "yesterday"}, {"x-amz-missing-meta": "many"}, {"Expires": "\x80"}],
    )
    def test_whose_headers_make_no_sense_is_asked_again_or_read(
        self, s3: FakeS3, headers: dict[str, str]
    ) -> None:
        told = {"Content-Range": f"bytes 0-{BEGINNING - 1}/{len(CONTENT)}", "ETag": '"1"'}
        s3.faults += [part({**told, **headers}, CONTENT[:BEGINNING])]

        assert opened(s3).size == len(CONTENT)
        gc.collect()  # here, where its warning is ignored


class TestSecretsManager:
    def secret(self, lied_to: LiedTo, text: str | None) -> None:
        lied_to.stack.clients["secretsmanager"] = FakeSecrets(**{SECRET: text})

    @pytest.mark.parametrize(
        "text",
        [None, "x" * 65_536, '{"username": "robot"}', '{"username": 5, "password": "x"}', "\ud800"],
        ids=["binary", "no-colon", "no-password", "number", "half"],
    )
    def test_that_gives_no_credentials_is_told_without_them(
        self, lied_to: LiedTo, text: str | None
    ) -> None:
        self.secret(lied_to, text)

        assert f"the secret {SECRET} holds no credentials: make it JSON" in lied_to.reason()

    def test_that_gives_64_kilobytes_is_told_as_the_registry_sees_it(self, lied_to: LiedTo) -> None:
        self.secret(lied_to, f"{USERNAME}:" + "p" * 65_000)

        assert f"{lied_to.source.host} did not give manifest 1 of web (4" in lied_to.reason()
        assert "ppp" not in lied_to.log.text

    @pytest.mark.parametrize("password", ["\ud800word", "a\r\nX-Injected: y", "\0", "é"])
    def test_that_gives_any_characters_has_them_sent_as_one_word(
        self, lied_to: LiedTo, password: str
    ) -> None:
        self.secret(lied_to, f"{USERNAME}:{password}")

        assert "(401 UNAUTHORIZED" in lied_to.reason()
        assert not [seen for seen in lied_to.source.seen if "X-Injected" in seen.headers]

    def test_whose_credentials_come_back_in_a_refusal_are_not_shown(self, lied_to: LiedTo) -> None:
        def repeat(connection: Connection) -> bool:
            sent = connection.headers.get("Authorization", "")
            message = f"no {sent} {USERNAME}:{PASSWORD} {PASSWORD}"
            headers = {"WWW-Authenticate": "Basic"}
            body = oci_images.to_json({"errors": [{"code": "DENIED", "message": message}]})
            return bool(status(401, headers, body)(connection))

        lied_to.lie("GET", repeat)

        assert "did not give manifest 1 of web (401 DENIED, no ... robot:*** ***)" in (
            lied_to.reason()
        )
