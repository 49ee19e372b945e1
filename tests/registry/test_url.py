"""Where a registry may lead to."""

import pytest

from cdk_lightsail_containers_handler.registry.url import Origin, Url, is_metadata

REMOTE = Url(origin=Origin.of_registry("ghcr.io"), target="/v2/web/blobs/uploads/?a=b")
LOCAL = Url(origin=Origin.of_registry("127.0.0.1:5000"), target="/v2/")


@pytest.mark.parametrize(
    ("location", "origin", "target"),
    [
        ("/v2/x?state=1", "ghcr.io", "/v2/x?state=1"),
        ("x", "ghcr.io", "/v2/web/blobs/uploads/x"),
        ("?c=d", "ghcr.io", "/v2/web/blobs/uploads/?c=d"),
        ("//cdn.example/x", "cdn.example", "/x"),
        ("https://CDN.example:8443", "cdn.example:8443", "/"),
        ("https://[2001:db8::1]/x", "[2001:db8::1]", "/x"),
    ],
)
def test_follows_relative_and_absolute_locations(location: str, origin: str, target: str) -> None:
    url = REMOTE.follow(location)

    assert (str(url.origin), url.target) == (origin, target)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "no address"),
        ("/a b", "no address"),
        ("/a\r\nX: y", "no address"),
        ("/ä", "no address"),
        ("/" + "x" * 9000, "no address"),
        ("ftp://cdn.example/x", "no address"),
        ("http:///x", "no address"),
        ("https://cdn.example:99999/x", "no address"),
        ("https://[::1/x", "no address"),
        ("https://[fe80::1%25eth0]/x", "no address"),
        ("https://robot:hunter2@cdn.example/x", "credentials"),
        ("http://cdn.example/x", "without TLS"),
        ("http://127.0.0.1:9001/2018-06-01/runtime", "back to this machine"),
        ("https://localhost/x", "back to this machine"),
        ("https://[::1]/x", "back to this machine"),
        ("http://169.254.169.254/latest/meta-data", "without TLS"),
        ("https://169.254.170.2/v2/credentials", "link-local or metadata"),
        ("https://[fd00:ec2::254]/latest", "link-local or metadata"),
        ("https://[fe80::1]/x", "link-local or metadata"),
        ("https://[::ffff:169.254.169.254]/x", "link-local or metadata"),
    ],
)
def test_refuses_to_be_led_where_no_registry_has_any_business(location: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        REMOTE.follow(location)

    assert "hunter2" not in str(error.value)


def test_a_registry_on_loopback_may_lead_to_loopback_and_out_over_tls() -> None:
    assert LOCAL.follow("http://127.0.0.1:5001/x").origin.port == 5001
    assert LOCAL.follow("https://cdn.example/x").origin.scheme == "https"
    with pytest.raises(ValueError, match="without TLS"):
        LOCAL.follow("http://169.254.169.254/latest")


def test_never_shows_path_and_query() -> None:
    url = REMOTE.follow("https://cdn.example/secret?X-Amz-Signature=secret")

    assert "secret" not in f"{url} {url!r}"


def test_puts_parameters_after_those_that_are_there() -> None:
    url = REMOTE.with_query(("digest", "sha256:1"), ("from", "a/b c"))

    assert url.target == "/v2/web/blobs/uploads/?a=b&digest=sha256:1&from=a/b+c"
    assert LOCAL.with_query(("a", "&")).target == "/v2/?a=%26"


def test_a_name_is_no_metadata_address_until_it_is_looked_up() -> None:
    assert not is_metadata("metadata.google.internal")
