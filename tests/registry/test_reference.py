"""Names of images, read as Docker reads them."""

import pytest

from cdk_lightsail_containers_handler.registry.reference import Reference

DIGEST = "sha256:" + "a1" * 32
HUB = "registry-1.docker.io"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", HUB, "library/nginx", "latest", ""),
        ("nginx:1.27", HUB, "library/nginx", "1.27", ""),
        ("acme/web:1", HUB, "acme/web", "1", ""),
        ("docker.io/nginx", HUB, "library/nginx", "latest", ""),
        ("docker.io/acme/web", HUB, "acme/web", "latest", ""),
        ("index.docker.io/nginx", HUB, "library/nginx", "latest", ""),
        (f"nginx@{DIGEST}", HUB, "library/nginx", "", DIGEST),
        (f"ghcr.io/acme/web:1@{DIGEST}", "ghcr.io", "acme/web", "1", DIGEST),
        ("localhost/web", "localhost", "web", "latest", ""),
        ("localhost:5000/web:_1", "localhost:5000", "web", "_1", ""),
        ("[::1]:5000/web", "[::1]:5000", "web", "latest", ""),
        ("Host/web", "Host", "web", "latest", ""),
        ("host:80/a/b__c/d-.-e", "", "", "", ""),
        ("a.b/c/d/e.f/g_h/i--j:x", "a.b", "c/d/e.f/g_h/i--j", "x", ""),
    ],
)
def test_reads_registry_repository_tag_and_digest(
    text: str, registry: str, repository: str, tag: str, digest: str
) -> None:
    if not registry:
        with pytest.raises(ValueError, match="repository must"):
            Reference.parse(text)
        return

    reference = Reference.parse(text)

    assert reference == Reference(registry=registry, repository=repository, tag=tag, digest=digest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("acme/web:1", "docker.io/acme/web"), ("ghcr.io/acme/web:1", "ghcr.io/acme/web")],
)
def test_is_written_as_commands_take_it(text: str, expected: str) -> None:
    assert Reference.parse(text).by_digest(DIGEST) == f"{expected}@{DIGEST}"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "repository must"),
        ("https://ghcr.io/acme/web", "must not begin with a scheme"),
        ("Nginx", "repository must"),
        ("nginx:", "tag must"),
        ("nginx:-1", "tag must"),
        ("nginx:" + "x" * 129, "tag must"),
        ("nginx@sha256:12", "digest must"),
        (f"nginx@{DIGEST.upper()}", "digest must"),
        (f"nginx@{DIGEST.replace('256', '512')}", "digest must"),
        ("nginx\n", "repository must"),
        ("ghcr.io/a..b", "repository must"),
        ("ghcr.io/", "repository must"),
        ("-a.io/web", "registry must"),
        ("a.io:0/web", "registry must"),
        ("a.io:65536/web", "registry must"),
        ("a.io:x/web", "registry must"),
        ("[::g]/web", "registry must"),
        ("[1:]/web", "registry must"),
        ("[:::::::::]/web", "registry must"),
        ("a.io/" + "x" * 256, "255 characters"),
        ("ab" * 32, "are an id"),
        ("a.io/" + "ab" * 32, "are an id"),
    ],
)
def test_refuses_what_is_no_reference_with_the_value_and_the_rule(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as error:
        Reference.parse(text)

    assert repr(text)[1:9] in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["https://robot:hunter2@ghcr.io/acme/web", "robot:hunter2@ghcr.io/web", "web?token=hunter2"],
)
def test_does_not_repeat_credentials_that_a_user_wrote_into_a_reference(text: str) -> None:
    with pytest.raises(ValueError, match="got") as error:
        Reference.parse(text)

    assert "hunter2" not in str(error.value)


def test_a_very_long_reference_is_told_shortened() -> None:
    with pytest.raises(ValueError, match="got") as error:
        Reference.parse("X" * 10_000)

    assert len(str(error.value)) < 500


def test_asks_for_the_digest_rather_than_the_tag() -> None:
    assert Reference.parse("nginx:1").target == "1"
    assert Reference.parse(f"nginx:1@{DIGEST}").target == DIGEST


def test_is_written_whole() -> None:
    assert str(Reference.parse("nginx")) == f"{HUB}/library/nginx:latest"
    assert str(Reference.parse(f"a.io/b:1@{DIGEST}")) == f"a.io/b:1@{DIGEST}"
    assert str(Reference.parse(f"a.io/b@{DIGEST}")) == f"a.io/b@{DIGEST}"


@pytest.mark.parametrize(
    ("registry", "scheme", "shown"),
    [
        ("ghcr.io", "https", "ghcr.io"),
        ("GHCR.io:443", "https", "ghcr.io"),
        ("ghcr.io:5000", "https", "ghcr.io:5000"),
        ("localhost:5000", "http", "localhost:5000"),
        ("127.9.9.9", "http", "127.9.9.9"),
        ("[::1]:5000", "http", "[::1]:5000"),
        ("127.0.0.1.nip.io", "https", "127.0.0.1.nip.io"),
        ("localhost.evil.example", "https", "localhost.evil.example"),
        ("10.0.0.1:80", "https", "10.0.0.1:80"),
    ],
)
def test_speaks_plain_http_with_loopback_only(registry: str, scheme: str, shown: str) -> None:
    origin = Reference.parse(f"{registry}/web").origin

    assert (origin.scheme, str(origin)) == (scheme, shown)
