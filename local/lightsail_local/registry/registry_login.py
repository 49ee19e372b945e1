"""Logins to the container service registry."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..behaviour.behaviour import Behaviour


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """A login to the registry.

    Args:
        username: the user name of its Basic credentials.
        password: their password.
        expires_at: until when it is valid, in seconds since the epoch.
    """

    username: str
    password: str
    expires_at: float


class RegistryLogins:
    """The logins given out so far.

    Args:
        behaviour: how long a login is valid.
        clock: tells the time.
    """

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._logins: dict[tuple[str, str], RegistryLogin] = {}

    @property
    def given(self) -> tuple[RegistryLogin, ...]:
        """The logins, oldest first."""
        return tuple(self._logins.values())

    def create(self) -> RegistryLogin:
        """Return a new login; the ones before stay valid."""
        login = RegistryLogin(
            username="AWS",
            password=secrets.token_urlsafe(96),
            expires_at=self._clock() + self._behaviour.login_seconds,
        )
        self._logins[login.username, login.password] = login
        return login

    def check(self, username: str, password: str) -> Literal["valid", "expired", "unknown"]:
        """Return what the registry makes of credentials."""
        login = self._logins.get((username, password))
        if login is None:
            return "unknown"
        return "valid" if self._clock() < login.expires_at else "expired"
