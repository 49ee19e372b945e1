"""A registry that lies about an image: the stack fails with a sentence, soon, and nothing is lost.

The registry of the image tells each lie to the whole function.
"""

import gzip
import http.client
import io
import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from unittest.mock import Mock

import pytest

from cdk_lightsail_containers_handler.registry.errors import Unsupported
from cdk_lightsail_containers_handler.registry.manifest import LARGEST_MANIFEST, parse
from fake_registry import Act, FakeRegistry
from lied_to import LiedTo
from lightsail_local.wire.http_server import Connection
from lying_answers import Says, head
from oci_images import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, digest_of, image, to_json
from registry_faults import errors, status

MADE = image(b"layer" * 1000)
MANIFEST, BLOB = "GET .*/manifests/", "GET .*/blobs/"
TYPE = f"Content-Type: {OCI_MANIFEST}"
CHUNKED = "Transfer-Encoding: chunked"
KIB, MIB = 1 << 10, 1 << 20
# What the kernel takes on both ends' behalf before anybody reads it.
ON_THE_WAY = 16 * MIB

NO_END = "did not give manifest 1 of web (its answer has no end): check the registry's name"
NO_JSON = "/web:1 is no JSON object"
NO_HTTP = "did not give manifest 1 of web (its answer is no HTTP): check the registry's name"


def counts_trailers() -> bool:
    """Whether this Python refuses more of them than of headers, as newer ones do."""
    return not can_read(head("200 OK", CHUNKED) + b"0\r\n" + b"Trailer: x\r\n" * KIB + b"\r\n")


def can_read(answer: bytes) -> bool:
    """Whether this Python can read an answer."""
    connection = Mock(makefile=lambda *_: io.BytesIO(answer))
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        response.read()
    except Exception:  # noqa: BLE001 - of many kinds
        return False
    return True


