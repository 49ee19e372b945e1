"""What HTTP lets a registry answer: interim answers, codings, and how each is asked for."""

import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest

from cdk_lightsail_containers_handler.registry.errors import (
    DeadlineExceeded,
    DigestMismatch,
    Missing,
    Rejected,
    TransportError,
)
from fake_registry import Act
from image_copying import Copying
from lightsail_local.wire.http_server import Connection
from lying_answers import Says, head
from oci_images import OCI_MANIFEST, digest_of, image
from registry_faults import status

LAYER = b"layer" * 1000
MADE = image(LAYER)


def preceded_by(*interim: bytes) -> Act:
    """Answer as ever, after interim answers."""

    def act(connection: Connection) -> bool:
        connection.wfile.write(b"".join(interim))
        return False

    return act


EARLY_HINTS = head("103 Early Hints", "Link: </v2/>; rel=preconnect", "X: y")
INTERIM = [
    head("100 Continue"),
    head("102 Processing"),
    EARLY_HINTS,
    head("104 Upload Resumption Supported", "Location: https://elsewhere.example/"),
    head("199 Nothing Known"),
]


class TestInterimAnswers:
    @pytest.mark.parametrize("interim", INTERIM, ids=lambda one: one[9:12].decode())
    @pytest.mark.parametrize("times", [1, 3])
    def test_are_skipped_on_pulls_and_pushes(
        self, copying: Copying, interim: bytes, times: int
    ) -> None:
        copying.source.add(MADE, "1")
        copying.source.login = "bearer"
        for registry in (copying.source, copying.destination):
            registry.fail("", preceded_by(*[interim] * times), times=1000)

        result = copying.copy()

        assert result.copied == len(MADE.blobs)
        assert copying.destination.manifests["t"] == (MADE.media_type, MADE.content)
        assert copying.destination.blobs[digest_of(LAYER)] == LAYER
        assert not copying.time.slept

    def test_of_all_kinds_may_come_together(self, copying: Copying) -> None:
        copying.source.add(MADE, "1")
        copying.source.fail("", preceded_by(*INTERIM), times=1000)

        assert copying.find().digest == MADE.digest

    def test_may_come_before_a_redirect_and_where_it_leads(self, copying: Copying) -> None:
        copying.source.add(MADE, "1")
        place = {"Location": f"http://{copying.destination.host}/v2/web/blobs/{digest_of(LAYER)}"}

        def lead_on(connection: Connection) -> bool:
            connection.wfile.write(EARLY_HINTS)
            return bool(status(307, place)(connection))

        copying.source.fail(f"GET .*{digest_of(LAYER)}", lead_on)

        def give(connection: Connection) -> bool:
            connection.wfile.write(EARLY_HINTS)
            return bool(status(200, {}, LAYER)(connection))

        copying.destination.fail("GET", give)

        assert copying.copy().copied == len(MADE.blobs)

    def test_may_come_before_a_refusal_that_ends_an_upload_early(self, copying: Copying) -> None:
        copying.source.add(image(b"x" * 3_000_000), "1")

        def refuse(connection: Connection) -> bool:
            connection.wfile.write(EARLY_HINTS)
            for _ in connection.body:
                pass
            return bool(status(413)(connection))

        copying.destination.fail("PUT .*uploads", refuse, times=9)

        with pytest.raises(Rejected, match=r"\(413\)"):
            copying.copy()

    def test_without_an_end_are_left(self, copying: Copying) -> None:
        lie = Says(then=head("103 Early Hints"))
        copying.source.fail("GET", lie, times=1000)

        with pytest.raises(TransportError, match="its answer has no end"):
            copying.find()

    def test_that_come_now_and_then_end_with_the_deadline(self, copying: Copying) -> None:
        copying.real_deadline(1.0)
        pauses = Says(then=head("102 Processing"), between=lambda: not time.sleep(0.05))
        copying.source.fail("GET", pauses, times=1000)
        began = time.monotonic()

        with pytest.raises(DeadlineExceeded, match="too slow"):
            copying.find()

        assert time.monotonic() - began < 5

    def test_with_too_many_headers_are_told(self, copying: Copying) -> None:
        lie = Says(first=head("103 Early Hints", *["X: y"] * 200) + head("200 OK"))
        copying.source.fail("GET", lie, times=1000)

        with pytest.raises(TransportError, match="HTTPException"):
            copying.find()

    def test_that_switch_to_another_protocol_are_refused(self, copying: Copying) -> None:
        copying.source.add(MADE, "1")
        answer = head("101 Switching Protocols", "Upgrade: h2c", "Connection: Upgrade")
        copying.source.fail("GET", Says(first=answer + b"PRI * HTTP/2.0\r\n\r\n", keeps=True))

        with pytest.raises(Rejected, match=r"did not give manifest 1 of web \(101\)"):
            copying.find()

        # What comes over that connection afterwards is no HTTP.
        before = copying.source.connections
        assert copying.find().digest == MADE.digest
        assert copying.source.connections == before + 1


