"""A login to one registry, shared by the requests of all threads, renewed when it expires."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from .auth import (
    Challenge,
    Credentials,
    Token,
    choose_challenge,
    parse_challenges,
    parse_token,
    token_url,
    with_scopes,
)
from .http.connection import Connections
from .http.request import Request
from .http.response import Response
from .http.transport import Transport
from .http.wire import TimeLimit
from .url import Origin, Url

CredentialsSource = Callable[[], Credentials | None]
"""Asked for credentials whenever a registry wants some, as those from before may have expired."""

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_LARGEST_TOKEN = 256 << 10
_USED_PART = 0.8
_REFUSED = frozenset({_UNAUTHORIZED, _FORBIDDEN})
_LATER = frozenset({408, 429})
_SERVER_ERROR = 500
_SENT = "check its name, and that the credentials that were sent allow it"
_NO_LOGIN = "give credentials=, since no login was sent, or check its name"
_NO_KNOWN_LOGIN = (
    "check its name, and that it asks for a Basic or Bearer login, since none was sent"
)


class Login:
    """A login.

    Args:
        registry: the registry's own address; no other address ever gets the login.
        scopes: what a token is for, such as `repository:library/nginx:pull`,
            https://distribution.github.io/distribution/spec/auth/scope/; what the registry asks
            for comes after them.
        credentials: asked for a user name and password.
        connections: what to reach the token service over.
        deadline: how long it may go on.
        image: what messages call the image that it is for.
    """

    def __init__(
        self,
        registry: Url,
        scopes: tuple[str, ...],
        credentials: CredentialsSource,
        connections: Connections,
        deadline: TimeLimit,
        *,
        image: str = "an image",
    ) -> None:
        self._registry = registry
        self._image = image
        self._scopes = scopes
        self._credentials = credentials
        self._connections = connections
        self._deadline = deadline
        self._lock = threading.Lock()
        self._challenge: Challenge | None = None
        self._header = ""
        self._is_anonymous = False
        self._tokens: dict[Origin, str] = {}  # without credentials, of where the registry leads on
        self._valid_until: float | None = None  # of what the deadline has left then

    @property
    def was_asked_for(self) -> bool:
        """Whether the registry has asked for a login."""
        return self._challenge is not None

    def header(self, origin: Origin) -> str:
        """Return the Authorization for requests to an origin; the login is for the registry's."""
        if origin != self._registry.origin:
            return self._tokens.get(origin, "")
        if self._valid_until is not None and self._deadline.left() < self._valid_until:
            self._renew(self._header, None)
        return self._header

    def renew(self, response: Response, body: bytes, sent: str) -> bool:
        """Log in again if a refusal says so, and return whether another attempt makes sense."""
        challenge = choose_challenge(parse_challenges(response.headers("WWW-Authenticate")))
        if response.origin != self._registry.origin:
            return self._visit(response.origin, challenge)
        # ECR, and so Lightsail, says that a login is over with 403 DENIED:
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
        is_over = response.status == _FORBIDDEN and bool(sent) and b"expired" in body.lower()
        if response.status != _UNAUTHORIZED and not is_over:
            return False
        return self._renew(sent, challenge)

    def fix(self, origin: Origin, status: int) -> str:
        """Return what to do about a refusal, nothing for what is usual."""
        if origin != self._registry.origin or status not in _REFUSED:
            return ""
        if self._is_anonymous:
            return _NO_LOGIN
        return _SENT if self._header else _NO_KNOWN_LOGIN

    def _renew(self, sent: str, challenge: Challenge | None) -> bool:
        with self._lock:
            if self._header != sent:
                return True  # another thread was faster
            self._challenge = challenge or self._challenge
            if self._challenge is None:
                return False
            self._header = self._log_in(self._challenge)
            return self._header not in ("", sent)

    def _log_in(self, challenge: Challenge) -> str:
        credentials = self._credentials()
        self._is_anonymous = credentials is None
        if challenge.scheme == "basic":
            return credentials.header if credentials else ""
        # A registry may know the image by another name than the one that it is asked for by.
        self._scopes = with_scopes(self._scopes, challenge)
        login = credentials.header if credentials else ""
        token = self._token(challenge, self._registry, self._scopes, login)
        self._valid_until = self._deadline.left() - _USED_PART * token.seconds
        return token.header

    def _visit(self, origin: Origin, challenge: Challenge | None) -> bool:
        """Get what anyone gets at another registry, and return whether there is such a thing."""
        if challenge is None or challenge.scheme != "bearer":
            return False
        url = Url(origin=origin, target="/v2/")
        self._tokens[origin] = self._token(challenge, url, with_scopes((), challenge), "").header
        return True

    def _token(
        self, challenge: Challenge, registry: Url, scopes: tuple[str, ...], login: str
    ) -> Token:
        url = token_url(challenge, registry, scopes)
        own = _TokenServiceLogin(url.origin, login, str(registry.origin))
        request = Request(method="GET", url=url, purpose=f"give a token for {self._image}")
        service = f"{url.origin} for {self._image}"
        return Transport(self._connections, self._deadline, own).read(
            request, _LARGEST_TOKEN, lambda _, body: parse_token(body, service)
        )


@dataclass(frozen=True)
class _TokenServiceLogin:
    """Credentials for a token service, which are taken or not."""

    _origin: Origin
    _header: str
    _registry: str

    def header(self, origin: Origin) -> str:
        return self._header if origin == self._origin else ""

    def renew(self, response: Response, body: bytes, sent: str) -> bool:  # noqa: ARG002
        return False

    def fix(self, origin: Origin, status: int) -> str:  # noqa: ARG002
        if status in _REFUSED:
            return "check the credentials that were sent" if self._header else _NO_LOGIN
        if status in _LATER or status >= _SERVER_ERROR:
            return ""
        return f"check that {self._registry}, which names this service, is the registry you mean"
