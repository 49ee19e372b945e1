"""The operations of a registry, by method and path.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote

from ..images.manifest import DIGEST

Operations = Sequence[tuple[str, str, str]]
"""A method, a path's pattern and an operation's name each."""

# Docker looks for it.
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


@dataclass(frozen=True, kw_only=True)
class RepositoryRequest:
    """A request to a repository.

    Args:
        parameters: the parts of the path, and the query.
        headers: the headers.
        body: the body in pieces, as they come.
        registry: the registry's address as the client names it, such as `http://127.0.0.1:5000`.
        uploads: the address that uploads go to.
    """

    parameters: Mapping[str, str]
    headers: Message
    body: Iterator[bytes]
    registry: str
    uploads: str


def operations(repository: str) -> Operations:
    """Return the operations on the repositories whose path has a pattern."""
    upload = rf"{repository}/blobs/uploads/(?P<upload>[^/]+)"
    blob = rf"{repository}/blobs/(?P<digest>[^/]+)"
    manifest = rf"{repository}/manifests/(?P<reference>\w[\w.-]{{0,127}}|{DIGEST.pattern})"
    return (
        ("GET", "/v2/?", "Ping"),
        ("HEAD", "/v2/?", "Ping"),
        ("POST", f"{repository}/blobs/uploads/?", "StartUpload"),
        ("GET", upload, "GetUpload"),
        ("PATCH", upload, "PatchUpload"),
        ("PUT", upload, "PutUpload"),
        ("DELETE", upload, "DeleteUpload"),
        ("HEAD", blob, "HeadBlob"),
        ("GET", blob, "GetBlob"),
        ("PUT", manifest, "PutManifest"),
        ("HEAD", manifest, "HeadManifest"),
        ("GET", manifest, "GetManifest"),
        ("GET", f"{repository}/tags/list", "ListTags"),
    )


def find_operation(known: Operations, method: str, path: str) -> tuple[str, dict[str, str]]:
    """Return a request's operation and the named parts of its path."""
    found = "Unknown"
    for operation_method, pattern, operation in known:
        if match := re.fullmatch(pattern, unquote(path), re.ASCII):
            if operation_method == method:
                return operation, match.groupdict()
            found = "Unsupported"
    return found, {}