def coded(
    content: Callable[[Connection], bytes], coding: str = "gzip", *, length: bool = True
) -> Act:
    """Answer with a content coding, although none was asked for."""

    def act(connection: Connection) -> bool:
        body = gzip.compress(content(connection))
        headers = {"Content-Type": OCI_MANIFEST, "Content-Encoding": coding}
        if length:
            return bool(status(200, headers, body)(connection))
        lines = [f"{name}: {value}" for name, value in headers.items()]
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return Says(first=head("200 OK", *lines, "Transfer-Encoding: chunked") + chunks)(connection)

    return act


class TestContentCoding:
    def test_of_none_is_asked_for_on_every_request(self, copying: Copying) -> None:
        copying.source.add(MADE, "1")
        copying.source.login = copying.destination.login = "bearer"
        place = {"Location": f"http://{copying.source.host}/v2/web/manifests/1"}
        copying.source.fail("GET .*manifests", status(307, place))
        copying.destination.uploads = "chunked"

        copying.copy()

        seen = [*copying.source.seen, *copying.destination.seen]
        assert {one.method for one in seen} >= {"GET", "HEAD", "POST", "PUT", "PATCH"}
        assert "/token" in {one.path.partition("?")[0] for one in seen}
        assert {one.headers.get("Accept-Encoding") for one in seen} == {"identity"}

    @pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "GZIP", "gzip, identity"])
    def test_of_a_manifest_is_told(self, copying: Copying, coding: str) -> None:
        copying.source.fail("GET", coded(lambda _: MADE.content, coding))

        with pytest.raises(Rejected) as caught:
            copying.find()

        assert str(caught.value) == (
            f"{copying.source.host} did not give manifest 1 of web as it is, but with the content "
            f"coding '{coding}': turn compression off in the registry or in the proxy before it"
        )

    def test_of_a_manifest_that_is_asked_for_by_digest_is_told(self, copying: Copying) -> None:
        copying.source.fail("GET", coded(lambda _: MADE.content))

        with pytest.raises(Rejected, match="as it is, but with the content coding 'gzip'"):
            copying.find(f"web@{MADE.digest}")

    def test_of_a_token_is_told(self, copying: Copying) -> None:
        copying.source.login = "bearer"
        copying.source.fail("GET /token", coded(lambda _: b'{"token": "a"}'))

        with pytest.raises(Rejected, match=r"did not give a token for .* coding 'gzip'"):
            copying.find()

    @pytest.mark.parametrize("length", [True, False])
    @pytest.mark.parametrize("what", ["config", "short layer", "long layer"])
    def test_of_a_blob_is_told(self, copying: Copying, what: str, length: bool) -> None:
        made = image(bytes(range(256)) if what == "short layer" else bytes(5000))
        copying.source.add(made, "1")
        (config,) = [digest for digest in made.blobs if made.blobs[digest][:1] == b"{"]
        (layer,) = made.blobs.keys() - {config}
        digest = config if what == "config" else layer

        def blob(connection: Connection) -> bytes:
            return copying.source.blobs[digest]

        copying.source.fail(f"GET .*{digest}", coded(blob, length=length), times=9)

        with pytest.raises(Rejected, match=r"give blob sha256:\w+ of web as it is, .* 'gzip'"):
            copying.copy()

    @pytest.mark.parametrize("coding", ["identity", "aws-chunked", "gzip"])
    def test_that_is_told_of_bytes_that_are_right_does_no_harm(
        self, copying: Copying, coding: str
    ) -> None:
        """Storages keep such a header with what was uploaded, and give the bytes as they are."""
        copying.source.add(MADE, "1")

        def give(connection: Connection) -> bool:
            content = copying.source.blobs[connection.path.rpartition("/")[2]]
            return bool(status(200, {"Content-Encoding": coding}, content)(connection))

        told = {"Content-Type": OCI_MANIFEST, "Content-Encoding": coding}
        copying.source.fail("GET .*manifests", status(200, told, MADE.content))
        copying.source.fail("GET .*blobs", give, times=9)

        assert copying.copy().digest == MADE.digest

    def test_of_the_way_is_told_as_well(self, copying: Copying) -> None:
        body = gzip.compress(MADE.content)
        lines = (f"Content-Type: {OCI_MANIFEST}", "Transfer-Encoding: gzip, chunked")
        copying.source.fail("GET", Says(first=head("200 OK", *lines) + body))

        with pytest.raises(Rejected, match="with the content coding 'gzip, chunked'"):
            copying.find()

    def test_of_a_range_that_is_none_is_not_told(self, copying: Copying) -> None:
        copying.source.add(MADE, "1")
        answer = status(416, {"Content-Encoding": "gzip"}, gzip.compress(b"no"))
        copying.source.fail(f"GET .*{digest_of(LAYER)}", answer)

        with pytest.raises(DigestMismatch, match="has something else of"):
            copying.copy()

    def test_of_a_head_says_nothing_of_a_blobs_size(self, copying: Copying) -> None:
        copying.source.add(MADE, "1")
        told = {"Content-Encoding": "gzip", "Content-Length": "7"}
        copying.destination.fail(f"HEAD .*{digest_of(LAYER)}", status(200, told))

        assert copying.copy().skipped == 1


