"""A request, and what its answers and failures mean."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..errors import (
    RegistryError,
    Rejected,
    TransportError,
    error_of_answer,
    quoted_answer,
)
from ..url import Url
from .response import Response

_UNAUTHORIZED = 401


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request.

    Args:
        method: the HTTP method.
        url: where to.
        purpose: what it asks a registry to do, as in "it did not ...".
        headers: headers that are no secret.
        body: its body.
    """

    method: str
    url: Url
    purpose: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


def led_on(request: Request, response: Response) -> Request:
    """Return a request for where an answer leads.

    Raises:
        Rejected: it leads where no registry has any business.
    """
    try:
        url = request.url.follow(response.header("Location"))
    except ValueError as error:
        fix = "check that it is the registry that you mean"
        raise Rejected(f"{request.url.origin} {error}", fix=fix) from None
    return replace(request, url=url)


def refusal(
    request: Request, response: Response, body: bytes, sent: str, fix: str = ""
) -> RegistryError:
    """Return the error for an answer.

    Args:
        request: what was asked.
        response: what was answered.
        body: the beginning of the answer's body.
        sent: the Authorization that was sent, never to be shown.
        fix: what to do about it; nothing for what is usual.
    """
    what = f"{request.url.origin} did not {request.purpose}"
    secrets = [secret for secret in (sent, sent.partition(" ")[2]) if secret]
    error = error_of_answer(what, response.status, body, secrets)
    # A registry says how to log in; what stands in between, for a while, may not.
    if response.status == _UNAUTHORIZED and not response.header("WWW-Authenticate"):
        error.temporary = True
    if fix:
        error.fix = fix
    return error


def coded(request: Request, response: Response) -> Rejected:
    """Return the error for a body that makes no sense, since it is coded."""
    return Rejected(
        f"{request.url.origin} did not {request.purpose} as it is, but with the content coding "
        f"'{quoted_answer(response.coding)}'",
        fix="turn compression off in the registry or in the proxy before it",
    )


def broken(request: Request, error: Exception) -> TransportError:
    """Return the error for a connection that could not be made or that broke."""
    what = f"{request.url.origin} did not {request.purpose}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return TransportError(f"{what} (certificate: {error.verify_message})", temporary=False)
    reason = getattr(error, "strerror", None) or str(error) if isinstance(error, OSError) else ""
    return TransportError(f"{what} ({reason or type(error).__name__})")
