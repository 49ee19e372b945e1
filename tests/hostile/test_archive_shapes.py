"""Archives whose bytes were changed, and answers that are any bytes: read or refused, and ended."""

import json
import tarfile
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reliability.fuzz.wire_targets import check_archive, check_http

from archives import docker_files, layout, tar, zipped
from json_shapes import changed, deep
from lying_answers import head
from oci_images import OCI_MANIFEST, image, to_json

LAYOUT = layout(image(b"layer"))
DOCKER = docker_files(b"layer")
PACKED = [
    tar(LAYOUT),
    tar(LAYOUT, tarfile.PAX_FORMAT, "é" * 60 + "/"),
    tar(DOCKER),
    zipped(LAYOUT),
    zipped(DOCKER),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return an archive with bytes that are changed, missing, or there twice."""
    content = bytearray(draw(st.sampled_from(PACKED)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 4, 8, 12, 512]))
        new = draw(
            st.one_of(
                st.binary(max_size=12),
                st.sampled_from([b"\xff" * 8, b"\0" * 8, b"7" * 11, b"-1", bytes(content[:512])]),
            )
        )
        content[at : at + length] = new
    return bytes(content)


@settings(max_examples=2 * settings().max_examples)
@given(damaged())
def test_a_damaged_archive_is_read_or_refused(content: bytes) -> None:
    check_archive(content)


@given(
    st.sampled_from([tar, zipped]),
    st.one_of(
        changed(json.loads(LAYOUT["index.json"])).map(
            lambda shape: {**LAYOUT, "index.json": shape}
        ),
        changed(json.loads(DOCKER["manifest.json"])).map(
            lambda shape: {**DOCKER, "manifest.json": shape}
        ),
    ),
)
def test_an_archive_with_an_index_of_any_shape_is_read_or_refused(pack: Any, files: Any) -> None:
    check_archive(
        pack(
            {
                name: part if isinstance(part, bytes) else to_json(part)
                for name, part in files.items()
            }
        )
    )


@pytest.mark.parametrize("name", ["index.json", "manifest.json"])
def test_an_archive_with_an_index_without_an_end_is_refused(name: str) -> None:
    check_archive(tar({**DOCKER, name: deep()}))
    check_archive(tar({**DOCKER, name: deep(900) + b"]" * 900}))


TYPE = f"Content-Type: {OCI_MANIFEST}"
HEADS = [
    head("200 OK", TYPE, "Content-Length: 5"),
    head("200 OK", TYPE, "Transfer-Encoding: chunked"),
    head("100 Continue") + head("404 Not Found", "WWW-Authenticate: Basic"),
    head("307 Temporary Redirect", "Location: https://a.example/", "Connection: close"),
    head("200 OK", "Content-Type: multipart/mixed; boundary=x"),
    head("204 No Content", "Content-Length: 5"),
    b"",
]


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return an answer with parts that are changed."""
    content = bytearray(draw(st.sampled_from(HEADS)) + draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        new = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"\r", b"\r\n", b"\r\n\r\n", b" x\r\n", b"-1\r\n", b"9" * 5000]),
                st.sampled_from([b"; boundary*0=", b"; boundary*=", b": ", b"\0", b"\x85", b"_"]),
                st.just(b"\rContent-Type: message/rfc822\r\r" * 1000),
            )
        )
        content[at : at + draw(st.integers(0, 4))] = new
    return bytes(content)


BODIES = [
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"fffffff\r\nhello",
    b"-5\r\nhello",
    b"0x5\r\nhello",
    b"",
]


@settings(max_examples=2 * settings().max_examples)
@given(st.sampled_from(["GET", "HEAD", "PUT"]), answers())
@example("GET", head("200 OK", f"Content-Type: multipart/mixed; boundary*{'9' * 5000}=x"))
def test_an_answer_of_any_bytes_is_one_or_none(method: str, answer: bytes) -> None:
    check_http(method, answer)
