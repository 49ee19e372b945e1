"""Every input is parsed, or refused with an error of ours.

What must hold is said in `reliability.fuzz.targets`, which the fuzzer uses as well.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reliability.fuzz.targets import (
    check_answer,
    check_challenges,
    check_location,
    check_manifest,
    check_properties,
    check_reference,
    check_secret,
)

from cdk_lightsail_containers_handler.properties.container import (
    check_container_image,
    check_port,
    check_protocol,
)
from cdk_lightsail_containers_handler.properties.container_image import (
    check_digest,
    check_label,
    check_max_versions,
)
from cdk_lightsail_containers_handler.properties.image_source import check_image
from cdk_lightsail_containers_handler.properties.public_endpoint import (
    check_path,
    check_success_codes,
)
from cdk_lightsail_containers_handler.properties.rules import check_service_name
from cdk_lightsail_containers_handler.registry import url
from cdk_lightsail_containers_handler.registry.auth import Challenge, parse_challenges
from cdk_lightsail_containers_handler.registry.manifest import MEDIA_TYPES
from json_shapes import changed, deep, strings, values
from oci_images import image, multi_arch
from resource_properties import DEPLOYED, DIGEST, IMAGES

hosts = st.one_of(
    st.from_regex(r"[A-Za-z0-9.:\[\]_-]{0,70}", fullmatch=True),
    st.sampled_from(["ghcr.io", "localhost", "127.0.0.1", "[::1]", "a" * 64 + ".io", "0x7f.1"]),
    st.sampled_from(["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]"]),
)
references = st.one_of(
    strings,
    st.from_regex(r"[A-Za-z0-9./:@_-]{0,40}", fullmatch=True),
    st.builds(
        "{}{}{}{}{}".format,
        st.one_of(hosts.map("{}/".format), st.just("")),
        st.from_regex(r"[a-z0-9]{1,9}([._/-]{1,2}[a-z0-9]{1,9}){0,3}", fullmatch=True),
        st.sampled_from(["", ":1", ":latest", ":A_b.c-d", ":" + "x" * 128, ":-", ":80/x"]),
        st.sampled_from(["", f"@{DIGEST}", "@sha512:1", "@"]),
        st.sampled_from(["", "", "", "\n", "?a=b"]),
    ),
)
headers = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.lists(
        st.sampled_from(
            ["Bearer", "Basic", " ", ",", "=", '"', "\\", "realm", "service", "https://a.io/t", "x"]
        ),
        max_size=20,
    ).map("".join),
)
locations = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.from_regex(r"(https?:)?//[!-~]{0,30}", fullmatch=True),
    st.builds(
        "{}//{}{}{}".format,
        st.sampled_from(["https:", "http:", "", "file:", "HTTPS:"]),
        hosts,
        st.sampled_from(["", ":443", ":0", ":99999", ":x", ":"]),
        st.sampled_from(["", "/", "/x?y#z", "?a", "#", "/../..//", "/%0d%0a"]),
    ),
)


def as_json(*documents: Any) -> st.SearchStrategy[bytes]:
    """Bytes, and JSON of every shape, also of the shape of some documents but for a part."""
    shapes = st.one_of(values, *(changed(document) for document in documents))
    return st.one_of(st.binary(max_size=60), shapes.map(lambda shape: json.dumps(shape).encode()))


@given(references)
@example("a" * 64 + ".io/web")
@example("2130706433/web")
@example("0x7f000001:5000/web")
def test_a_reference_is_read_or_refused_and_written_as_it_is_read(text: str) -> None:
    check_reference(text)


@given(values)
def test_an_image_of_any_shape_is_returned_as_it_is_or_refused(value: object) -> None:
    for check in (check_image, lambda given: check_container_image(given, "shop")):
        try:
            assert check(value) == value
        except ValueError:
            continue


@pytest.mark.parametrize(
    "check",
    [
        check_service_name,
        check_label,
        check_digest,
        check_path,
        check_success_codes,
        check_protocol,
    ],
)
def test_a_text_is_returned_as_it_is_or_refused(check: Callable[[object], object]) -> None:
    @given(st.one_of(values, st.from_regex(r"[A-Za-z0-9,:/-]{1,70}", fullmatch=True)))
    def holds(value: object) -> None:
        try:
            assert check(value) == value
        except ValueError:
            return

    holds()


@given(st.one_of(values, st.integers(-9, 70_000), st.integers(-9, 70_000).map(str)))
def test_a_number_is_in_its_range_or_refused(value: object) -> None:
    for check, highest in ((check_max_versions, 150), (check_port, 65535)):
        try:
            number = check(value)
        except ValueError:
            continue
        assert 1 <= number <= highest
        assert number == value or str(number) == str(value).lstrip("0")


@given(
    st.one_of(values, *map(changed, [*IMAGES, DEPLOYED])),
    st.one_of(values, st.from_regex(r":[a-z0-9.-]{0,70}", fullmatch=True), st.just(":shop.web.1")),
)
@example(IMAGES[0], f":shop.web.{'9' * 5000}")
def test_properties_of_any_shape_are_read_or_refused(properties: Any, physical_id: Any) -> None:
    check_properties(properties, physical_id)


@given(st.lists(headers, max_size=3))
@example(['Bearer realm="' + "\\" * 5000])
@example(["Bearer " + "a" * 60_000])
@example(["Bearer " + "a " * 30_000])
@example(["Bearer " + "a=," * 20_000 + "="])
def test_challenges_are_read_as_far_as_they_make_sense(given: list[str]) -> None:
    check_challenges(given)


@given(
    st.sampled_from(["Basic", "Bearer", "Negotiate"]),
    st.dictionaries(
        st.sampled_from(["realm", "service", "scope", "error"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    ),
)
def test_a_challenge_is_read_as_it_was_written(scheme: str, parameters: dict[str, str]) -> None:
    written = ", ".join(
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in parameters.items()
    )

    found = parse_challenges([f"{scheme} {written}".strip()])

    assert found[:1] == (Challenge(scheme=scheme.lower(), parameters=parameters),)


@given(
    st.integers(100, 999),
    as_json(
        {"errors": [{"code": "DENIED", "message": "because", "detail": {}}]},
        {"token": "abc", "access_token": "def", "expires_in": 300},
    ),
)
@example(400, deep())
@example(200, b'{"token": "a", "expires_in": 1' + b"0" * 400 + b"}")
@example(200, b'{"token": "a", "expires_in": 1e999}')
def test_an_answer_is_a_token_or_told_in_a_line(status: int, body: bytes) -> None:
    check_answer(status, body)


@given(locations)
@example("https://a..b/x")
@example(f"https://{'a' * 64}.example/")
@example("https://a.example\\b/")
@example("https://2852039166/")
@example("https://[::ffff:7f00:1]/")
def test_a_location_leads_where_a_registry_has_any_business(location: str) -> None:
    check_location(location)


@given(
    as_json(
        json.loads(image(b"1", b"2").content),
        json.loads(multi_arch(b"1").content),
        {"os": "linux", "architecture": "amd64", "variant": "v1"},
    ),
    st.one_of(st.sampled_from([*MEDIA_TYPES, "", "application/json"]), strings),
)
@example(deep(), MEDIA_TYPES[0])
@example(b'{"mediaType":' + deep(900) + b"]" * 900 + b"}", "")
@example(b'{"os":' + deep(900) + b"]" * 900 + b', "architecture": "amd64"}', "")
def test_a_manifest_is_read_or_refused_in_a_line(content: bytes, media_type: str) -> None:
    check_manifest(content, media_type)


@given(
    st.one_of(
        strings,
        st.one_of(values, changed({"username": "a", "password": "b"})).map(json.dumps),
    )
)
@example('{"username": "\\ud800", "password": "b"}')
@example(deep().decode())
def test_a_secret_holds_credentials_that_can_be_sent_or_none(text: str) -> None:
    check_secret(text)


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        ("is_loopback", "127.0.0.1"),
        ("is_loopback", "localhost"),
        ("is_loopback", "[::ffff:127.0.0.1]"),
        ("is_metadata", "169.254.169.254"),
        ("is_metadata", "[fd00:ec2::254]"),
    ],
)
def test_what_a_rule_of_the_handler_lets_through_is_found(
    rule: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(url, rule, lambda _: False)

    with pytest.raises(AssertionError, match=r"it is elsewhere|no cloud's"):
        check_location(f"https://{host}/v2/")
