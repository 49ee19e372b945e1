"""What can go wrong with a registry.

RegistryError           anything below; one sentence, with the fix in `fix`
|-- Unauthorized        no credentials, wrong ones, or too little (UNAUTHORIZED, DENIED)
|-- Missing             no such repository, manifest or blob (*_UNKNOWN)
|-- DigestMismatch      bytes that are not what their digest and size say (DIGEST_INVALID)
|-- Unsupported         a manifest of a kind that is not copied (MANIFEST_INVALID)
|   `-- PlatformMissing an image that does not run on the platform wanted
|-- Rejected            the registry, or we, refuse the request (UNSUPPORTED, ...)
|-- Unavailable         the registry cannot now (429 TOOMANYREQUESTS, 5xx); temporary
|-- TransportError      no sound answer: name, connection, TLS, HTTP; temporary but for TLS
|-- UploadInterrupted   this upload is lost, another one may do; temporary
`-- DeadlineExceeded    the deadline came first; what is copied by then stays

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes

Messages are made of names of ours and of the registry's own words, without the Authorization that
was sent, tokens and signed addresses. Hide the password in a message before you shorten it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from .url import Url

_LONGEST_QUOTE = 120
_LONGEST_ANSWER = 512  # more than is shown of it
_LONGEST_WORD = 80  # a digest has 71 characters, tokens have hundreds
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,40}")
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_USER_INFO = re.compile(r"://[^\s/@]*@")
_QUERY = re.compile(r"(://[^\s?]*)\?\S*")


IN_DOUBT = ", is it a registry that answered"
"""What ends a problem that no registry has, so that it may be something else that answers."""


class RegistryError(Exception):
    """Something went wrong with a registry.

    Args:
        problem: what, with the names concerned.
        fix: what to do about it; the kind of error has one of its own.
        archive_fix: what to do about it in an archive; as `fix`, or the kind's own.
        status: the HTTP status, 0 without one.
        temporary: whether the same may go well another time.
    """

    default_fix: ClassVar[str] = "try again later"
    default_archive_fix: ClassVar[str] = "write the archive again"
    default_temporary: ClassVar[bool] = False

    def __init__(
        self,
        problem: str,
        *,
        fix: str = "",
        archive_fix: str = "",
        status: int = 0,
        temporary: bool | None = None,
    ) -> None:
        self.problem = problem
        self.fix = fix or self.default_fix
        self._archive_fix = archive_fix or fix or self.default_archive_fix
        self.status = status
        self.temporary = self.default_temporary if temporary is None else temporary
        super().__init__(problem)

    def in_archive(self) -> Self:
        """Return this error, with what to do about an archive rather than about a registry."""
        self.problem = self.problem.removesuffix(IN_DOUBT)
        self.fix = self._archive_fix
        return self

    def __str__(self) -> str:
        """Return what went wrong, and what to do about it last."""
        return f"{self.problem}: {self.fix}"


class Unauthorized(RegistryError):
    """Credentials are missing, wrong or expired, or do not allow it."""

    default_fix = "check its name, and that the credentials allow it"


class Missing(RegistryError):
    """The registry has no such repository, manifest or blob."""

    default_fix = "check its name, tag and digest"


class DigestMismatch(RegistryError):
    """Bytes are not what their digest and size say."""

    default_fix = "push the image to its registry again"


class Unsupported(RegistryError):
    """A manifest is of a kind that is not copied."""

    default_fix = "name a container image, built as OCI image or Docker schema 2"
    default_archive_fix = "archive a container image, as oci-archive or docker-archive"


class PlatformMissing(Unsupported):
    """An image does not run on the platform wanted."""


class Rejected(RegistryError):
    """The registry refuses the request, or it asks for something that we refuse."""

    default_fix = "check that the registry takes such images"


class Unavailable(RegistryError):
    """The registry cannot now."""

    default_temporary = True


class TransportError(RegistryError):
    """There was no sound answer."""

    default_fix = "check the registry's name and that there is a way to it"
    default_temporary = True


class UploadInterrupted(RegistryError):
    """An upload is lost, and the blob may be sent again at once.

    Args:
        problem: why.
        location: where to send it to, if the registry has said so.
    """

    default_temporary = True

    def __init__(self, problem: str, *, location: Url | None = None) -> None:
        super().__init__(problem)
        self.location = location


class DeadlineExceeded(RegistryError):
    """The deadline came first; what is copied by then stays, and is not copied again."""

    default_fix = "give it more time"


def error_of_answer(
    what: str, status: int, body: bytes = b"", secrets: Iterable[str] = ()
) -> RegistryError:
    """Return the error for what a registry answered.

    Args:
        what: what was asked, and from which registry, such as `docker.io refused manifest 'web:1'`.
        status: the HTTP status.
        body: the beginning of the answer's body.
        secrets: what may not be quoted.
    """
    code, message = _read(body)
    said = " ".join(part for part in (str(status), code) if part)
    quoted = quoted_answer(message, secrets, _LONGEST_ANSWER)
    problem = f"{what} ({said}{', ' if quoted else ''}{quoted})"
    return _kind(status, code)(problem, status=status)


def quoted_answer(text: str, secrets: Iterable[str] = (), longest: int = _LONGEST_QUOTE) -> str:
    """Return a registry's words, short, in one line, and without what may be a token.

    No word is cut: it may be the password, and a part of that would not be found and hidden.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "...")
    text = "".join(one if one.isprintable() else " " for one in text).strip()
    text = _USER_INFO.sub("://", _QUERY.sub(r"\1", _LONG_WORD.sub("...", text)))
    return text if len(text) <= longest else f"{text[: longest - 4].rpartition(' ')[0]} ..."


def _kind(status: int, code: str) -> type[RegistryError]:
    if code in {"DIGEST_INVALID", "SIZE_INVALID"}:
        return DigestMismatch
    if status in {401, 403}:
        return Unauthorized
    if status == 404:  # noqa: PLR2004
        return Missing
    if status in {408, 429} or status >= 500:  # noqa: PLR2004
        return Unavailable
    return Rejected


def _read(body: bytes) -> tuple[str, str]:
    """Return the code and the words of the first error of an answer, if it has any."""
    try:
        error = json.loads(body)["errors"][0]
        code, message = error.get("code"), error.get("message")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""
    is_code = isinstance(code, str) and _CODE.fullmatch(code)
    return code if is_code else "", message if isinstance(message, str) else ""
