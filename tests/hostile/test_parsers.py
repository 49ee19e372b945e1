"""What is parsed is read or refused with an error of ours, whatever it is."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdk_lightsail_containers_handler.credentials import parse_secret
from cdk_lightsail_containers_handler.properties.container_image import (
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
    check_digest,
    check_image,
    check_label,
    check_max_versions,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DeploymentProperties,
    check_container_image,
    check_path,
    check_port,
    check_protocol,
    check_success_codes,
)
from cdk_lightsail_containers_handler.properties.rules import check_service_name
from cdk_lightsail_containers_handler.registry.auth import (
    Challenge,
    choose_challenge,
    parse_challenges,
    parse_token,
    token_url,
)
from cdk_lightsail_containers_handler.registry.descriptor import LINUX_AMD64
from cdk_lightsail_containers_handler.registry.errors import (
    Refused,
    RegistryError,
    Unauthorized,
    error_of_answer,
)
from cdk_lightsail_containers_handler.registry.manifest import (
    MEDIA_TYPES,
    Image,
    Index,
    check_platform,
    parse,
)
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.url import Origin, Url, is_loopback, is_metadata
from deployment_requests import PROPERTIES as DEPLOYMENT
from json_shapes import changed, deep, texts, values
from oci_images import image, multi_arch

DIGEST = "sha256:" + "0123456789abcdef" * 4
PUBLIC = Url(origin=Origin.of_registry("ghcr.io"), target="/v2/web/blobs/uploads/?a=b")

hosts = st.one_of(
    st.from_regex(r"[A-Za-z0-9.:\[\]_-]{0,70}", fullmatch=True),
    st.sampled_from(["ghcr.io", "localhost", "127.0.0.1", "[::1]", "a" * 64 + ".io", "0x7f.1"]),
)
references = st.one_of(
    texts,
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


class TestReferences:
    @given(references)
    @example("a" * 64 + ".io/web")
    @example("2130706433/web")
    @example("0x7f000001:5000/web")
    def test_are_read_or_refused_and_written_as_they_are_read(self, text: str) -> None:
        try:
            reference = Reference.parse(text)
        except ValueError as error:
            assert not isinstance(error, UnicodeError)
            assert len(str(error)) < 500
            return

        assert Reference.parse(str(reference)) == reference
        assert str(Reference.parse(str(reference))) == str(reference)
        assert (reference.origin.scheme == "http") == is_loopback(reference.origin.host)
        reference.origin.host.encode("idna")  # as a connection does

    @given(values)
    def test_of_any_shape_are_read_or_refused(self, value: object) -> None:
        for check in (check_image, lambda given: check_container_image(given, "shop")):
            try:
                assert check(value) == value
            except ValueError:
                continue


class TestValues:
    @given(st.one_of(values, st.from_regex(r":[a-z0-9.-]{0,70}", fullmatch=True)))
    @example(f":shop.web.{'9' * 5000}")
    def test_image_names_are_written_as_they_are_read(self, value: object) -> None:
        name = ImageName.parse(value)

        assert name is None or str(name) == value

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
    def test_texts_are_returned_as_they_are_or_refused(
        self, check: Callable[[object], object]
    ) -> None:
        @given(st.one_of(values, st.from_regex(r"[A-Za-z0-9,:/-]{1,70}", fullmatch=True)))
        def holds(value: object) -> None:
            try:
                assert check(value) == value
            except ValueError as error:
                assert len(str(error)) < 300

        holds()

    @given(st.one_of(values, st.integers(-9, 70_000), st.integers(-9, 70_000).map(str)))
    def test_numbers_are_in_their_range_or_refused(self, value: object) -> None:
        for check, highest in ((check_max_versions, 150), (check_port, 65535)):
            try:
                number = check(value)
            except ValueError:
                continue
            assert 1 <= number <= highest
            assert number == value or str(number) == str(value).lstrip("0")


def properties(document: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.one_of(changed(document), values)


IMAGE = {
    "ServiceName": "shop",
    "Label": "web",
    "Digest": DIGEST,
    "RemovalPolicy": "Delete",
    "MaxVersions": "5",
}
PUSHED = {
    **{key: value for key, value in IMAGE.items() if key != "Digest"},
    "Source": {"Image": "ghcr.io/acme/web:1", "CredentialsSecretArn": "arn:aws:x"},
}
ARCHIVED = {**PUSHED, "Source": {"Bucket": "assets", "Key": "image.zip"}}
DEPLOYED = {
    **DEPLOYMENT,
    "Containers": {
        "web": {
            "Image": "nginx:1",
            "Command": ["run"],
            "Environment": {"MODE": "live"},
            "Ports": {"80": "HTTP", "81": "UDP"},
            "Secrets": {"A": {"SecretArn": "x", "Field": "y"}, "B": {"ParameterName": "z"}},
        },
        "two": {"Image": ":shop.web.latest"},
    },
    "PublicEndpoint": {
        "ContainerName": "web",
        "ContainerPort": "80",
        "HealthCheck": {
            "HealthyThreshold": "2",
            "UnhealthyThreshold": "2",
            "TimeoutSeconds": "2",
            "IntervalSeconds": "5",
            "Path": "/up",
            "SuccessCodes": "200-299,404",
        },
    },
}


class TestProperties:
    @given(st.one_of(*map(properties, (IMAGE, PUSHED, ARCHIVED))))
    def test_of_an_image_are_read_or_refused(self, given: Any) -> None:
        try:
            parsed = ContainerImageProperties.parse(given)
        except ValueError as error:
            assert len(str(error)) < 700
            return
        assert (parsed.digest is None) != (parsed.source is None)

    @given(properties(IMAGE), st.one_of(values, st.just(":shop.web.1")))
    def test_of_an_image_to_delete_are_read_or_passed_over(
        self, given: Any, physical_id: Any
    ) -> None:
        removal = ContainerImageRemoval.parse(given, physical_id)

        assert removal is None or str(removal.name) == physical_id

    @given(properties(DEPLOYED))
    def test_of_a_deployment_are_read_or_refused(self, given: Any) -> None:
        try:
            parsed = DeploymentProperties.parse(given)
        except ValueError as error:
            assert len(str(error)) < 700
            return
        assert 1 <= len(parsed.containers) <= 10
        assert parsed.containers.keys() == parsed.secrets.keys()


headers = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.lists(
        st.sampled_from(
            ["Bearer", "Basic", " ", ",", "=", '"', "\\", "realm", "service", "https://a.io/t", "x"]
        ),
        max_size=20,
    ).map("".join),
)


class TestChallenges:
    @given(st.lists(headers, max_size=3))
    @example(['Bearer realm="' + "\\" * 5000])
    @example(["Bearer " + "a" * 60_000])
    @example(["Bearer " + "a " * 30_000])
    @example(["Bearer " + "a=," * 20_000 + "="])
    def test_are_read_as_far_as_they_make_sense(self, given: list[str]) -> None:
        challenges = parse_challenges(given)

        chosen = choose_challenge(challenges)
        assert chosen is None or chosen.scheme in {"basic", "bearer"}
        for challenge in challenges:
            try:
                url = token_url(challenge, PUBLIC, ["repository:web:pull"])
            except Refused:
                continue
            assert url.origin.scheme == "https"
            assert url.target.isascii()
            assert url.target.isprintable()
            assert " " not in url.target

    @given(
        st.sampled_from(["Basic", "Bearer", "Negotiate"]),
        st.dictionaries(
            st.sampled_from(["realm", "service", "scope", "error"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
        ),
    )
    def test_are_read_as_they_were_written(self, scheme: str, parameters: dict[str, str]) -> None:
        written = ", ".join(
            '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
            for name, value in parameters.items()
        )

        found = parse_challenges([f"{scheme} {written}".strip()])

        assert found[:1] == (Challenge(scheme=scheme.lower(), parameters=parameters),)

    @given(st.one_of(st.binary(max_size=60), values.map(lambda value: json.dumps(value).encode())))
    @example(b'{"token": "a", "expires_in": 1' + b"0" * 400 + b"}")
    @example(b'{"token": "a", "expires_in": 1e999}')
    @example(deep())
    def test_are_answered_with_a_token_or_none(self, body: bytes) -> None:
        try:
            token = parse_token(body, "a.io")
        except Unauthorized:
            return
        assert token.value.isascii()
        assert 0 < token.seconds <= 86_400

    @given(changed({"token": "abc", "access_token": "def", "expires_in": 300}))
    def test_are_answered_with_a_token_of_any_shape(self, answer: Any) -> None:
        self.test_are_answered_with_a_token_or_none.hypothesis.inner_test(  # type: ignore[attr-defined]
            self, json.dumps(answer).encode()
        )


class TestLocations:
    @given(
        st.one_of(
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
    )
    @example("https://a..b/x")
    @example(f"https://{'a' * 64}.example/")
    @example("https://a.example\\b/")
    @example("https://2852039166/")
    @example("https://[::ffff:7f00:1]/")
    def test_lead_where_a_registry_has_business_or_are_refused(self, location: str) -> None:
        try:
            url = PUBLIC.follow(location)
        except ValueError as error:
            assert not isinstance(error, UnicodeError)
            return

        assert url.origin.scheme == "https"
        assert not is_loopback(url.origin.host)
        assert not is_metadata(url.origin.host)
        url.origin.host.encode("idna")
        assert url.target.startswith("/")
        assert url.target.isascii()
        assert url.target.isprintable()
        assert " " not in url.target
        assert urlsplit(f"https://{url.origin}{url.target}").hostname == url.origin.host
        assert PUBLIC.follow(f"https://{url.origin}{url.target}").origin == url.origin


MANIFESTS = [json.loads(image(b"1", b"2").content), json.loads(multi_arch(b"1").content)]
manifests = st.one_of(*(changed(document) for document in MANIFESTS), values).map(json.dumps)
told = st.one_of(st.sampled_from([*MEDIA_TYPES, "", "application/json"]), texts)


class TestManifests:
    @given(st.one_of(manifests.map(str.encode), st.binary(max_size=40)), told)
    @example(deep(), MEDIA_TYPES[0])
    @example(b'{"mediaType":' + deep(900) + b"]" * 900 + b"}", "")
    def test_are_read_or_refused(self, content: bytes, media_type: str) -> None:
        try:
            manifest = parse(content, media_type, "web")
        except RegistryError as error:
            assert len(str(error)) < 700
            assert str(error).isprintable()
            return

        assert manifest.content == content
        if isinstance(manifest, Index):
            try:
                manifest.choose(LINUX_AMD64, "web")
            except RegistryError as error:
                assert len(str(error)) < 700
                assert str(error).isprintable()
            return
        assert isinstance(manifest, Image)
        blobs = manifest.blobs
        assert len({blob.digest for blob in blobs}) == len(blobs)
        assert sum(blob.size for blob in blobs) / 1e6 >= 0

    @given(
        st.one_of(changed({"os": "linux", "architecture": "amd64", "variant": "v1"}), values).map(
            json.dumps
        )
    )
    @example('{"os":' + "[" * 900 + "]" * 900 + ', "architecture": "amd64"}')
    def test_are_of_a_platform_that_runs_or_refused(self, config: str) -> None:
        try:
            check_platform(config.encode(), LINUX_AMD64, "web")
        except RegistryError as error:
            assert len(str(error)) < 700
            assert str(error).isprintable()


class TestErrors:
    @given(
        st.integers(100, 999),
        st.one_of(
            st.binary(max_size=60),
            changed({"errors": [{"code": "DENIED", "message": "because", "detail": {}}]}).map(
                lambda value: json.dumps(value).encode()
            ),
        ),
        st.lists(texts, max_size=2),
    )
    @example(400, deep(), [])
    def test_are_made_of_any_answer_and_show_no_secret(
        self, status: int, body: bytes, secrets: list[str]
    ) -> None:
        error = error_of_answer("a.io did not give it", status, body, [*secrets, "because"])

        assert isinstance(error, RegistryError)
        assert str(error).isprintable()
        assert "because" not in error.problem
        assert len(error.problem) < 300


class TestSecrets:
    @given(
        st.one_of(
            texts,
            values.map(json.dumps),
            changed({"username": "a", "password": "b"}).map(json.dumps),
        )
    )
    @example('{"username": "\\ud800", "password": "b"}')
    @example(deep().decode())
    def test_hold_credentials_or_none(self, text: str) -> None:
        credentials = parse_secret(text)

        if credentials is not None:
            assert credentials.header.startswith("Basic ")
            assert credentials.header.isascii()
