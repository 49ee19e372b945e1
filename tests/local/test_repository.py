"""Uploads, blobs and manifests, over the wire."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer

UPLOADS = "/v2/sr/blobs/uploads/"
HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
OTHER = f"sha256:{'0' * 64}"


def code(answer: Any) -> tuple[int, str]:
    return answer.status, json.loads(answer.content)["errors"][0]["code"]


def begin(registry: Any) -> str:
    answer = registry("POST", UPLOADS)
    assert answer.status == 202
    return answer.headers["Location"]


def test_takes_a_blob_in_one_put(registry: Any, server: LightsailServer) -> None:
    answer = registry("PUT", f"{begin(registry)}&digest={HELLO}", b"hello")

    assert answer.status == 201
    assert answer.headers["Docker-Content-Digest"] == HELLO
    assert answer.headers["Location"].endswith(f"/v2/sr/blobs/{HELLO}")
    assert server.images.blob_size(HELLO) == 5


def test_takes_a_blob_in_one_post(registry: Any, server: LightsailServer) -> None:
    answer = registry("POST", f"{UPLOADS}?digest={HELLO}", b"hello")

    assert answer.status == 201
    assert server.images.blob_size(HELLO) == 5


def test_begins_an_upload_where_a_post_with_a_digest_has_no_body(registry: Any) -> None:
    assert registry("POST", f"{UPLOADS}?digest={HELLO}").status == 202


def test_takes_a_blob_in_pieces(registry: Any, server: LightsailServer) -> None:
    first = registry("PATCH", begin(registry), b"hel", {"Content-Range": "0-2"})
    second = registry("PATCH", first.headers["Location"], b"lo", {"Content-Range": "3-4"})
    done = registry("PUT", f"{second.headers['Location']}&digest={HELLO}")

    assert (first.status, first.headers["Range"]) == (202, "0-2")
    assert (second.status, second.headers["Range"]) == (202, "0-4")
    assert done.status == 201
    assert server.images.blob_size(HELLO) == 5


def test_takes_pieces_without_a_content_range(registry: Any) -> None:
    patched = registry("PATCH", begin(registry), b"hello")

    assert registry("PUT", f"{patched.headers['Location']}&digest={HELLO}").status == 201


def test_takes_a_body_of_unknown_length(registry: Any, server: LightsailServer) -> None:
    patched = registry(
        "PATCH", begin(registry), iter([b"he", b"llo"]), {"Transfer-Encoding": "chunked"}
    )

    assert patched.headers["Range"] == "0-4"


def test_refuses_a_piece_that_does_not_follow(registry: Any) -> None:
    patched = registry("PATCH", begin(registry), b"hel", {"Content-Range": "0-2"})

    answer = registry("PATCH", patched.headers["Location"], b"o", {"Content-Range": "4-4"})

    assert answer.status == 416
    assert answer.headers["Range"] == "0-2"


def test_refuses_a_location_that_is_not_the_newest(registry: Any) -> None:
    location = begin(registry)
    registry("PATCH", location, b"hel")

    assert code(registry("PATCH", location, b"lo")) == (404, "BLOB_UPLOAD_INVALID")
    assert code(registry("PUT", f"{location}&digest={HELLO}")) == (404, "BLOB_UPLOAD_INVALID")


def test_refuses_a_location_without_its_query(registry: Any) -> None:
    location = begin(registry).partition("?")[0]

    assert code(registry("PATCH", location, b"hello")) == (404, "BLOB_UPLOAD_INVALID")


def test_tells_how_far_an_upload_has_come(registry: Any) -> None:
    location = begin(registry)
    assert registry("GET", location).headers["Range"] == "0-0"
    registry("PATCH", location, b"hel")

    status = registry("GET", location)

    assert (status.status, status.headers["Range"]) == (204, "0-2")
    assert registry("PATCH", status.headers["Location"], b"lo").headers["Range"] == "0-4"


def test_keeps_what_came_before_the_connection_broke(
    registry: Any, server: LightsailServer
) -> None:
    location = begin(registry)
    path = urlsplit(location)
    head = (
        f"PATCH {path.path}?{path.query} HTTP/1.1\r\nHost: {registry.host}\r\n"
        f"Authorization: {registry.headers['Authorization']}\r\nContent-Length: 5\r\n\r\n"
    )
    host, _, port = registry.host.partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"hel")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""

    status = registry("GET", location)

    assert status.headers["Range"] == "0-2"
    assert registry("PATCH", location, b"lo", {"Content-Range": "3-4"}).status == 202


def test_forgets_an_upload_that_is_given_up(registry: Any) -> None:
    location = begin(registry)

    assert registry("DELETE", location).status == 204
    assert code(registry("GET", location)) == (404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("digest", ["", "sha256:1", "sha512:" + "0" * 128])
def test_refuses_what_is_no_digest(registry: Any, digest: str) -> None:
    answer = registry("PUT", f"{begin(registry)}&digest={digest}", b"hello")

    assert code(answer) == (400, "DIGEST_INVALID")


def test_refuses_a_blob_of_another_digest(registry: Any) -> None:
    location = begin(registry)

    answer = registry("PUT", f"{location}&digest={HELLO}", b"other")

    assert code(answer) == (400, "DIGEST_INVALID")
    assert code(registry("GET", location)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry("HEAD", f"/v2/sr/blobs/{HELLO}").status == 404


def test_tells_whether_a_blob_is_there(registry: Any) -> None:
    missing = registry("HEAD", f"/v2/sr/blobs/{HELLO}")
    registry.upload(b"hello")
    there = registry("HEAD", f"/v2/sr/blobs/{HELLO}")

    assert missing.status == 404
    assert (there.status, there.headers["Content-Length"]) == (200, "5")
    assert there.headers["Docker-Content-Digest"] == HELLO


def test_takes_no_pieces_where_u6_is_monolithic(registry: Any, behaviour: Behaviour) -> None:
    behaviour.blob_uploads = "monolithic"
    location = begin(registry)

    assert code(registry("PATCH", location, b"hello")) == (405, "UNSUPPORTED")
    assert registry("PUT", f"{location}&digest={HELLO}", b"hello").status == 201


@pytest.mark.parametrize(
    ("switch", "start"), [("absolute", "http://{host}/v2/sr/"), ("relative", "/v2/sr/")]
)
def test_locations_follow_u6(
    registry: Any, behaviour: Behaviour, manifest: Any, switch: Any, start: str
) -> None:
    content = manifest()
    behaviour.locations = switch

    answers = [
        registry("POST", UPLOADS),
        registry("POST", f"{UPLOADS}?digest={HELLO}", b"hello"),
        registry.put_manifest("tag", content),
    ]

    start = start.format(host=registry.host)
    assert all(answer.headers["Location"].startswith(start) for answer in answers)


def test_mounts_follow_u13(registry: Any, behaviour: Behaviour) -> None:
    mount = f"{UPLOADS}?mount={HELLO}&from=other"
    registry.upload(b"hello")

    assert registry("POST", mount).status == 202
    behaviour.blob_mount = "created"
    mounted = registry("POST", mount)
    assert (mounted.status, mounted.headers["Docker-Content-Digest"]) == (201, HELLO)
    assert registry("POST", mount.replace(HELLO, OTHER)).status == 202
    assert code(registry("POST", mount.replace(HELLO, "sha256:1"))) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_takes_a_manifest(
    registry: Any, manifest: Callable[..., bytes], server: LightsailServer, by: str
) -> None:
    content = manifest()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"

    answer = registry.put_manifest(digest if by == "digest" else "tag", content)

    assert answer.status == 201
    assert answer.headers["Docker-Content-Digest"] == digest
    assert answer.headers["Location"].endswith(f"/v2/sr/manifests/{digest}")
    assert server.images.manifest(digest).content == content


def test_refuses_a_manifest_of_another_digest(registry: Any, manifest: Any) -> None:
    assert code(registry.put_manifest(OTHER, manifest())) == (400, "DIGEST_INVALID")


def test_refuses_a_manifest_of_more_than_4_mib(registry: Any, manifest: Any) -> None:
    big = manifest(annotations={"x": "y" * (4 << 20)})

    assert code(registry.put_manifest("tag", big)) == (413, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    ("switch", "expected"), [("answered", 200), ("denied", 403), ("not_found", 404)]
)
def test_reading_a_manifest_follows_u5(
    registry: Any, behaviour: Behaviour, manifest: Any, switch: Any, expected: int
) -> None:
    behaviour.manifest_reads = switch
    content = manifest()
    registry.put_manifest("tag", content)

    head, get = (registry(method, "/v2/sr/manifests/tag") for method in ("HEAD", "GET"))

    assert (head.status, head.content) == (expected, b"")
    assert get.status == expected
    assert (get.content == content) is (expected == 200)


def test_knows_no_manifest_that_was_not_pushed(registry: Any, behaviour: Behaviour) -> None:
    behaviour.manifest_reads = "answered"

    assert code(registry("GET", "/v2/sr/manifests/tag")) == (404, "MANIFEST_UNKNOWN")