class TestDamagedManifests:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("tar+gzip", b"tar+gzap"),
            ("image.config", b"image.konfig"),
            ('"size"', b'"sise"'),
            ("{", b"["),
            ("image.manifest.v1", b"image.manifest.v7"),
        ],
    )
    def test_that_are_asked_for_by_digest_are_told_as_damaged(
        self, copying: Copying, old: str, new: bytes
    ) -> None:
        copying.source.add(MADE)
        content = MADE.content.replace(old.encode(), new)
        copying.source.manifests[MADE.digest] = MADE.media_type, content

        with pytest.raises(DigestMismatch) as caught:
            copying.find(f"web@{MADE.digest}")

        assert f"has digest {digest_of(content)}, not {MADE.digest}" in caught.value.problem
        assert caught.value.fix == "push the image to its registry again"

    def test_that_are_right_the_next_time_are_taken(self, copying: Copying) -> None:
        copying.source.add(MADE)
        page = status(200, {"Content-Type": "text/html"}, b"<html>Please wait")
        copying.source.fail("GET .*manifests", page, times=2)

        assert copying.find(f"web@{MADE.digest}").digest == MADE.digest


def test_a_layer_that_is_damaged_is_told_with_both_digests(copying: Copying) -> None:
    copying.source.add(MADE, "1")
    other = LAYER.replace(b"l", b"r")
    copying.source.blobs[digest_of(LAYER)] = other

    with pytest.raises(DigestMismatch) as caught:
        copying.copy()

    assert str(caught.value) == (
        f"blob {digest_of(LAYER)} of {copying.source.host}/web:1 does not match its digest, "
        f"it came as {digest_of(other)}, 5000 of 5000 bytes: "
        "push the image to its registry again"
    )


def test_what_is_refused_is_not_taken_for_coded(copying: Copying) -> None:
    answer: Any = status(404, {"Content-Encoding": "gzip"}, gzip.compress(b"{}"))
    copying.source.fail("GET", answer)

    with pytest.raises(Missing, match=r"\(404\)"):
        copying.find()