class TestEndlessAnswers:
    @pytest.mark.parametrize(
        ("first", "then", "told", "most"),
        [
            (head("200 OK", TYPE), b" " * 60 * KIB, "is larger than 4 MiB", 4 * MIB),
            (
                head("200 OK", TYPE, f"Content-Length: {10**18}"),
                b" " * 60 * KIB,
                "is larger than 4 MiB",
                4 * MIB,
            ),
            (
                head("200 OK", TYPE, CHUNKED),
                b"f000\r\n" + b" " * 0xF000 + b"\r\n",
                "is larger than 4 MiB",
                5 * MIB,
            ),
            # A chunk of a negative length is one that never ends.
            (head("200 OK", TYPE, CHUNKED) + b"-1\r\n", b" " * 60 * KIB, NO_END, 9 * MIB),
            (
                head("200 OK", TYPE, CHUNKED),
                b"1;" + b"x" * 60 * KIB + b"\r\n \r\n",
                NO_END,
                9 * MIB,
            ),
            (
                head("200 OK", TYPE, CHUNKED) + b"2\r\n{}\r\n0\r\n",
                b"Trailer: x\r\n" * 5 * KIB,
                "(HTTPException)" if counts_trailers() else NO_END,
                9 * MIB,
            ),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2 * KIB, NO_END, 256 * KIB),
            (b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * KIB, NO_END, 256 * KIB),
            (head()[:-2], b"X: " + b"y" * 60 * KIB + b"\r\n", NO_END, 256 * KIB),
            (head()[:-2], b"X: y\r\n" * KIB, "(HTTPException)", 256 * KIB),
            (head()[:-2] + b"X: ", b"y" * 60 * KIB, "(LineTooLong)", 256 * KIB),
            (b"HTTP/1.1 200 ", b"O" * 60 * KIB, "(LineTooLong)", 256 * KIB),
        ],
        ids=[
            "body",
            "body-with-length",
            "chunks",
            "chunk",
            "chunk-extensions",
            "trailers",
            "interim-answers",
            "interim-answers-with-headers",
            "large-headers",
            "headers",
            "header",
            "status-line",
        ],
    )
    def test_of_a_manifest_are_left_before_they_fill_the_memory(
        self, lied_to: LiedTo, first: bytes, then: bytes, told: str, most: int
    ) -> None:
        lie = Says(first=first, then=then)
        lied_to.lie(MANIFEST, lie)

        assert told in lied_to.reason()
        assert lie.sent < most + ON_THE_WAY

    @pytest.mark.parametrize(
        "lie",
        [
            Says(first=head("200 OK"), then=b" " * 60 * KIB),
            Says(first=head("200 OK", CHUNKED) + b"-1\r\n", then=b" " * 60 * KIB),
        ],
        ids=["body", "chunk"],
    )
    def test_of_a_token_service_are_left_before_they_fill_the_memory(
        self, lied_to: LiedTo, lie: Says
    ) -> None:
        lied_to.source.login = "bearer"
        lied_to.lie("GET /token", lie)

        image = f"{lied_to.source.host}/web:1"
        assert lied_to.reason().startswith(
            (
                f"the token service {lied_to.source.host} for {image} answered without a token: ",
                f"{lied_to.source.host} did not give a token for {image} (its answer has no end): ",
            )
        )
        assert lie.sent < 600 * KIB + ON_THE_WAY

    @pytest.mark.parametrize("code", ["400 Bad Request", "503 Unavailable", "307 Temporary"])
    def test_that_refuse_are_left_after_their_beginning(self, lied_to: LiedTo, code: str) -> None:
        lie = Says(first=head(code, "Location: /v2/web/manifests/1"), then=b" " * 60 * KIB)
        lied_to.lie(MANIFEST, lie)

        assert f"did not give manifest 1 of web ({code[:3]})" in lied_to.reason()
        assert lie.sent < 16 * KIB + ON_THE_WAY

    def test_of_a_blob_are_left_where_its_manifest_ends_it(self, lied_to: LiedTo) -> None:
        lied_to.source.add(MADE, "1")
        layer = digest_of(b"layer" * 1000)
        lie = Says(first=head("200 OK", CHUNKED), then=b"f000\r\n" + b"x" * 0xF000 + b"\r\n")
        lied_to.lie(f"{BLOB}{layer}", lie)

        assert f"has more bytes of {layer[:19]}, not 5000 as its manifest says" in lied_to.reason()
        assert lie.sent < ON_THE_WAY

    def test_to_where_a_blob_breaks_off_are_left_as_well(self, lied_to: LiedTo) -> None:
        lied_to.source.add(MADE, "1")
        layer = digest_of(b"layer" * 1000)
        lie = Says(first=head("200 OK", CHUNKED), then=b"1;" + b"x" * 60 * KIB + b"\r\nx\r\n")
        lied_to.lie(f"{BLOB}{layer}", lie)

        assert f"did not give blob {layer[:19]} of web (its answer has no end)" in lied_to.reason()
        assert lie.sent < ON_THE_WAY + 100 * KIB

    def test_to_a_head_are_none(self, lied_to: LiedTo) -> None:
        """What comes after the head of an answer to HEAD is no part of another answer."""
        lied_to.source.login = ""
        lied_to.source.add(MADE, "1")
        lied_to.lie(
            MANIFEST,
            Says(
                first=head("200 OK", TYPE, f"Content-Length: {len(MADE.content)}")
                + MADE.content
                + b"SSH-2.0-OpenSSH_9.2\r\n" * 9,
                keeps=True,
            ),
        )

        assert lied_to.create()["Data"]["ImageDigest"] == MADE.digest


class TestAnswersThatAreNoHttp:
    def test_are_told_as_what_they_are(self, lied_to: LiedTo) -> None:
        chunk = b"-7\r\n{}\r\n0\r\n\r\n"
        lied_to.lie(MANIFEST, Says(first=head("200 OK", TYPE, CHUNKED) + chunk))

        assert NO_HTTP in lied_to.reason()
        assert "Traceback" not in lied_to.log.text

    @pytest.mark.parametrize(
        "answer",
        [
            # Heads are read by a parser for mails, which has parts and continued parameters.
            head("200 OK", f"Content-Type: multipart/mixed; boundary*{'9' * 5000}=x"),
            head("200 OK", "Content-Type: multipart/mixed; boundary*=a; boundary*0=b"),
            head("200 OK", "\r\r".join(["Content-Type: message/rfc822"] * 2000)),
        ],
        ids=["number", "order", "nesting"],
    )
    def test_because_of_their_head_are_told(self, lied_to: LiedTo, answer: bytes) -> None:
        lied_to.lie(MANIFEST, Says(first=answer))

        # A Python that can read such a head finds nothing behind it.
        assert (NO_JSON if can_read(answer) else NO_HTTP) in lied_to.reason()
        assert "Traceback" not in lied_to.log.text

    @pytest.mark.parametrize("length", ["-1", "9" * 5000, "1e3", "0x10", "two", "5, 5"])
    def test_because_of_their_length_are_read_to_their_end(
        self, lied_to: LiedTo, length: str
    ) -> None:
        lied_to.source.add(MADE, "1")
        lied_to.lie(
            MANIFEST,
            Says(first=head("200 OK", TYPE, f"Content-Length: {length}") + MADE.content),
        )

        assert lied_to.create()["Data"]["ImageDigest"] == MADE.digest


