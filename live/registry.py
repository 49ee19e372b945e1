"""Lightsail's registry, as the library pushes to it, and asked one request at a time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import archives
from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.registry.archive.archive import Archive
from cdk_lightsail_containers_handler.registry.auth import Credentials
from cdk_lightsail_containers_handler.registry.copy import copy_image
from cdk_lightsail_containers_handler.registry.descriptor import Platform
from cdk_lightsail_containers_handler.registry.errors import RegistryError
from cdk_lightsail_containers_handler.registry.found_image import find_image
from cdk_lightsail_containers_handler.registry.http.connection import Connections
from cdk_lightsail_containers_handler.registry.http.request import Request
from cdk_lightsail_containers_handler.registry.http.transport import Transport
from cdk_lightsail_containers_handler.registry.login import Login
from cdk_lightsail_containers_handler.registry.manifest import MEDIA_TYPES
from cdk_lightsail_containers_handler.registry.reference import Reference
from cdk_lightsail_containers_handler.registry.repository import Repository
from cdk_lightsail_containers_handler.registry.url import Url
from oci_images import Made

from .certificates import trusting
from .lightsail import Lightsail
from .mask import Mask

_REPOSITORY = "sr"
_SECONDS = 300.0
_LOGIN_SECONDS = 6 * 60 * 60
# The statuses of a request that the registry did as it was asked.
_TAKEN = (200, 201, 202, 204, 307, 308)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the registry replied to a request, such as `HEAD manifest`."""

    asked: str
    status: int
    location: str = field(default="", repr=False)  # as it came
    url: Url | None = None  # where that leads
    problem: str = ""  # why it refused, in its own words

    @property
    def is_taken(self) -> bool:
        """Whether the registry did as it was asked."""
        return self.status in _TAKEN

    def __str__(self) -> str:
        """Return it as evidence."""
        return f"{self.asked}: {self.status}{f' ({self.problem})' if self.problem else ''}"


class PushRegistry:
    """The registry of the account's container services, whose logins are Lightsail's."""

    def __init__(self, lightsail: Lightsail, mask: Mask) -> None:
        self._lightsail = lightsail
        self._waiting = lightsail.waiting
        self._mask = mask
        self._host = ""
        self._credentials: Credentials | None = None
        self._until = 0.0

    def push(self, made: Made) -> str:
        """Push an image or the images of an index, as the library does, and return its digest.

        The digest of an image is another one where the library had to make Docker's manifest of it.

        Raises:
            RegistryError: the registry did not take it.
        """
        digest = made.digest
        for image in made.manifests or (made,):
            archive = Archive(archives.Remote(archives.tar(archives.layout(image))))
            parts = image.platform or {}
            found = find_image(archive, Platform(os="linux", architecture=parts["architecture"]))
            deadline = self._deadline()
            with Connections(trusting()) as connections:
                destination = Repository(
                    self._reference(),
                    connections=connections,
                    deadline=deadline,
                    credentials=self._login,
                    is_pushed_to=True,
                )
                result = copy_image(archive, destination, found, deadline=deadline)
            digest = made.digest if made.manifests else result.digest
        return digest

    def put_manifest(self, made: Made) -> Reply:
        """Put a manifest or an index as it is, whose parts are there, and return the reply."""
        headers = {"Content-Type": made.media_type}
        url = self.below(f"manifests/{made.digest}")
        return self.ask("PUT", "manifest", url, headers=headers, body=made.content)

    def ask(
        self,
        method: str,
        what: str,
        url: Url,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send a request for something, and return the reply, a refusal too.

        Raises:
            RegistryError: there was no reply, or none that says something of the request.
        """
        asked = f"{method} {what}"
        request = Request(method=method, url=url, purpose=asked, headers=headers or {}, body=body)
        deadline = self._deadline()
        scopes = (f"repository:{_REPOSITORY}:pull,push",)
        with Connections(trusting()) as connections:
            registry = Url(origin=self._reference().origin, target="/v2/")
            login = Login(registry, scopes, self._login, connections, deadline)
            try:
                response = Transport(connections, deadline, login).send(request, *_TAKEN)
            except RegistryError as error:
                if not error.status or error.temporary:
                    raise
                return Reply(asked=asked, status=error.status, problem=_said(error))
            location = response.header("Location")
            response.skip()
            leads_to = url.follow(location) if location else None
            return Reply(asked=asked, status=response.status, location=location, url=leads_to)

    def ask_for_manifest(self, method: str, digest: str, what: str = "manifest") -> Reply:
        """Ask for a manifest as the library does, and return the registry's reply."""
        # A registry may answer 404 for a type that is not named.
        headers = {"Accept": ", ".join(MEDIA_TYPES)}
        return self.ask(method, what, self.below(f"manifests/{digest}"), headers=headers)

    def below(self, path: str) -> Url:
        """Return the address of something in the repository."""
        return Url(origin=self._reference().origin, target=f"/v2/{_REPOSITORY}/{path}")

    def place_of(self, reply: Reply) -> tuple[bool, bool]:
        """Return whether a Location is a whole address, and whether it is of another host."""
        is_absolute = bool(urlsplit(reply.location).netloc)
        return is_absolute, reply.url is not None and reply.url.origin != self._reference().origin

    def _reference(self) -> Reference:
        self._login()
        # The tag means nothing to Lightsail, and must not be another push's.
        return Reference(registry=self._host, repository=_REPOSITORY, tag=uuid.uuid4().hex)

    def _login(self) -> Credentials:
        if self._credentials is None or self._waiting.clock() > self._until:
            answer = self._lightsail.tell("CreateContainerServiceRegistryLogin")["registryLogin"]
            self._host = answer["registry"]
            self._until = self._waiting.clock() + _LOGIN_SECONDS
            self._credentials = Credentials(
                username=answer["username"], password=answer["password"]
            )
            self._mask.add(answer["password"], "password")
            self._mask.add(self._host, "registry")
        return self._credentials

    def _deadline(self) -> Deadline:
        waiting = self._waiting
        ends = waiting.clock() + _SECONDS
        return Deadline(ends=ends, clock=waiting.clock, sleep=waiting.sleep)


def _said(error: RegistryError) -> str:
    """Return the registry's own words of an error."""
    _, _, words = error.problem.partition("(")
    _, _, reason = words.removesuffix(")").partition(" ")
    return reason
