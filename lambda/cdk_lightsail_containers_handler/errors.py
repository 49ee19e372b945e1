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

SENTENCE_LIMIT = 240
"""Characters of a sentence in the stack's events."""

REASON_LIMIT = 800
"""Characters of the longest reason, one that shows lines of a log; the answer has room for it."""


class HandlerError(Exception):
    """A failed request, told in one sentence that ends with the cure."""

    def __init__(self, problem: str, cure: str, limit: int = SENTENCE_LIMIT) -> None:
        """Join what happened, shortened if need be, and what to do about it.

        Args:
            problem: what happened, with the names concerned.
            cure: what the owner of the stack does about it; never shortened.
            limit: the most characters of both.
        """
        room = max(limit - len(cure) - len(": "), 3)
        if len(problem) > room:
            problem = f"{problem[: room - 3]}..."
        super().__init__(f"{problem}: {cure}")


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
        problem: what was not finished, as it is told when there is no further invocation.
        cure: what the owner of the stack does about it then.
        state: what the next invocation has to know to go on, as JSON; nothing secret.
    """

    def __init__(self, problem: str, cure: str, state: Mapping[str, object] | None = None) -> None:
        super().__init__(problem, cure)
        self.state = state or {}
