"""What the failures of a call for a domain mean."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import (
    REASON_LIMIT,
    HandlerError,
    NotFound,
    OutOfTime,
    Refused,
    Unanswered,
    not_made,
    not_understood,
)

_REFUSED = frozenset(
    {"InvalidChangeBatch", "InvalidInputException", "OperationFailureException"}
    | {"PriorRequestNotComplete"}
)
_NOT_FOUND = frozenset({"NoSuchHostedZone", "NotFoundException"})


@dataclass(frozen=True, kw_only=True)
class ZoneCall:
    """A call for a DNS zone or a certificate, as its failures name it.

    Args:
        operation: its name.
        service: whose it is.
        on: for which zone or certificate, as `for certificate 'www'`.
        fix: what to do when it is refused.
        missing: what to do about a zone or certificate that is not there; empty if it means that
            another change came before.
        repeatable: whether it may be carried out twice.
    """

    operation: str
    service: str
    on: str
    fix: str
    missing: str
    repeatable: bool = True

    def failed(self, code: str, said: str) -> HandlerError:
        """Return the error for what AWS answered: the error's name, and AWS's words."""
        problem = f"{self.service} refused {self._call} ({code})"
        if code in _NOT_FOUND and self.missing:
            return NotFound(problem, self.missing)
        if code in _REFUSED | _NOT_FOUND:
            return Refused(problem, "correct it and deploy again", said=said)
        return HandlerError(problem, self.fix, said=said, limit=REASON_LIMIT)

    def not_made(self, cause: str, said: str) -> HandlerError:
        """Return the error for a call that botocore could not make, with botocore's words."""
        return not_made(self._call, cause, said)

    def unanswered(self, cause: str) -> Unanswered:
        """Return the error for a call whose answer was lost."""
        return Unanswered(f"{self.service} did not answer {self._call} ({cause})", "deploy again")

    def out_of_time(self, cause: str, seconds: float) -> OutOfTime:
        """Return the error for a call that did not get through in the seconds that it had."""
        problem = f"{self.service} did not answer {self._call} in time ({cause})"
        return OutOfTime(problem, "deploy again", seconds=seconds)

    def not_understood(self, cause: str, said: str) -> HandlerError:
        """Return the error for a call whose answer is not what it should be, again and again."""
        return not_understood(self.service, self._call, cause, said)

    @property
    def _call(self) -> str:
        return f"{self.operation} {self.on}"
