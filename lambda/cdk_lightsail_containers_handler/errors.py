"""What can go wrong, as the owner of the stack reads it.

HandlerError        a request failed; it makes one sentence for the stack's events
|-- NotFound        Lightsail has no such service or image
|-- Refused         Lightsail refuses the values (InvalidInputException)
|-- Unanswered      a call was sent and not answered: it may have been carried out, or not
|-- OutOfTime       a call did not get through while there was time
|-- Cancelled       the stack does not want what was requested any more
`-- Unfinished      the time of an invocation was over; another one can go on
"""

from collections.abc import Callable, Mapping

from .plain_text import plain, shortened, size

SENTENCE_LIMIT = 240
"""Bytes of a sentence in the stack's events, as the answer encodes them."""

REASON_LIMIT = 800
"""Bytes of a reason that quotes others: AWS, or lines of a log that stays."""


class HandlerError(Exception):
    """A failed request: one sentence that ends with the fix.

    The words of others may quote a secret, so they stay apart until the sentence is shown: only
    there it is cut, as half a secret would not be found any more.

    Args:
        problem: what happened in words of ours, with the names concerned.
        fix: what the owner of the stack does about it; never shortened.
        said: what others say of it, AWS or a registry, as they said it.
        limit: the most bytes of the sentence in the answer.
    """

    def __init__(
        self, problem: str, fix: str, *, said: str = "", limit: int = SENTENCE_LIMIT
    ) -> None:
        self.said = said
        self._problem = _in_one_line(problem)
        self._fix = fix
        self._limit = limit
        # AWS Lambda logs this of an error that ends an invocation, and knows no mask: no `said`.
        super().__init__(": ".join(filter(None, (self._problem, fix))))

    def sentence(self, mask: Callable[[str], str]) -> str:
        """Return what the owner of the stack reads.

        Args:
            mask: hides secrets in the words of others.
        """
        said = _in_one_line(mask(self.said)).rstrip(".")
        problem = ": ".join(filter(None, (self._problem, said)))
        room = max(self._limit - size(f": {self._fix}"), len("..."))
        return f"{shortened(problem, room)}: {self._fix}"

    def add_fix(self, more: str) -> None:
        """Say what else the owner of the stack does."""
        self._fix = f"{self._fix}; {more}"

    def unfinished(self) -> "Unfinished":
        """Return the same for a failure that only the lack of time has caused."""
        return Unfinished(self._problem, self._fix, said=self.said)


class NotFound(HandlerError):
    """Lightsail has no such service or image."""


class Refused(HandlerError):
    """Lightsail refuses the values: quotas, states and bad input are all this one exception."""


class Unanswered(HandlerError):
    """A call was sent and its answer was lost, so that it may have been carried out."""


class OutOfTime(HandlerError):
    """A call did not get through while there was time.

    Args:
        problem: what happened.
        fix: what the owner of the stack does about it.
        seconds: how much time the call had.
    """

    def __init__(self, problem: str, fix: str, *, seconds: float) -> None:
        super().__init__(problem, fix)
        self.seconds = seconds


class Cancelled(HandlerError):
    """The stack does not want what was requested any more."""


class Unfinished(HandlerError):
    """The time of an invocation was over in the middle of something that can be gone on with.

    Args:
        problem: what was not finished, for when there is no further invocation.
        fix: what the owner of the stack does about it then.
        state: what the next invocation has to know to go on, as JSON; nothing secret.
        said: what others say of it.
    """

    def __init__(
        self,
        problem: str,
        fix: str,
        state: Mapping[str, object] | None = None,
        *,
        said: str = "",
    ) -> None:
        super().__init__(problem, fix, said=said)
        self.state = state or {}


def _in_one_line(text: str) -> str:
    return " ".join(plain(text).split())


def not_made(call: str, cause: str, said: str) -> HandlerError:
    """Return the error for a call to AWS that botocore could not make, with botocore's words."""
    return HandlerError(
        f"{call} could not be made ({cause})",
        "check the role and the environment of the function, and deploy again",
        said=said,
        limit=REASON_LIMIT,
    )


def not_understood(service: str, call: str, cause: str, said: str) -> HandlerError:
    """Return the error for an answer of AWS that is not what it should be, again and again."""
    return HandlerError(
        f"{service} answered {call} with something that the function does not understand ({cause})",
        "report it with the function's log, which a deploy with --no-rollback keeps",
        said=said,
        limit=REASON_LIMIT,
    )
