"""What can go wrong, as the owner of the stack reads it.

HandlerError        a request failed; its text is one sentence for the stack's events
|-- NotFound        Lightsail has no such service or image
|-- Refused         Lightsail refuses the values (InvalidInputException)
|-- Unanswered      a call was sent and not answered: it may have been carried out, or not
|-- OutOfTime       a call did not get through while there was time
|-- Cancelled       the stack does not want what was requested any more
`-- Unfinished      the time of an invocation was over; another one can go on
"""

from collections.abc import Mapping

from .plain_text import plain, shortened, size

SENTENCE_LIMIT = 240
"""Bytes of a sentence in the stack's events, as the answer encodes them."""

REASON_LIMIT = 800
"""Bytes of a reason that quotes others: AWS, or lines of a log that stays."""


class HandlerError(Exception):
    """A failed request: one sentence that ends with the fix.

    Words from elsewhere pass the request's mask before they become a part of it.
    """

    def __init__(self, problem: str, fix: str, limit: int = SENTENCE_LIMIT) -> None:
        """Join what happened, shortened if need be, and what to do about it.

        Args:
            problem: what happened, with the names concerned.
            fix: what the owner of the stack does about it; never shortened.
            limit: the most bytes of both in the answer.
        """
        room = max(limit - size(f": {fix}"), len("..."))
        super().__init__(f"{shortened(_in_one_line(problem), room)}: {fix}")


class NotFound(HandlerError):  # noqa: N818 - named for what Lightsail answers
    """Lightsail has no such service or image."""


class Refused(HandlerError):  # noqa: N818
    """Lightsail refuses the values: quotas, states and bad input are all this one exception."""


class Unanswered(HandlerError):  # noqa: N818
    """A call was sent and its answer was lost, so that it may have been carried out."""


class OutOfTime(HandlerError):  # noqa: N818
    """A call did not get through while there was time."""


class Cancelled(HandlerError):  # noqa: N818
    """The stack does not want what was requested any more."""


class Unfinished(HandlerError):  # noqa: N818
    """The time of an invocation was over in the middle of something that can be gone on with.

    Args:
        problem: what was not finished, for when there is no further invocation.
        fix: what the owner of the stack does about it then.
        state: what the next invocation has to know to go on, as JSON; nothing secret.
    """

    def __init__(self, problem: str, fix: str, state: Mapping[str, object] | None = None) -> None:
        super().__init__(problem, fix)
        self.state = state or {}


def with_words(problem: str, said: str) -> str:
    """Return a problem with what others say of it, in words that passed the mask."""
    return f"{problem}: {said.rstrip('.')}" if said else problem


def _in_one_line(text: str) -> str:
    return " ".join(plain(text).split())
