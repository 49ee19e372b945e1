"""What the failures of a call for a domain mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..aws.calls import PlainCall
from ..errors import REASON_LIMIT, HandlerError, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFUSED = frozenset(
    {"InvalidChangeBatch", "InvalidInputException", "OperationFailureException"}
    | {"PriorRequestNotComplete"}
)
_NOT_FOUND = frozenset({"NoSuchHostedZone", "NotFoundException"})


@dataclass(frozen=True)
class ZoneCall(PlainCall):
    """A call for a DNS zone or a certificate.

    Args:
        missing: what to do about a zone or certificate that is not there.
    """

    missing: str = ""
    fixes: Mapping[str, str] = field(default_factory=dict)

    def failed(self, code: str, said: str) -> HandlerError:
        """Return the error for what AWS answered: the error's name, and AWS's words."""
        problem = f"{self.problem} ({code})"
        if code in _NOT_FOUND:
            return NotFound(problem, self.missing)
        if code in _REFUSED:
            return Refused(problem, "correct it and deploy again", said=said)
        return HandlerError(problem, self.fix, said=said, limit=REASON_LIMIT)
