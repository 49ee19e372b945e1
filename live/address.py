"""What a service's address answers."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass

from .certificates import trusting
from .waiting import Waiting

# A new name takes a while to be known everywhere, and a load balancer to let go of what was before.
_SECONDS = 180.0
_TIMEOUT = 10.0
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class AddressReply:
    """What came of asking.

    Args:
        text: what was answered, or why nothing was.
        is_possible: whether it can be right: it is, or there was no answer that could be wrong.
    """

    text: str
    is_possible: bool

    def __str__(self) -> str:
        """Return it as the end of a sentence."""
        return self.text


class Address:
    """An address, which this machine may reach or not.

    Args:
        url: the address.
        waiting: how to wait.
        tls: whom to trust; by default everybody whom browsers trust.
    """

    def __init__(self, url: str, waiting: Waiting, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._waiting = waiting
        self._tls = tls or trusting()

    def reply(self, text: str) -> AddressReply:
        """Ask until a string is answered, and return what came of it."""
        problem, is_possible = "was not asked, it is missing", False
        if not self._url.startswith("https://"):
            return AddressReply(text=problem, is_possible=is_possible)
        for _ in self._waiting.looks(_SECONDS):
            try:
                with urllib.request.urlopen(  # noqa: S310 - https alone, see above
                    self._url, timeout=_TIMEOUT, context=self._tls
                ) as answer:
                    found = answer.read(_LONGEST).decode(errors="replace")
                if found == text:
                    return AddressReply(text=f"answers {found!r}", is_possible=True)
                problem, is_possible = f"answers {found!r}, not {text!r}", False
            except urllib.error.HTTPError as error:
                problem, is_possible = f"answers {error.code}, not {text!r}", False
            except urllib.error.URLError as error:
                problem, is_possible = f"was not reached from here: {error.reason}", True
                if isinstance(error.reason, ConnectionRefusedError):
                    break  # something, such as a proxy, does not want it
            except OSError as error:
                problem, is_possible = f"was not reached from here: {error}", True
        return AddressReply(text=problem, is_possible=is_possible)
