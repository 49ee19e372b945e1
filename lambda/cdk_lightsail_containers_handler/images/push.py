"""Pushes an image from where it is into the Lightsail registry."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..aws.calls import READING_SECONDS, Calls
from ..deadline import PERMISSIONS_SECONDS
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
    from collections.abc import Callable, Iterator

    from ..deadline import Deadline
    from ..lightsail.client import Lightsail
    from ..mask import Mask
    from ..properties.image_source import SourceSpec
    from ..registry.auth import Credentials
    from ..registry.blob_copy import BlobSource
    from ..registry.http.connection import Timeouts
    from ..registry.login import CredentialsSource
    from ..request_log import RequestLog

_REPOSITORY = "sr"
"""The one repository that Lightsail's registry has."""


@contextmanager
def pushing(
    source: SourceSpec,
    *,
    signed_by: str | None,
    service: str,
    lightsail: Lightsail,
    deadline: Deadline,
    log: RequestLog,
    make_client: Callable[..., Any],
    timeouts: Timeouts | None = None,
) -> Iterator[Push]:
    """Find an image where it is, and have it ready to be pushed.

    Args:
        source: where it is.
        signed_by: the key that it must be signed by; None if it need not be signed.
        service: the container service that it is for.
        lightsail: gives the logins.
        deadline: when to stop; what was pushed by then is not pushed again.
        log: where the steps are logged.
        make_client: boto3's `client`, for what the source needs.
        timeouts: how long to wait for registries.

    Raises:
        Unfinished: the deadline came first.
        HandlerError: the source has no such image for linux/amd64, or it is not signed.
    """
    seconds = deadline.left()
    with Connections(timeouts=timeouts) as connections:
        with _explained():
            found = _open(source, connections, deadline, make_client, log)
            push = Push(
                found,
                service=service,
                lightsail=lightsail,
                deadline=deadline,
                seconds=seconds,
                connections=connections,
                log=log,
            )
            if signed_by is not None and isinstance(found, Repository):
                calls = Calls(deadline, log, READING_SECONDS)
                check_signature(found, push.named_digest, signed_by, make_client, calls)
                log("signed", digest=push.named_digest, key=signed_by)
            check_time(deadline)  # another invocation has more time for the rest
        yield push


def _open(
    source: SourceSpec,
    connections: Connections,
    deadline: Deadline,
    make_client: Callable[..., Any],
    log: RequestLog,
) -> BlobSource:
    if isinstance(source, ArchiveSource):
        archive = S3Object(make_client("s3"), source.bucket, source.key, deadline)
        return Archive(archive, source.tag)
    calls = Calls(deadline, log, READING_SECONDS)
    return Repository(
        source.reference,
        connections=connections,
        deadline=deadline,
        credentials=_masked(source_credentials(source, make_client, calls), log.mask),
    )


class Push:
    """An image that was found, and can be pushed.

    Args:
        seconds: what an invocation has for a push that begins at once; the rest as of `pushing`.
    """

    def __init__(
        self,
        source: BlobSource,
        *,
        service: str,
        lightsail: Lightsail,
        deadline: Deadline,
        seconds: float,
        connections: Connections,
        log: RequestLog,
    ) -> None:
        self._source = source
        self._service = service
        self._lightsail = lightsail
        self._deadline = deadline
        self._seconds = seconds
        self._connections = connections
        self._log = log
        self._image = _find(source, deadline)
        log("resolved", source=str(source), digest=self._image.digest, bytes=self._image.size)

    @property
    def named_digest(self) -> str:
        """The digest that the source names: that of an index, if it names one."""
        return self._image.named

    @property
    def digest(self) -> str:
        """The digest of the image's manifest for linux/amd64."""
        return self._image.digest

    @property
    def docker_digest(self) -> str | None:
        """The digest of the same image, if Lightsail takes Docker's manifests only."""
        return self._image.docker_digest

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
    permissions_by = deadline.left()
    if isinstance(source, Repository) and ECR.fullmatch(source.reference.registry):
        permissions_by -= PERMISSIONS_SECONDS
    while True:
        try:
            return find_image(source)
        except Unauthorized:
            if deadline.left() <= permissions_by or not deadline.pause(2):
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
