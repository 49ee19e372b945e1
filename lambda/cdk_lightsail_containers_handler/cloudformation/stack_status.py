"""What the stack that a request comes from means for the request: whether it still counts.

When another resource of the stack fails, CloudFormation cancels what is under way. It does not tell
the function: it sends the request that undoes the cancelled one, a Delete with an id of its own
making or an Update with the properties of before, while the cancelled one is still being carried
out. AWS Lambda may also deliver a request again, long after it was answered. What such a request
then registers or deploys belongs to no stack, or gets in the stack's way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from ..errors import Cancelled, OutOfTime
from ..lightsail.client import STALE_SECONDS
from .client import CloudFormation, Operation, Rollback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..deadline import Deadline
    from ..request_log import Log

_T = TypeVar("_T")

# A repetition by AWS Lambda comes a minute after the delivery that failed, or later.
_FRESH_SECONDS = 50.0
# What an invocation leaves to the next.
_STATUS, _BEGAN = "StackBeganIn", "StackBeganAt"


class StackStatus:
    """The stack of a request, as far as it tells what to do about the request.

    Args:
        client: boto3's client of CloudFormation.
        event: the request.
        deadline: when to stop asking.
        log: where it logs what could not be read.
        today: gives the time, seconds since the epoch.
        handed_over: what an invocation before this one has left.
    """

    def __init__(
        self,
        client: Any,
        event: Mapping[str, Any],
        *,
        deadline: Deadline,
        log: Log,
        today: Callable[[], float],
        handed_over: Mapping[str, object],
    ) -> None:
        self._cloudformation = CloudFormation(client, event, deadline, log, today)
        self._resource = event["LogicalResourceId"]
        self._type = event.get("RequestType")
        self._sent_at = _sent_at(event)
        self._is_fresh = self._sent_at is not None and today() - self._sent_at < _FRESH_SECONDS
        self._deadline = deadline
        self._log = log
        status, began = handed_over.get(_STATUS), handed_over.get(_BEGAN)
        self._taken_up_in = Operation(
            status=status if isinstance(status, str) else "",
            began=began if isinstance(began, float) else None,
        )
        self._rollback: Rollback | None = None
        self._last_read = Operation()

    @property
    def state(self) -> dict[str, object]:
        """What the next invocation has to know."""
        return {_STATUS: self._taken_up_in.status, _BEGAN: self._taken_up_in.began}

    def take_up(self) -> None:
        """Look what the stack is doing when it sends the request, unless that is known.

        Raises:
            Cancelled: the stack has taken the request back.
        """
        operation = self._operation_under_way()
        if not self._taken_up_in.status:
            self._taken_up_in = operation
        self._check(operation, "anything was done")

    def check(self, before: str) -> None:
        """Check that the stack still waits for the request, as far as that is known.

        Args:
            before: what was not done yet, for the sentence.

        Raises:
            Cancelled: it does not: it has taken the request back, or this is a late duplicate.
        """
        operation = self._operation_under_way()
        self._check(operation, before)
        if operation.is_over or self._is_older_than(operation.began):
            raise Cancelled(
                f"the request came too late, the stack is {operation.status}",
                "nothing is left to do",
            )

    @property
    def cleans_up(self) -> bool:
        """Whether the stack only deletes what its update has replaced, as it was last read."""
        return self._last_read.cleans_up

    @property
    def goes_back(self) -> bool:
        """Whether the request is the Update with which the stack undoes an update."""
        return self._type == "Update" and self._taken_up_in.is_undo

    def has_cancelled(self) -> bool:
        """Return whether the stack has taken the request back, as far as that is known.

        Asked after the answer, as `takes_back` is.

        Raises:
            OutOfTime: CloudFormation does not say, although it did before.
        """
        return self._has_cancelled(self._operation_by_now())

    def may_have_cancelled(self) -> bool:
        """Return the same, also of a request that may be the cancelled one or the rollback's own.

        Raises:
            OutOfTime: CloudFormation does not say, although it did before.
        """
        operation = self._operation_by_now()
        return self._has_cancelled(operation) or self._is_past(operation)

    def stood_for(self) -> str | None:
        """Return the physical id that the resource had before the update that is undone."""
        return self._read_rollback().stood_for

    def began_after(self, at: datetime) -> bool:
        """Return whether the stack's operation began after something was made; not if unknown.

        CreatedAt of Lightsail may be in whole seconds.
        """
        began = self._taken_up_in.began
        return began is not None and at.timestamp() < began // 1

    @property
    def is_repeated(self) -> bool:
        """Whether the request is old enough to have been delivered before."""
        return self._sent_at is not None and not self._is_fresh

    @property
    def can_tell_what_was_made(self) -> bool:
        """Whether it is known what an earlier delivery of the request has made.

        Not when this is the first one: then another stack has made it.
        """
        return not self._is_fresh and self._taken_up_in.began is not None

    def may_have_made(self, at: datetime) -> bool:
        """Return whether an earlier delivery of this request may have made something."""
        return self.can_tell_what_was_made and not self.began_after(at)

    def sent_before(self, at: datetime) -> bool:
        """Return whether the request was sent before something was made; not if unknown."""
        return self._is_older_than(at.timestamp())

    def takes_back(self, physical_id: str) -> bool:
        """Return whether what this request has made is to be deleted.

        That is when the stack has cancelled the request and does not stand for it. When the answer
        arrived all the same, CloudFormation deletes it by itself.

        Raises:
            OutOfTime: CloudFormation does not say, although it did before.
        """
        operation = self._operation_by_now()
        is_cancelled = self._has_cancelled(operation)
        if not is_cancelled and not self._is_past(operation):
            return False
        resources: dict[str, str] = self._or_unknown(self._cloudformation.resources, {})
        if self._resource in resources:
            return physical_id not in resources.values()
        return is_cancelled and operation.began == self._taken_up_in.began

    def keeps(self, physical_id: str) -> bool:
        """Return whether a resource of the stack stands for what is to be deleted.

        That is so after a rename: the new resource has taken over what the old one's Delete names.
        After a late duplicate of a Delete it may be the same resource again.

        Raises:
            OutOfTime: CloudFormation does not say.
        """
        operation = self._operation()
        if operation.status.startswith(("DELETE", "ROLLBACK")):
            return False  # the whole stack goes
        is_late = self._is_older_than(operation.began)
        return any(
            one == physical_id
            for name, one in self._cloudformation.resources().items()
            if is_late or name != self._resource
        )

    def stands_for(self) -> set[str]:
        """Return the physical ids that the stack stands for, or does again if it goes back.

        Raises:
            OutOfTime: CloudFormation does not say.
        """
        # Of several updates that were not rolled back, the list shows the last one's alone.
        before = self._cloudformation.rollback().stood_for
        return {*self._cloudformation.resources().values(), *([before] if before else [])}

    def _check(self, operation: Operation, before: str) -> None:
        if self._has_cancelled(operation):
            raise Cancelled(
                f"CloudFormation cancelled the request before {before}, the stack is "
                f"{operation.status}",
                "fix the resource that failed, and deploy again",
            )

    def _has_cancelled(self, operation: Operation) -> bool:
        if not operation.is_undo:
            return False
        # A rollback updates what it takes back, and creates nothing.
        if self._type != "Update":
            return True
        if self._taken_up_in.status and not self._taken_up_in.is_undo:
            return True
        return self._is_older_than(self._read_rollback().began)

    def _is_past(self, operation: Operation) -> bool:
        """Return whether it is a late delivery of a request that a rollback has left behind.

        An Update that was sent in the second in which the rollback began may be the cancelled one
        or the rollback's own. Once the rollback has ended, no one waits for either.
        """
        return not self._is_fresh and operation.is_undo and operation.is_over

    def _is_older_than(self, began: float | None) -> bool:
        if self._sent_at is None or began is None:
            return False
        return self._sent_at + 1 < began  # the date is in whole seconds

    def _operation(self) -> Operation:
        """Return what the stack is doing, nothing if that cannot be read."""
        self._last_read = self._or_unknown(self._cloudformation.operation, Operation())
        return self._last_read

    def _operation_under_way(self) -> Operation:
        """Return what the stack is doing; that it does nothing may be of before."""
        operation = self._operation()
        if operation.is_over and self._deadline.pause(STALE_SECONDS):
            operation = self._operation()
        return operation

    def _operation_by_now(self) -> Operation:
        """Return what the stack is doing after the answer, when no one waits for the function.

        What was read before can be read again, so this waits for it, and AWS Lambda repeats the
        request when that is in vain.
        """
        if not self._taken_up_in.status:
            return self._operation()
        return self._cloudformation.operation(patiently=True)

    def _read_rollback(self) -> Rollback:
        if self._rollback is None:
            self._rollback = self._or_unknown(self._cloudformation.rollback, Rollback())
        return self._rollback

    def _or_unknown(self, read: Callable[[], _T], unknown: _T) -> _T:
        """Return what CloudFormation says, or what stands for that it does not say in time."""
        try:
            return read()
        except OutOfTime as error:
            self._log("went on without the stack's status", why=error)
            return unknown


def _sent_at(event: Mapping[str, Any]) -> float | None:
    """Return when CloudFormation sent a request, in whole seconds since the epoch.

    A request has no date of its own, but CloudFormation signs its ResponseURL right before:
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

    Returns:
        None for a ResponseURL that is signed in another way.
    """
    (date,) = parse_qs(urlsplit(str(event["ResponseURL"])).query).get("X-Amz-Date", [""])[:1]
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