class TestSlowAnswers:
    """A byte now and then, each in time, and all together without an end."""

    @pytest.mark.parametrize(
        ("pattern", "first"),
        [
            (MANIFEST, b"HTTP/1.1 200 "),
            (MANIFEST, head()[:-2] + b"X: "),
            (MANIFEST, head("200 OK", TYPE, "Content-Length: 4000000")),
            (MANIFEST, head("200 OK", TYPE)),
            (MANIFEST, head("200 OK", TYPE, CHUNKED) + b"ffff\r\n"),
            (MANIFEST, head("404 Not Found", "Content-Length: 4000")),
            ("GET /token", head("200 OK", "Content-Length: 4000")),
            (BLOB, head("200 OK")),
            (f"{BLOB}{digest_of(b'layer' * 1000)}", head("200 OK", "Content-Length: 5000")),
            (f"{BLOB}{digest_of(b'layer' * 1000)}", head("200 OK", CHUNKED) + b"1388\r\n"),
        ],
        ids=[
            "status-line",
            "header",
            "manifest",
            "manifest-without-length",
            "manifest-in-chunks",
            "refusal",
            "token",
            "config",
            "layer",
            "layer-in-chunks",
        ],
    )
    def test_end_with_the_deadline(self, lied_to: LiedTo, pattern: str, first: bytes) -> None:
        lied_to.source.login = "bearer"
        lied_to.source.add(MADE, "1")
        lied_to.lie(pattern, Says(first=first, then=b" ", between=lied_to.pass_time))

        assert lied_to.reason() == (
            f"CloudFormation waits no longer: {lied_to.source.host} was too slow for the time "
            "that was left: give the function more memory, with which it has more network"
        )


