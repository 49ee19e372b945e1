"""Pushes an image from where it is into the Lightsail registry."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..aws.calls import READING_SECONDS, Calls
from ..deadline import permissions_on_their_way
from ..errors import HandlerError, Unfinished
from ..properties.image_source import ArchiveSource
from ..registry.archive.archive import Archive
from ..registry.copy import Progress, copy_image
from ..registry.errors import DeadlineExceeded, RegistryError, Unauthorized
from ..registry.found_image import FoundImage, find_image
from ..registry.http.connection import Connections
from ..registry.http.wire import check_time
from ..registry.reference import Reference
from ..registry.repository import Repository
from .credentials import ECR, LightsailLogin, source_credentials
from .metered_source import MeteredSource
from .s3_object import S3Object
from .signature import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..cloudformation.request import Request
    from ..deadline import Deadline
    from ..mask import Mask
    from ..properties.container_image import ContainerImageProperties
    from ..properties.image_source import SourceSpec
    from ..registry.auth import Credentials
    from ..registry.blob_copy import BlobSource
    from ..registry.login import CredentialsSource

_REPOSITORY = "sr"
"""The one repository that Lightsail's registry has."""


@contextmanager
def pushing(
    request: Request, wanted: ContainerImageProperties, source: SourceSpec
) -> Iterator[Push]:
    """Find an image where it is, and have it ready to be pushed.

    Args:
        request: what asks for it; what was pushed by its deadline is not pushed again.
        wanted: where it goes, and which key it must be signed by.
        source: where it is.

    Raises:
        Unfinished: the deadline came first.
        HandlerError: the source has no such image for linux/amd64, or it is not signed.
    """
    with Connections(timeouts=request.environment.timeouts) as connections:
        with _explained():
            push = Push(request, wanted.service_name, source, connections)
            if wanted.signed_by is not None:
                push.check_signed_by(wanted.signed_by)
            check_time(request.deadline)  # another invocation has more time for the rest
        yield push


class Push:
    """An image that was found, and can be pushed.

    Args:
        request: what asks for it.
        service: the container service that it is for.
        source: where it is.
        connections: what registries are reached over.
    """

    def __init__(
        self, request: Request, service: str, source: SourceSpec, connections: Connections
    ) -> None:
        self._service = service
        self._lightsail = request.lightsail
        self._deadline = request.deadline
        self._seconds = self._deadline.left()  # of a whole invocation, before the source is opened
        self._connections = connections
        self._log = request.log
        self._make_client = request.environment.make_client
        self._calls = Calls(self._deadline, self._log, READING_SECONDS)
        self._source = self._open(source)
        self._image = _find(self._source, self._deadline)
        self._log(
            "resolved",
            source=str(self._source),
            digest=self._image.digest,
            bytes=self._image.size,
        )

    @property
    def digest(self) -> str:
        """The digest of the image's manifest for linux/amd64."""
        return self._image.digest

    @property
    def docker_digest(self) -> str | None:
        """The digest of the same image, if Lightsail takes Docker's manifests only."""
        return self._image.docker_digest

    def check_signed_by(self, key: str) -> None:
        """Check that an image of a registry is signed by a key."""
        if isinstance(self._source, Repository):
            digest = self._image.named
            check_signature(self._source, digest, key, self._make_client, self._calls)
            self._log("signed", digest=digest, key=key)

    def run(self) -> str:
        """Push the image, so that it can be registered, and return the digest that it is there by.

        Raises:
            Unfinished: the deadline came first; another push goes on from there.
            HandlerError: it did not work, or would be unfinished each time.
        """
        login = LightsailLogin(self._lightsail, self._service)
        destination = Repository(
            # The tag means nothing to Lightsail, and must not be another push's.
            Reference(registry=login.registry, repository=_REPOSITORY, tag=uuid.uuid4().hex),
            connections=self._connections,
            deadline=self._deadline,
            credentials=_masked(login, self._log.mask),
            is_pushed_to=True,
        )
        began = self._deadline.clock()
        source = MeteredSource(self._source)
        self._carried = 0
        try:
            with _explained():
                result = copy_image(
                    source,
                    destination,
                    self._image,
                    deadline=self._deadline,
                    progress=lambda progress: self._tell(progress, began),
                )
        except Unfinished:
            self._check_that_another_helps(source, began)
            raise
        self._log(
            "pushed",
            digest=result.digest,
            bytes=result.bytes,
            copied=result.copied,
            skipped=result.skipped,
            requests=self._connections.requests,
        )
        return result.digest

    def _open(self, source: SourceSpec) -> BlobSource:
        if isinstance(source, ArchiveSource):
            client = self._make_client("s3")
            return Archive(S3Object(client, source.bucket, source.key, self._deadline), source.tag)
        credentials = source_credentials(source, self._make_client, self._calls)
        return Repository(
            source.reference,
            connections=self._connections,
            deadline=self._deadline,
            credentials=_masked(credentials, self._log.mask),
        )

    def _check_that_another_helps(self, source: MeteredSource, began: float) -> None:
        """Check that another invocation would come farther than this one.

        Each begins its blobs from the start, so one that has carried none must have been short of
        time, not of network.
        """
        farthest = source.farthest()
        if self._carried or farthest is None:
            return
        rate = farthest.read / max(self._deadline.clock() - began, 0.001)
        if rate * self._seconds < farthest.blob.size:
            raise HandlerError(
                f"blob {farthest.blob.short_digest} has {farthest.blob.size / 1e6:.0f} MB, too "
                f"many for the {self._seconds:.0f} s of an invocation at {rate / 1e6:.3g} MB/s",
                "give the function more memory, with which it has more network, and 15 minutes, "
                "or split the layer",
            )

    def _tell(self, progress: Progress, began: float) -> None:
        self._carried += progress.outcome != "skipped"
        seconds = max(self._deadline.clock() - began, 0.001)
        self._log(
            f"blob {progress.outcome}",
            digest=progress.digest,
            bytes=progress.size,
            done=f"{progress.blobs_done} of {progress.blobs} blobs",
            left=progress.bytes - progress.bytes_done,
            mb_per_second=round(progress.bytes_done / seconds / 1e6, 1),
        )


def _find(source: BlobSource, deadline: Deadline) -> FoundImage:
    """Return the image of a source; the permission to pull from Amazon ECR may be on its way."""
    is_of_ecr = isinstance(source, Repository) and ECR.fullmatch(source.reference.registry)
    may_be_allowed = permissions_on_their_way(deadline)
    while True:
        try:
            return find_image(source)
        except Unauthorized:
            if not is_of_ecr or not may_be_allowed() or not deadline.pause(2):
                raise


def _masked(credentials: CredentialsSource, mask: Mask) -> CredentialsSource:
    """Mask credentials as soon as they are known: a registry may repeat them in anything."""

    def get() -> Credentials | None:
        found = credentials()
        if found is not None:
            mask.hide(found.password)
            mask.hide(found.header.partition(" ")[2])
        return found

    return get


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what goes wrong with a registry into a sentence for the owner of the stack."""
    try:
        yield
    except DeadlineExceeded as error:
        raise Unfinished(
            "CloudFormation waits no longer",
            "give the function more memory, with which it has more network",
            said=error.problem,
        ) from error
    except RegistryError as error:
        # It quotes the registry in the middle of words of ours.
        raise HandlerError("", error.fix, said=error.problem) from error
