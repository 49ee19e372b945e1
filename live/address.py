"""What a service's address answers."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from typing import NamedTuple

from .certificates import trusting
from .waiting import Waiting

# A new name takes a while to be known everywhere, and a load balancer to let go of what was before.
_SECONDS = 180.0
_TIMEOUT = 10.0
_LONGEST = 200


class Reply(NamedTuple):
    """What came of asking: what was answered, or why nothing was, as the end of a sentence."""

    text: str
    is_possible: bool
    """Whether it can be right: it is, or there was no answer that could be wrong."""


def ask(url: str, text: str, waiting: Waiting, tls: ssl.SSLContext | None = None) -> Reply:
    """Ask an address, which this machine may reach or not, until it answers a string.

    By default it trusts everybody whom browsers trust.
    """
    reply = Reply("was not asked, it is missing", is_possible=False)
    if not url.startswith("https://"):
        return reply
    trusted = tls or trusting()
    for _ in waiting.looks(_SECONDS):
        try:
            with urllib.request.urlopen(  # noqa: S310 - https alone, see above
                url, timeout=_TIMEOUT, context=trusted
            ) as answer:
                found = answer.read(_LONGEST).decode(errors="replace")
            if found == text:
                return Reply(f"answers {found!r}", is_possible=True)
            reply = Reply(f"answers {found!r}, not {text!r}", is_possible=False)
        except urllib.error.HTTPError as error:
            error.close()
            reply = Reply(f"answers {error.code}, not {text!r}", is_possible=False)
        except urllib.error.URLError as error:
            reply = Reply(f"was not reached from here: {error.reason}", is_possible=True)
            if isinstance(error.reason, ConnectionRefusedError):
                break  # something, such as a proxy, does not want it
        except OSError as error:
            reply = Reply(f"was not reached from here: {error}", is_possible=True)
    return reply
