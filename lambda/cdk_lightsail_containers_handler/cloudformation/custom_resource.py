"""CloudFormation's side of the function: a request taken up, and answered exactly once."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any, cast

from crhelper import CfnResource

from ..aws.calls import CALL_SECONDS, Doubt
from ..deadline import Deadline
from ..errors import HandlerError, Unanswered
from ..request_log import RequestLog, log_bare_lines
from . import response
from .hand_over import HandOver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A function's time is split: no call begins in the last 30 s, so that one that hangs is given up in
# the 15 s that it may take; what hangs all the same is answered for 15 s before the end.
_ANSWER_SECONDS = 15
# To hand over has no timer behind it, so a call for that takes less, and leaves the last seconds.
INVOKE_SECONDS = 5
_LAST_ANSWER_SECONDS = 5
# What an invocation leaves to the next.
_IN_DOUBT = "InDoubt"
# What fails in these is as old as what ran into its timeout when AWS Lambda would repeat it, and
# nobody does, see BEYOND_TIMEOUT_SECONDS.
_LAST_SECONDS = 4


class CustomResource(CfnResource):
    """crhelper's resource, with a guard before each of its traps.

    crhelper 2.0.12 keeps the request and calls the function for its type. Replaced here are its
    clients for polling, its timer, the physical ids it makes up, and its way of answering.

    Args:
        clock: a clock that never goes back, seconds.
        sleep: how to wait, seconds.
        today: a clock that other invocations have too, seconds since the epoch.
        never_made: gives the physical id of a resource whose creation failed.

    Attributes:
        today: a clock that other invocations have too, seconds since the epoch.
        handed_over: what the invocation before left.
        log: where the steps are told.
        deadline: the moment at which a request must have begun its last call.
        doubt: whether something may have been registered or deployed without our knowing; as long
            as it is open nothing is answered.
        is_too_late: whether the timer had answered when the request was carried out.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        today: Callable[[], float],
        never_made: Callable[[Mapping[str, Any]], str],
    ) -> None:
        # crhelper makes three clients for polling, which nobody uses here, unless it believes to
        # run in the local emulator of AWS SAM. They are a seventh of a cold start.
        os.environ["AWS_SAM_LOCAL"] = "true"
        try:
            super().__init__(log_level="INFO", boto_level="ERROR", sleep_on_delete=0)
        finally:
            del os.environ["AWS_SAM_LOCAL"]
        # What crhelper logs of a failure is told in one line here.
        logging.getLogger("crhelper").setLevel(logging.CRITICAL)
        log_bare_lines()
        self._clock = clock
        self._sleep = sleep
        self.today = today
        self._never_made = never_made
        self._answering = threading.Lock()

    def begin(self, event: Mapping[str, Any], context: Any) -> None:
        """Take up a request: nothing of the one before is left."""
        self._request, self._lambda = event, context
        self._is_answered = self._is_handed_over = False
        self._lost: Exception | None = None
        self._seconds = self._left()
        self.is_too_late = False
        self.handed_over = HandOver.of(event, self.today())
        self.doubt = Doubt(is_open=self.handed_over.state.get(_IN_DOUBT) is True)
        self.log = RequestLog(event, self._clock)
        self.deadline = self._deadline_in(self._seconds - _ANSWER_SECONDS - CALL_SECONDS)

    def __call__(self, event: Mapping[str, Any], context: Any) -> None:
        """Carry the request out, and answer it.

        Raises:
            Undeliverable: the answer was lost; AWS Lambda repeats the request, which finds what
                was done, and answers again.
            Unanswered: nobody knows whether another invocation goes on; AWS Lambda repeats the
                request, and if both go on, they come to the same answer.
        """
        super().__call__(event, context)
        if self._lost:
            raise self._lost

    def hand_over(self, invoke: Callable[..., Any], state: Mapping[str, object]) -> bool:
        """Have another invocation of this function go on and answer.

        Args:
            invoke: AWS Lambda's operation.
            state: what it has to know.

        Returns:
            Whether it will; there is an end to how often and how long.
        """
        hand_over = self.handed_over
        with self._answering:
            if self._is_answered or not hand_over.is_possible(
                self._request, self.today(), self._seconds, self._seconds - _ANSWER_SECONDS
            ):
                return False
            # From here on the next invocation answers: the timer must not.
            self._timer.cancel()
            try:
                invoke(
                    FunctionName=self._lambda.invoked_function_arn,
                    InvocationType="Event",
                    Payload=hand_over.payload(
                        self._request, {**state, _IN_DOUBT: self.doubt.is_open}
                    ),
                )
            except Unanswered as error:
                # It may have been carried out, so that to answer would be to answer twice.
                self._lost = error
            self._is_handed_over = True
        self.log("handed over", count=hand_over.count + 1, certain=self._lost is None)
        return True

    def leave_unanswered(self, error: Exception) -> None:
        """Have the invocation end with an error and without an answer.

        AWS Lambda repeats the request then. When it does not any more, CloudFormation's time ends
        it.
        """
        with self._answering:
            self._timer.cancel()
            self._lost = error
            self._is_handed_over = True
        self.log("left unanswered", why=str(error))

    def last_deadline(self) -> Deadline:
        """Return the moment until which to hand over, when the time for all else is over."""
        return self._deadline_in(self._left() - INVOKE_SECONDS - _LAST_ANSWER_SECONDS)

    def generate_physical_id(self, event: Mapping[str, Any]) -> str:
        """Return the id of a resource that has no new one: the one it had, or that of none."""
        return str(event.get("PhysicalResourceId") or self._never_made(event))

    def _get_func(self) -> Callable[..., Any]:
        """Return the function for the type of the request, also for one that is none."""
        if self._request.get("RequestType") in ("Create", "Update", "Delete"):
            return cast("Callable[..., Any]", super()._get_func())  # type: ignore[misc]
        return _refuse_type

    def _poll_enabled(self) -> bool:
        """Return that nothing is polled, also for a type of request that is none."""
        return False

    def _left(self) -> float:
        """Return the seconds until AWS Lambda ends the invocation."""
        return float(self._lambda.get_remaining_time_in_millis()) / 1000

    def _deadline_in(self, seconds: float) -> Deadline:
        return Deadline(ends=self._clock() + seconds, clock=self._clock, sleep=self._sleep)

    def _set_timeout(self) -> None:
        seconds = max(0.0, self._left() - _ANSWER_SECONDS)
        self._timer = threading.Timer(seconds, self._timeout, [self._request])
        self._timer.daemon = True
        self._timer.start()

    def _timeout(self, request: Mapping[str, Any]) -> None:
        if request is not self._request:
            return  # an environment that was frozen in between is at another request
        if self.doubt.is_open:
            self.log("not answered as failed: it may have been carried out")
            return
        reason = HandlerError(
            "the function's time was over before Lightsail answered", "deploy again"
        )
        self._send("FAILED", str(reason))

    def _send(self, status: str | None = None, reason: str = "", **_: object) -> None:
        """Answer, once: the timer and the function may both come here, even at once."""
        with self._answering:
            if self._is_handed_over:
                return
            if self._is_answered:
                self.is_too_late = True
                self.log("not answered twice")
                return
            self._is_answered = True
            status = status or self.Status
            reason = reason or self.Reason
            answer = {
                "Status": status,
                "PhysicalResourceId": self.PhysicalResourceId
                or self.generate_physical_id(self._request),
                "StackId": self.StackId,
                "RequestId": self.RequestId,
                "LogicalResourceId": self.LogicalResourceId,
                **({"Reason": reason} if status == "FAILED" else {"Data": self.Data}),
            }
            deadline = self._deadline_in(self._left() - _LAST_SECONDS)
            try:
                response.deliver(self._request["ResponseURL"], response.encode(answer), deadline)
            except response.Undeliverable as error:
                self._lost = error
                self.log("not answered", why=str(error))
            else:
                self.log("answered", reason=reason, status=status)


def _refuse_type(event: Mapping[str, Any], _context: object) -> None:
    raise HandlerError(
        f"RequestType must be Create, Update or Delete, got {event.get('RequestType')!r}",
        "send what CloudFormation sends",
    )
