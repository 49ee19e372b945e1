"""One repository of a registry.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from .descriptor import Descriptor
from .errors import DigestMismatch, Missing, RegistryError, Rejected, Unauthorized
from .http.connection import Connections
from .http.request import Request
from .http.response import BROKEN, Response
from .http.transport import Transport
from .http.wire import TimeLimit
from .login import CredentialsSource, Login
from .manifest import LARGEST_MANIFEST, MEDIA_TYPES, Image, Index, check, parse
from .pull import RegistryBlob
from .reference import Reference
from .url import Url

_OK = 200
_CREATED = 201
_UNAUTHORIZED = 401
_ACCEPT = {"Accept": ", ".join(MEDIA_TYPES)}
_MOST_PAGES = 10
_NEXT = re.compile(r'<([^>]*)> *; *rel="?next"?')
"""https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers"""


class Repository:
    """A repository, as long as a copy takes.

    Args:
        reference: an image in it, or the place of one.
        connections: what to reach it over; shared by both sides of a copy.
        deadline: how long it may go on.
        credentials: asked for a user name and password whenever the registry wants some.
        is_pushed_to: whether to ask for the permission to push.

    Attributes:
        reference: the image.
        connections: what it is reached over.
        transport: what sends requests to it.
        is_chunked: whether its registry is sent blobs with PATCH, since it has refused a plain PUT.
    """

    is_archive = False

    def __init__(
        self,
        reference: Reference,
        *,
        connections: Connections,
        deadline: TimeLimit,
        credentials: CredentialsSource = lambda: None,
        is_pushed_to: bool = False,
    ) -> None:
        self.reference = reference
        self.connections = connections
        self.is_chunked = False
        self._registry = Url(origin=reference.origin, target="/v2/")
        actions = "pull,push" if is_pushed_to else "pull"
        scopes = (f"repository:{reference.repository}:{actions}",)
        self._login = Login(
            self._registry, scopes, credentials, connections, deadline, image=str(reference)
        )
        self.transport = Transport(connections, deadline, self._login)

    def __str__(self) -> str:
        """Return the image's name."""
        return str(self.reference)

    @property
    def name(self) -> str:
        """The repository's name in its registry."""
        return self.reference.repository

    def connect(self) -> None:
        """Open a connection ahead, if it works: the request that needs one says why it does not."""
        with suppress(RegistryError, *BROKEN):
            self.connections.open(self._registry.origin, self.transport.deadline)

    def manifest(self, descriptor: Descriptor | None = None) -> Image | Index:
        """Return a manifest whose digest and size are right.

        Args:
            descriptor: what an index says of it; without, the manifest of the reference.

        Raises:
            DigestMismatch: it is not the one that was asked for.
            Unsupported: it is of a kind that is not copied.
            RegistryError: the registry did not give it.
        """
        target = descriptor.digest if descriptor else self.reference.target
        request = self._manifest_request("GET", target, f"give manifest {_short(target)}")

        def read(response: Response, content: bytes) -> Image | Index:
            told = response.header("Docker-Content-Digest")
            digest = target if ":" in target else told
            # Before it is parsed: what is damaged may look like a manifest of an unknown kind.
            if digest.startswith("sha256:") and len(content) <= LARGEST_MANIFEST:
                # What stands in between may have answered instead.
                check(content, digest, f"the manifest of {self}", temporary=digest == target)
            if descriptor and descriptor.size != len(content):
                sizes = f"{len(content)} bytes, not {descriptor.size}"
                raise DigestMismatch(
                    f"the manifest {descriptor.short_digest} of {self} has {sizes}"
                )
            return parse(content, response.header("Content-Type"), str(self))

        try:
            return self.transport.read(request, LARGEST_MANIFEST, read)
        except (Missing, Unauthorized) as error:
            if error.status == _UNAUTHORIZED or not self._asks_for_login():
                raise
            return self.transport.read(request, LARGEST_MANIFEST, read)

    def pages(self, path: str, digest: str = "") -> Iterator[bytes]:
        """Give what a registry has beside an image; nothing if it has none, or does not say.

        Args:
            path: the path in the repository.
            digest: that of the content; nothing if it is not known.

        Raises:
            DigestMismatch: it is not the one that was asked for.
            RegistryError: the registry did not give it.
        """
        purpose = f"give {path} of {self.name}"
        request = Request(method="GET", url=self.url(path), purpose=purpose, headers=_ACCEPT)

        def read(response: Response, content: bytes) -> tuple[bytes, str]:
            if digest:
                check(content, digest, f"{path} of {self}", temporary=True)
            return content, response.header("Link")

        for _ in range(_MOST_PAGES):
            try:
                content, link = self.transport.read(request, LARGEST_MANIFEST, read)
            except (Missing, Rejected, Unauthorized):
                return
            yield content
            following = _NEXT.match(link)
            if not following:
                return
            try:
                request = replace(request, url=request.url.follow(following[1]))
            except ValueError:
                return

    def has_manifest(self, digest: str) -> bool:
        """Return whether a manifest is there as far as one can know: not every login may read."""
        request = self._manifest_request("HEAD", digest, f"tell of manifest {_short(digest)}")
        try:
            self.transport.send(request, _OK).close()
        except (Missing, Rejected, Unauthorized):
            return False
        return True

    def put_manifest(self, image: Image, target: str) -> None:
        """Put an image's manifest, its bytes as they are.

        Args:
            image: the image, whose blobs are all there.
            target: its tag or digest.

        Raises:
            RegistryError: the registry did not take it.
        """
        request = Request(
            method="PUT",
            url=self.url(f"manifests/{target}"),
            purpose=f"take manifest {_short(target)} of {self.name}",
            headers={"Content-Type": image.media_type},
            body=image.content,
        )
        response = self.transport.send(request, _OK, _CREATED)
        kept = response.header("Docker-Content-Digest")
        response.skip()
        if kept.startswith("sha256:") and kept != image.digest:
            problem = f"{self._registry.origin} keeps {image.digest} as {kept[:71]}"
            raise DigestMismatch(problem, fix="deploy again")

    def has_blob(self, blob: Descriptor) -> bool:
        """Return whether a blob is there as far as one can know.

        Raises:
            DigestMismatch: it is there, and its size is not what its manifest says.
        """
        request = Request(
            method="HEAD",
            url=self.url(f"blobs/{blob.digest}"),
            purpose=f"tell of blob {blob.short_digest}",
        )
        try:
            response = self.transport.send(request, _OK)
        except (Missing, Rejected, Unauthorized):
            return False
        response.close()
        size = response.header("Content-Length")
        if (
            not response.coding
            and size.isdecimal()
            and size.lstrip("0") not in ("", str(blob.size))
        ):
            raise DigestMismatch(
                f"{self._registry.origin} has {size} bytes of {blob.short_digest}, "
                f"not {blob.size} as its manifest says",
                fix="deploy again",
            )
        return True

    def open_blob(self, blob: Descriptor) -> RegistryBlob:
        """Ask for a blob, and leave its first byte for later."""
        request = Request(
            method="GET",
            url=self.url(f"blobs/{blob.digest}"),
            purpose=f"give blob {blob.short_digest} of {self.name}",
        )
        return RegistryBlob(self.transport, request, blob)

    def url(self, path: str) -> Url:
        """Return the address of a path in the repository."""
        return Url(origin=self._registry.origin, target=f"/v2/{self.name}/{path}")

    def _asks_for_login(self) -> bool:
        """Log in where nothing has asked for it yet: a registry may hide images from strangers."""
        if self._login.was_asked_for:
            return False
        request = Request(method="GET", url=self._registry, purpose="let anyone in")
        try:
            self.transport.send(request, _OK).close()
        except RegistryError:
            if self._login.was_asked_for:
                raise
        return self._login.was_asked_for

    def _manifest_request(self, method: str, target: str, purpose: str) -> Request:
        return Request(
            method=method,
            url=self.url(f"manifests/{target}"),
            purpose=f"{purpose} of {self.name}",
            headers=_ACCEPT,
        )


def _short(target: str) -> str:
    return target[: len("sha256:") + 12] if target.startswith("sha256:") else target
