"""How a registry wants to be logged in to: challenges, credentials and tokens, without I/O.

https://www.rfc-editor.org/rfc/rfc9110.html#name-www-authenticate
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .errors import Rejected, Unauthorized
from .url import Url

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # nosec B105  # noqa: S105 - RFC 9110's word for a word
# Values without quotes are words to the RFC; addresses and scopes, which are none, are met too.
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:([^\s,"]+)|"((?:[^"\\]|\\.)*)")')
_SCHEME = re.compile(rf"({_TOKEN})(?:\s+|$|(?=,))")
_TOKEN_68 = re.compile(r"[A-Za-z0-9._~+/-]++=*+(?=\s*(?:,|$))")
_BEARER_TOKEN = re.compile(r"[!-~]+")
_SCOPE = re.compile(r"[!#-\[\]-~]{1,1024}")
"""https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3, and of a sensible length"""
_MOST_SCOPES = 20
_DEFAULT_SECONDS = 60.0
_MOST_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A user name and password; neither is ever shown."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of an Authorization header."""
        encoded = base64.b64encode(f"{self.username}:{self.password}".encode(errors="replace"))
        return f"Basic {encoded.decode()}"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What a registry asks for.

    Args:
        scheme: `basic`, `bearer` or another one, in lower case.
        parameters: their names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Token:
    """A bearer token.

    Args:
        value: the token, never shown.
        seconds: how long it is valid.
    """

    value: str = field(repr=False)
    seconds: float

    @property
    def header(self) -> str:
        """The value of an Authorization header."""
        return f"Bearer {self.value}"


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges of WWW-Authenticate headers; one may hold several.

    What makes no sense ends the header that it is in.
    """
    return tuple(challenge for header in headers for challenge in _challenges(header))


def choose_challenge(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the challenge to answer: a token, which can do less, rather than the password."""
    known = {challenge.scheme: challenge for challenge in reversed(tuple(challenges))}
    return known.get("bearer") or known.get("basic")


def token_url(challenge: Challenge, registry: Url, scopes: Iterable[str]) -> Url:
    """Return where to ask for a token.

    A registry may name any token service on the internet, and gets it the credentials: one that
    is after them could have asked for them itself.

    Args:
        challenge: the registry's.
        registry: the address that was challenged.
        scopes: what the token is for.

    Raises:
        Rejected: the registry names none, or one that leads where no registry has any business.
    """
    realm = challenge.parameters.get("realm", "")
    fix = "check that it is the registry that you mean"
    if not realm.lower().startswith(("http://", "https://")):
        raise Rejected(f"{registry.origin} names no token service to log in at", fix=fix)
    try:
        url = registry.follow(realm)
    except ValueError as error:
        raise Rejected(f"{registry.origin} {error} to log in", fix=fix) from None
    service = challenge.parameters.get("service", "")
    parameters = [("service", service)] if service else []
    return url.with_query(*parameters, *(("scope", scope) for scope in scopes))


def with_scopes(scopes: tuple[str, ...], challenge: Challenge) -> tuple[str, ...]:
    """Return what a token is asked for: some scopes, and those of a challenge that they lack."""
    found = list(scopes)
    for scope in challenge.parameters.get("scope", "").split():
        if _SCOPE.fullmatch(scope) and not any(_covers(one, scope) for one in found):
            found.append(scope)
    return tuple(found[:_MOST_SCOPES])


def parse_token(body: bytes, service: str) -> Token:
    """Return the token of a token service's answer.

    Args:
        body: the answer.
        service: what messages call the service.

    Raises:
        Unauthorized: there is none in it.
    """
    try:
        answer = json.loads(body)
        value = answer.get("token") or answer.get("access_token")
        seconds = answer.get("expires_in")
    except (ValueError, AttributeError, RecursionError):
        value = seconds = None
    if not isinstance(value, str) or not _BEARER_TOKEN.fullmatch(value):
        raise Unauthorized(f"the token service {service} answered without a token", temporary=True)
    if not isinstance(seconds, int | float) or not seconds > 0:
        seconds = _DEFAULT_SECONDS
    return Token(value=value, seconds=min(seconds, _MOST_SECONDS))


def _covers(scope: str, other: str) -> bool:
    """Return whether a scope allows what another one does, on the same resource."""
    (resource, _, actions), (same, _, fewer) = scope.rpartition(":"), other.rpartition(":")
    return resource == same and set(fewer.split(",")) <= set(actions.split(","))


def _challenges(header: str) -> Iterable[Challenge]:
    at = _after_comma(header, 0)
    while match := _SCHEME.match(header, at):
        scheme, at = match[1].lower(), match.end()
        if match := _TOKEN_68.match(header, at):
            at = match.end()
        parameters: dict[str, str] = {}
        while match := _PARAMETER.match(header, at):
            name, word, quoted = match.groups()
            value = word if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(name.lower(), value)
            at = _after_comma(header, match.end())
        yield Challenge(scheme=scheme, parameters=parameters)
        at = _after_comma(header, at)


def _after_comma(header: str, at: int) -> int:
    while at < len(header) and header[at] in ", \t":
        at += 1
    return at