class TestManifestsThatLie:
    def test_of_a_million_layers_are_refused(self, lied_to: LiedTo) -> None:
        layers = b",".join([b"{}"] * 1_000_000)
        content = MADE.content.replace(b'"layers": [', b'"layers": [' + layers + b",")
        lied_to.lie(MANIFEST, status(200, {"Content-Type": OCI_MANIFEST}, content))

        assert "has too many parts to be one" in lied_to.reason()

    def test_of_a_thousand_and_one_layers_are_refused(self, lied_to: LiedTo) -> None:
        content = MADE.content.replace(b'"layers": [', b'"layers": [' + b"{}," * 1000)
        lied_to.lie(MANIFEST, status(200, {"Content-Type": OCI_MANIFEST}, content))

        assert "malformed, layers are no list of at most 1000" in lied_to.reason()

    @pytest.mark.parametrize("part", [b"{}", b"[]", b"[[]]", b'{"a":1}', b'"ab"', b"999", b"1.5"])
    def test_of_as_many_parts_as_there_is_room_for_do_not_fill_the_memory(
        self, part: bytes
    ) -> None:
        """A function may have 128 MiB, and half of it is taken before it begins."""
        parts = b",".join([part] * ((LARGEST_MANIFEST - 100) // (len(part) + 1)))
        content = b'{"schemaVersion":2,"config":{},"layers":[' + parts + b"]}"
        tracemalloc.start()
        try:
            with pytest.raises(Unsupported):
                parse(content, OCI_MANIFEST, "web")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

        assert peak < 60 * MIB

    @pytest.mark.parametrize(
        ("size", "told"),
        [
            (-1, "malformed, a size is '-1'"),
            (2**63, "malformed, a size is '9223372036854775808'"),
            (10**400, "malformed, a size is '1000"),
            (2**63 - 1, "has 5000 bytes of sha256:"),
            (5001, "has 5000 bytes of sha256:"),
        ],
    )
    def test_about_the_size_of_a_layer_are_refused(
        self, lied_to: LiedTo, size: int, told: str
    ) -> None:
        content = MADE.content.replace(b'"size": 5000', b'"size": ' + str(size).encode())
        lied_to.source.blobs |= MADE.blobs
        lied_to.source.manifests["1"] = OCI_MANIFEST, content

        assert told in lied_to.reason()

    def test_about_the_size_of_an_endless_layer_are_given_up_soon(self, lied_to: LiedTo) -> None:
        content = MADE.content.replace(b'"size": 5000', b'"size": ' + str(2**62).encode())
        lied_to.source.blobs |= MADE.blobs
        lied_to.source.manifests["1"] = OCI_MANIFEST, content

        slow = partial(lied_to.pass_time, 100)
        lie = Says(first=head("200 OK"), then=b"x" * MIB, between=slow)
        lied_to.lie(f"{BLOB}{digest_of(b'layer' * 1000)}", lie)
        # Which one depends on whether the other thread finds the time up while it connects.
        reason = lied_to.reason()
        assert "was too slow" in reason or "no time left for the copy" in reason

        # By now the config is there, so that this invocation copies nothing.
        lied_to.began = lied_to.stack.time.now
        assert "has 4611686018427 MB, too many for the 270 s of an invocation" in lied_to.reason()

    def test_naming_a_layer_twice_are_copied_with_one(self, lied_to: LiedTo) -> None:
        layer = b"layer" * 1000
        made = image(layer, b"other", layer)
        lied_to.source.add(made, "1")

        assert lied_to.create()["Data"]["ImageDigest"] == made.digest
        asked = [line for line in lied_to.source.lines("GET") if digest_of(layer) in line]
        assert len(asked) == 1

    def test_naming_a_layer_twice_with_two_sizes_are_refused(self, lied_to: LiedTo) -> None:
        made = image(b"layer" * 1000, b"layer" * 1000)
        content = made.content.replace(b'"size": 5000', b'"size": 4999', 1)
        content = content[::-1].replace(b"0005 :", b"1 :", 1)[::-1]
        lied_to.source.blobs |= made.blobs
        lied_to.source.manifests["1"] = OCI_MANIFEST, content

        assert "has 5000 bytes of sha256:" in lied_to.reason()

    def test_that_name_the_config_as_a_layer_too_are_copied_with_one(self, lied_to: LiedTo) -> None:
        config = to_json({"os": "linux", "architecture": "amd64"})
        made = image(config)
        content = made.content.replace(
            digest_of(to_json({"os": "linux", "architecture": "amd64", "n": 1})).encode(), b""
        )
        document = json.loads(content)
        document["config"] = {
            "mediaType": OCI_CONFIG,
            "digest": digest_of(config),
            "size": len(config),
        }
        content = to_json(document)
        lied_to.source.blobs[digest_of(config)] = config
        lied_to.source.manifests["1"] = OCI_MANIFEST, content

        assert lied_to.create()["Data"]["ImageDigest"] == digest_of(content)

    def test_as_gzip_are_refused_and_not_unpacked(self, lied_to: LiedTo) -> None:
        bomb = gzip.compress(bytes(64 * MIB), 9)
        packed = {"Content-Type": OCI_MANIFEST, "Content-Encoding": "gzip"}
        lied_to.lie(MANIFEST, status(200, packed, bomb))

        assert "did not give manifest 1 of web as it is, but with the content coding 'gzip'" in (
            lied_to.reason()
        )
        asked = [seen.headers.get("Accept-Encoding") for seen in lied_to.source.seen]
        assert "gzip" not in str(asked)

    @pytest.mark.parametrize(
        "media_type",
        [
            OCI_MANIFEST.upper(),
            f"{OCI_MANIFEST.title()} ; charset=utf-8; q=0.5",
            f"  {OCI_MANIFEST};",
        ],
    )
    def test_about_nothing_but_the_case_of_their_type_are_read(
        self, lied_to: LiedTo, media_type: str
    ) -> None:
        lied_to.source.add(MADE, "1")
        lied_to.source.manifests["1"] = media_type, MADE.content

        assert lied_to.create()["Data"]["ImageDigest"] == MADE.digest

    def test_with_another_digest_than_their_header_are_refused(self, lied_to: LiedTo) -> None:
        told = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": "sha256:" + "x" * 9000}
        lied_to.lie(MANIFEST, status(200, told, MADE.content))

        assert f"has digest {MADE.digest}, not sha256:xxx" in lied_to.reason()

    def test_that_repeat_the_login_do_not_show_it(self, lied_to: LiedTo) -> None:
        def repeat(kind: Callable[[str], tuple[str, bytes]]) -> None:
            def act(connection: Connection) -> bool:
                sent = connection.headers.get("Authorization", "")
                if not sent:
                    return False
                media_type, content = kind(sent)
                answer = status(200, {"Content-Type": media_type}, content)
                return bool(answer(connection))

            lied_to.source.faults.clear()
            lied_to.lie(MANIFEST, status(401, {"WWW-Authenticate": "Basic"}), times=1)
            lied_to.lie(MANIFEST, act)

        def entry(sent: str) -> bytes:
            platform = {"os": sent, "architecture": "robot:correct-horse"}
            item = {"mediaType": OCI_MANIFEST, "digest": MADE.digest, "size": 1}
            return to_json({"manifests": [{**item, "platform": platform}]})

        def layer(sent: str) -> bytes:
            item = {"mediaType": OCI_LAYER, "digest": f"{sent} correct-horse", "size": 1}
            return MADE.content.replace(b'"layers": [', b'"layers": [' + to_json(item) + b",")

        for kind in (
            lambda sent: (sent, b"{}"),
            lambda sent: (OCI_MANIFEST, to_json({"mediaType": f"correct-horse {sent}"})),
            lambda sent: (OCI_INDEX, entry(sent)),
            lambda sent: (OCI_MANIFEST, layer(sent)),
        ):
            repeat(kind)
            lied_to.reason()


class TestRedirects:
    @pytest.mark.parametrize("pattern", [MANIFEST, BLOB])
    @pytest.mark.parametrize(
        ("location", "told"),
        [
            ("https://169.254.169.254/latest/meta-data", "the link-local or metadata address 169"),
            ("https://[fd00:ec2::254]/latest", "the link-local or metadata address fd00:ec2::254"),
            ("https://[::ffff:169.254.169.254]/", "the link-local or metadata address"),
            ("https://[::ffff:a9fe:a9fe]/", "the link-local or metadata address"),
            ("https://[fe80::1]/", "the link-local or metadata address fe80::1"),
            ("https://2852039166/latest", "leads to something that is no address"),
            ("https://0xa9fea9fe/latest", "leads to something that is no address"),
            ("https://0251.0376.0251.0376/", "leads to something that is no address"),
            ("https://169.254.43518/", "leads to something that is no address"),
            ("https://169.254.169.254./", "leads to something that is no address"),
            ("http://169.254.169.254/", "leads to 169.254.169.254 without TLS"),
            ("http://registry.example/", "leads to registry.example without TLS"),
            ("file:///etc/passwd", "leads to something that is no address"),
            ("ftp://registry.example/x", "leads to something that is no address"),
            ("gopher://127.0.0.1:6379/_FLUSHALL", "leads to something that is no address"),
            ("javascript:alert(1)", "leads to something that is no address"),
            ("https://a..b/", "leads to something that is no address"),
            (f"https://{'a' * 64}.example/", "leads to something that is no address"),
            ("https://a.example\\@b.example/", "credentials in the address"),
            ("https://a.example\\b.example/", "leads to something that is no address"),
            ("/x\r\n X-Injected: y", "leads to something that is no address"),
            ("", "leads to something that is no address"),
        ],
    )
    def test_to_where_no_registry_has_any_business_are_refused(
        self, lied_to: LiedTo, pattern: str, location: str, told: str
    ) -> None:
        lied_to.source.add(MADE, "1")
        answer = head("307 Temporary Redirect", f"Location: {location}", "Content-Length: 0")
        lied_to.lie(pattern, Says(first=answer))

        assert told in lied_to.reason()
        assert "leads to" in lied_to.stack.response.answer["Reason"]

    @pytest.mark.parametrize("pattern", [MANIFEST, BLOB])
    def test_in_a_circle_are_given_up(
        self, lied_to: LiedTo, elsewhere: FakeRegistry, pattern: str
    ) -> None:
        lied_to.source.add(MADE, "1")

        def to(host: str) -> Act:
            return lambda connection: status(307, {"Location": f"http://{host}{connection.path}"})(
                connection
            )

        lied_to.lie(pattern, to(elsewhere.host))
        elsewhere.fail("GET", to(lied_to.source.host), times=1000)

        assert "of web (307): check that the registry takes such images" in lied_to.reason()
        assert len(lied_to.source.seen) + len(elsewhere.seen) < 12

    def test_to_another_host_that_wants_a_login_get_none(
        self, lied_to: LiedTo, elsewhere: FakeRegistry
    ) -> None:
        lied_to.source.add(MADE, "1")
        elsewhere.login = "basic"
        lied_to.lie(MANIFEST, status(307, {"Location": f"http://{elsewhere.host}/v2/web/x"}))

        assert f"{elsewhere.host} did not give manifest 1 of web (401" in lied_to.reason()
        assert elsewhere.seen


class TestTokenServices:
    @pytest.mark.parametrize(
        ("realm", "told"),
        [
            ("http://auth.example/token", "leads to auth.example without TLS to log in"),
            ("https://169.254.170.2/token", "the link-local or metadata address 169.254.170.2"),
            ("https://[fd00:ec2::254]/token", "the link-local or metadata address"),
            ("https://0xa9fea9fe/token", "leads to something that is no address to log in"),
            ("https://auth.example\\r\\nX: y/token", "something that is no address to log in"),
            ("https://robot:x@auth.example/", "with credentials in the address to log in"),
            ("file:///token", "names no token service to log in at"),
            ("", "names no token service to log in at"),
        ],
    )
    def test_where_no_registry_has_any_business_get_no_credentials(
        self, lied_to: LiedTo, realm: str, told: str
    ) -> None:
        challenge = {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'}
        lied_to.lie(MANIFEST, status(401, challenge))

        assert told in lied_to.reason()
        assert [seen.headers.get("Authorization") for seen in lied_to.source.seen] == [None]

    def test_are_asked_once_by_what_is_in_the_middle_of_a_name(self, lied_to: LiedTo) -> None:
        """Line ends, whole requests and more in a challenge stay what they are, a string."""
        service = "x HTTP/1.1\\r\\nHost: evil\\r\\n\\r\\nGET /&scope=repository:other:push"
        realm = f"http://{lied_to.source.host}/token"
        challenge = {"WWW-Authenticate": f'Bearer realm="{realm}",service="{service}"'}
        lied_to.source.login = "bearer"
        lied_to.lie(MANIFEST, status(401, challenge), times=1)
        lied_to.source.add(MADE, "1")

        assert lied_to.create()["Status"] == "SUCCESS"
        (asked,) = lied_to.source.lines("GET /token")
        assert asked.count("scope=") == 1
        assert asked.endswith("&scope=repository:web:pull")

    @pytest.mark.parametrize(
        "answer",
        [
            {"token": "a\r\nX-Injected: y"},
            {"token": "a b"},
            {"token": ["a"]},
            {"token": "", "access_token": {}},
            "token",
            None,
        ],
    )
    def test_that_give_no_token_are_named(self, lied_to: LiedTo, answer: object) -> None:
        lied_to.source.login = "bearer"
        lied_to.lie("GET /token", status(200, {}, to_json(answer)))

        assert "answered without a token" in lied_to.reason()

    @pytest.mark.parametrize("seconds", [10**400, -1, 1e308, True, None, "soon", {}, float("inf")])
    def test_that_lie_about_the_time_of_a_token_are_believed_as_far_as_makes_sense(
        self, lied_to: LiedTo, seconds: object
    ) -> None:
        lied_to.source.login = "bearer"
        lied_to.source.add(MADE, "1")
        lied_to.source.tokens.add("abc")
        answer = to_json({"token": "abc", "expires_in": seconds})
        lied_to.lie("GET /token", status(200, {}, answer))

        assert lied_to.create()["Data"]["ImageDigest"] == MADE.digest

    def test_that_always_want_another_login_are_left(self, lied_to: LiedTo) -> None:
        lied_to.lie(MANIFEST, errors(401, "UNAUTHORIZED", "again"))
        lied_to.lie(MANIFEST, status(401, {"WWW-Authenticate": "Basic"}))

        assert "(401" in lied_to.reason()
        assert len(lied_to.source.seen) < 20
