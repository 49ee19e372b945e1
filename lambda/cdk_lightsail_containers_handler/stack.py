"""The stack that a request comes from, which may have taken the request back.

When another resource of the stack fails, CloudFormation cancels what is under way. It tells nobody:
it sends the request that undoes the cancelled one, a Delete with an id of its own making or an
Update with the properties of before, while the cancelled one is still being carried out. What that
one does from then on is nobody's, or in the way of the stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .calls import Calls, PlainCall
from .errors import HandlerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .deadline import Deadline
    from .request_log import Log

# A stack that is asked for its status makes the function wait, and is no reason to fail.
_READING_SECONDS = 5.0
_STATUS = PlainCall(
    "DescribeStacks",
    "the stack's status is not known",
    "allow the function's role cloudformation:DescribeStacks on the stack",
)


class Stack:
    """The stack of a request.

    Args:
        client: boto3's client of CloudFormation.
        event: the request, a Create or an Update.
        deadline: when to stop asking.
        log: where it is told that the status is not known.
        began_in: the stack's status when the request was taken up, if an invocation before this
            one has read it.

    Attributes:
        began_in: the stack's status when the request was taken up, empty if it is not known.
    """

    def __init__(
        self,
        client: Any,
        event: Mapping[str, Any],
        deadline: Deadline,
        log: Log,
        began_in: object = None,
    ) -> None:
        self._client = client
        self._id = event["StackId"]
        self._creates = event.get("RequestType") == "Create"
        self._calls = Calls(deadline, log, _READING_SECONDS)
        self._log = log
        self.began_in = began_in if isinstance(began_in, str) else ""

    def take_up(self) -> None:
        """Look in which status the stack has sent the request, unless that is known.

        Raises:
            HandlerError: the stack has taken the request back.
        """
        status = self._status()
        self.began_in = self.began_in or status
        self._check(status, "anything was done")

    def check(self, before: str) -> None:
        """Check that the stack has not taken the request back, as far as that can be told.

        Args:
            before: what was not done yet, for the sentence.

        Raises:
            HandlerError: it has.
        """
        self._check(self._status(), before)

    def has_cancelled(self) -> bool:
        """Return whether the stack has taken the request back, as far as that can be told."""
        return self._has_cancelled(self._status())

    def _check(self, status: str, before: str) -> None:
        if self._has_cancelled(status):
            raise HandlerError(
                f"CloudFormation cancelled the request before {before}, the stack is {status}",
                "mend what made the stack fail, and deploy again",
            )

    def _has_cancelled(self, status: str) -> bool:
        # A rollback updates what it takes back, and creates nothing.
        is_of_rollback = not self._creates and (not self.began_in or _goes_back(self.began_in))
        return _goes_back(status) and not is_of_rollback

    def _status(self) -> str:
        """Return the stack's status, nothing if that cannot be told."""
        try:
            return self._calls.send(_STATUS, self._read)
        except HandlerError as error:
            self._log("went on without the stack's status", why=str(error))
            return ""

    def _read(self) -> str:
        (found,) = self._client.describe_stacks(StackName=self._id)["Stacks"]
        return str(found["StackStatus"])


def _goes_back(status: str) -> bool:
    """Return whether a stack undoes what it has done, or has undone it."""
    return "ROLLBACK" in status or status.startswith("DELETE")
