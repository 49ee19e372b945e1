"""The authorization tokens of Amazon ECR.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

USERNAME = "AWS"
_VALID_SECONDS = 12 * 60 * 60


@dataclass(frozen=True)
class Home:
    """Whose repositories these are, and where.

    Args:
        account: the account, 12 digits.
        region: the Region.
    """

    account: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """What Amazon ECR gives to log in with.

    Args:
        password: the password; the user name is `AWS`.
        home: whose repositories it is for, where the registry's name does not say so.
        expires_at: until when it is valid, in seconds since the epoch.
    """

    password: str
    home: Home
    expires_at: float


class Tokens:
    """The tokens given so far.

    Args:
        clock: tells the time.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._tokens: dict[str, Token] = {}

    def create(self, home: Home) -> Token:
        """Return a new token; the ones before stay valid."""
        password = secrets.token_urlsafe(96)
        expires_at = self._clock() + _VALID_SECONDS
        token = Token(password=password, home=home, expires_at=expires_at)
        self._tokens[password] = token
        return token

    def find(self, username: str, password: str) -> Token | None:
        """Return the token of a login, valid or not; None if it is of none."""
        return self._tokens.get(password) if username == USERNAME else None

    def is_valid(self, token: Token) -> bool:
        """Return whether a token is valid still."""
        return self._clock() < token.expires_at
