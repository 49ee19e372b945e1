"""What must hold of each parser for any input: it reads, or refuses with an error of ours.

A target takes bytes; anything that it raises is a finding: an AssertionError, if it was looked for.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cdk_lightsail_containers_handler.images.credentials import parse_secret
from cdk_lightsail_containers_handler.properties.container_image import (
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DeploymentProperties,
)
from cdk_lightsail_containers_handler.registry.auth import (
    choose_challenge,
    parse_challenges,
    parse_token,
    token_url,
)
from cdk_lightsail_containers_handler.registry.descriptor import LINUX_AMD64
from cdk_lightsail_containers_handler.registry.errors import (
    RegistryError,
    Rejected,
    Unauthorized,
    error_of_answer,
)
from cdk_lightsail_containers_handler.registry.manifest import Index, check_platform, parse
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.url import Origin, Url

_T = TypeVar("_T")
_LONGEST_MESSAGE = 700
_PUBLIC = Url(origin=Origin.of_registry("ghcr.io"), target="/v2/web/blobs/uploads/?a=b")


def check_reference(text: str) -> None:
    """Check that a reference is read as written, and leads to a host that can be looked up."""
    reference = _read(lambda: Reference.parse(text), ValueError)
    if reference is not None:
        hold("it is stable", Reference.parse(str(reference)) == reference)
        host = reference.origin.host
        hold(
            "HTTP is for loopback",
            (reference.origin.scheme == "http") == _is_local(host, "is_loopback"),
        )
        host.encode("idna")  # as a connection does


def check_challenges(headers: list[str]) -> None:
    """Check that challenges lead to token services on the internet alone."""
    challenges = parse_challenges(headers)
    chosen = choose_challenge(challenges)
    hold("it is one that is known", chosen is None or chosen.scheme in {"basic", "bearer"})
    for challenge in challenges:
        url = _read(partial(token_url, challenge, _PUBLIC, ["repository:web:pull"]), Rejected)
        if url is not None:
            _check_url(url)


def check_location(location: str) -> None:
    """Check that a public registry leads to other public places alone."""
    url = _read(lambda: _PUBLIC.follow(location), ValueError)
    if url is not None:
        _check_url(url)
        again = f"https://{url.origin}{url.target}"
        hold("it is stable", _PUBLIC.follow(again).origin == url.origin)
        hold("others read it alike", urlsplit(again).hostname == url.origin.host)


def check_manifest(content: bytes, media_type: str) -> None:
    """Check that a manifest or a config is read, or refused in a line."""
    _read(lambda: check_platform(content, LINUX_AMD64, "web"), RegistryError)
    manifest = _read(lambda: parse(content, media_type, "web"), RegistryError)
    if isinstance(manifest, Index):
        _read(lambda: manifest.choose(LINUX_AMD64, "web"), RegistryError)
    elif manifest is not None:
        blobs = manifest.blobs
        hold("each is there once", len({blob.digest for blob in blobs}) == len(blobs))
        hold("it has a size", sum(blob.size for blob in blobs) / 1e6 >= 0)


def check_answer(status: int, body: bytes) -> None:
    """Check what is made of a registry's or token service's answer."""
    error = error_of_answer("a.io did not give it", status, body, ["because"])
    hold("a secret is not told", "because" not in error.problem)
    hold(
        "the error is one short line",
        str(error).isprintable() and len(error.problem) < _LONGEST_MESSAGE,
    )
    token = _read(lambda: parse_token(body, "a.io"), Unauthorized)
    if token is not None:
        hold("a token can be sent", token.value.isascii() and token.value.isprintable())
        hold("a token is over some time", 0 < token.seconds <= 24 * 3600)


def check_properties(properties: Any, physical_id: Any = ":shop.web.1") -> None:
    """Check that resource properties of any shape are read or refused."""
    image = _read(lambda: ContainerImageProperties.parse(properties), ValueError)
    if image is not None:
        hold("it has a digest or a source", (image.digest is None) != (image.source is None))
    removal = ContainerImageRemoval.parse(properties, physical_id)
    hold("it removes what it names", removal is None or str(removal.name) == physical_id)
    name = ImageName.parse(physical_id)
    hold("a name is stable", name is None or str(name) == physical_id)
    deployment = _read(lambda: DeploymentProperties.parse(properties), ValueError)
    if deployment is not None:
        names = deployment.containers.keys()
        hold("it has containers", bool(names) and names == deployment.secrets.keys())


def check_secret(text: str) -> None:
    """Check that what a secret holds can be sent."""
    credentials = parse_secret(text)
    if credentials is not None:
        header = credentials.header
        hold("credentials can be sent", header.isascii() and header.isprintable())


def hold(what: str, condition: bool) -> None:
    """Look that something holds, and raise an AssertionError if it does not."""
    if not condition:
        raise AssertionError(f"it does not hold that {what}")


def _check_url(url: Url) -> None:
    host = url.origin.host
    hold("it is over TLS", url.origin.scheme == "https")
    hold("it is elsewhere", not _is_local(host, "is_loopback", "is_link_local"))
    hold("it is no cloud's", not host.startswith("fd00:ec2:"))
    host.encode("idna")
    hold("it begins with a slash", url.target.startswith("/"))
    hold("it is one word", url.target.isascii() and url.target.isprintable())
    hold("it is one word", " " not in url.target)


def _is_local(host: str, *kinds: str) -> bool:
    """Return whether a host is of this machine or its link: as Python says, not the handler."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".") == "localhost"
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_unspecified or any(getattr(address, kind) for kind in kinds)


def _read(read: Callable[[], _T], refusal: type[Exception]) -> _T | None:
    """Read, and return None if that is refused as it should be."""
    try:
        return read()
    except refusal as error:
        told = str(error)
        hold(f"unforeseen {error!r}", not isinstance(error, UnicodeError))
        hold("the error is short", len(told) < _LONGEST_MESSAGE)
        hold("the error is one line", not isinstance(error, RegistryError) or told.isprintable())
        return None


def read_json(data: bytes) -> Any:
    """Return a document, None for what is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _manifest(data: bytes) -> None:
    media_type, _, content = data.partition(b"\n")
    check_manifest(content, media_type.decode("latin-1"))


def _properties(data: bytes) -> None:
    document = read_json(data)
    physical_id = document.get("PhysicalResourceId") if isinstance(document, dict) else None
    check_properties(document, physical_id)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "answer": lambda data: check_answer(data[0] + 100 if data else 500, data[1:]),
    "challenge": lambda data: check_challenges(data.decode("latin-1").split("\n")),
    "location": lambda data: check_location(data.decode("latin-1")),
    "manifest": _manifest,
    "properties": _properties,
    "reference": lambda data: check_reference(data.decode("utf-8", "surrogateescape")),
    "secret": lambda data: check_secret(data.decode("utf-8", "surrogateescape")),
}
