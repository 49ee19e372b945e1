"""Names of images, as Docker and the rest of the world write them.

`[registry[:port]/]repository[:tag][@digest]`, grammar:
https://github.com/distribution/reference/blob/v0.6.0/reference.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .url import Origin, is_host

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
"""The only digests that are taken."""

_DOCKER_HUB = "registry-1.docker.io"
_DOCKER_HUB_NAMES = frozenset({"docker.io", "index.docker.io", _DOCKER_HUB})
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PORT = r"(?::(?P<port>[0-9]{1,5}))?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\]){_PORT}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
TAG_RULE = "1-128 letters, digits, '_', '.' and '-', not first '.' or '-'"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")
_ALGORITHM = re.compile(r"sha[0-9]+:", re.IGNORECASE)
_LONGEST_NAME = 255
_HIGHEST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The name of an image in a registry.

    Args:
        registry: `host[:port]`.
        repository: the repository's whole name in it.
        tag: the tag; nothing for none.
        digest: `sha256:...`; nothing for none. It counts more than the tag.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Return the reference that a text is, read as Docker reads it.

        Without a registry it is one of Docker Hub, `nginx` its `library/nginx`, and without tag
        and digest the tag is `latest`.

        Raises:
            ValueError: it is none.
        """
        if "://" in text:
            raise _invalid(text, "must not begin with a scheme, write registry/repository:tag")
        rest, at, digest = text.partition("@")
        if at and not DIGEST.fullmatch(digest):
            raise _invalid(text, "digest must be sha256: and 64 lowercase hexadecimal digits")
        name, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            name, colon, tag = rest, "", ""
        if colon and not is_tag(tag):
            raise _invalid(text, f"tag must be {TAG_RULE}")
        registry, repository = _split(name)
        _check(text, registry, repository)
        tag = tag or ("" if digest else "latest")
        return cls(registry=registry, repository=repository, tag=tag, digest=digest)

    @property
    def target(self) -> str:
        """What to ask the registry for: the digest, else the tag."""
        return self.digest or self.tag

    @property
    def origin(self) -> Origin:
        """Where the registry is."""
        return Origin.of_registry(self.registry)

    def by_digest(self, digest: str) -> str:
        """Return the name of a manifest of the repository, as commands take it."""
        # Logins for Docker Hub are kept under this name.
        registry = "docker.io" if self.registry == _DOCKER_HUB else self.registry
        return f"{registry}/{self.repository}@{digest}"

    def __str__(self) -> str:
        """Return the whole name."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def is_tag(text: str) -> bool:
    """Return whether a text is a tag."""
    return bool(_TAG.fullmatch(text))


def _split(name: str) -> tuple[str, str]:
    """Return registry and repository of a name that may leave out the former."""
    first, slash, rest = name.partition("/")
    is_registry = slash and (
        any(sign in first for sign in ".:[") or first == "localhost" or first != first.lower()
    )
    registry, repository = (first, rest) if is_registry else (_DOCKER_HUB, name)
    if registry.lower() in _DOCKER_HUB_NAMES:
        return _DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return registry, repository


def _check(text: str, registry: str, repository: str) -> None:
    match = _REGISTRY.fullmatch(registry)
    if not match or not 0 < int(match["port"] or 1) <= _HIGHEST_PORT or not _is_host(registry):
        raise _invalid(text, "registry must be a host name or IP address, with or without a port")
    if not _REPOSITORY.fullmatch(repository):
        raise _invalid(
            text,
            "repository must be lowercase letters and digits, parted by '/', '.', '_', '__' or '-'",
        )
    if len(repository) > _LONGEST_NAME:
        raise _invalid(text, f"repository must have {_LONGEST_NAME} characters at most")
    if _IDENTIFIER.fullmatch(repository.removeprefix("library/")):
        raise _invalid(text, "64 hexadecimal digits are an id, write repository@sha256:...")


def _is_host(registry: str) -> bool:
    try:
        return is_host(Origin.of_registry(registry).host)
    except ValueError:  # brackets around what is no IPv6 address
        return False


def _invalid(text: str, rule: str) -> ValueError:
    # Somebody may have written an address with credentials in it.
    _, at, rest = text.rpartition("@")
    shown = text if not at or _ALGORITHM.match(rest) else f"...@{rest}"
    shown = repr(shown.partition("?")[0])
    shown = shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}..."
    return ValueError(f"image reference {rule}, got {shown}")
