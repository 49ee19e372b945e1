"""The reply to a request: one answer, or the next invocation, or neither as long as it is in doubt.

The function and its timer may both come here, even at once; the first one replies.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..aws.calls import Calls
from ..errors import HandlerError, Unanswered
from . import response
from .hand_over import IN_DOUBT, INVOKE_SECONDS, invoke
from .request import ANSWER_SECONDS
from .resource import Answer, HandOver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .request import Request

# After a hand-over that failed there is still this time to answer.
_LAST_ANSWER_SECONDS = 5
# What fails in these is as old as what ran into its timeout when AWS Lambda would repeat it, and it
# does not, see BEYOND_TIMEOUT_SECONDS.
_LAST_SECONDS = 4
# In these AWS Lambda's repetition, a minute later, may come too late for an answer that is lost.
_LAST_MINUTE = 60
# In these the last attempt to answer may fail, and one to hand over still ends in time.
_HAND_OVER_SECONDS = response.ATTEMPT_SECONDS + INVOKE_SECONDS + 1


class Reply:
    """The one reply to a request.

    Attributes:
        is_handed_over: whether another invocation goes on.
    """

    def __init__(self, request: Request) -> None:
        self.is_handed_over = False
        self._request = request
        self._lock = threading.Lock()
        self._is_given = False
        self._lost: Exception | None = None

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """Answer that the request failed, should the function's time be over before it replies."""
        seconds = max(0.0, self._request.left() - ANSWER_SECONDS)
        timer = threading.Timer(seconds, self._time_is_over, [])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def give(self, outcome: Answer | HandOver) -> bool:
        """Reply with what carrying the request out has come to.

        Returns:
            Whether this was the reply; not if the timer has answered before.

        Raises:
            Undeliverable: the answer was lost; AWS Lambda repeats the request, which finds what
                was done, and answers again.
            HandlerError: it is not known whether something was made, or whether another invocation
                goes on. AWS Lambda repeats the request; when it does not any more,
                CloudFormation's time ends it.
        """
        with self._lock:
            is_first = not self._is_given
            answer = self._hand_over(outcome) if isinstance(outcome, HandOver) else outcome
            if answer and is_first:
                self._send(answer)
            elif answer:
                self._request.log("not answered twice")
            self._is_given = True
        if self._lost:
            raise self._lost
        return is_first

    def _hand_over(self, outcome: HandOver) -> Answer | None:
        """Make another invocation go on, and return what to answer if none does."""
        error = outcome.error
        try:
            if not self._is_given and self._invoke(outcome.state, _LAST_ANSWER_SECONDS):
                return None
        except HandlerError as refusal:
            error = refusal
        if not self._request.doubt.is_open:
            return Answer(failure=error)
        # The rollback would not know what to delete.
        self._lost = outcome.error
        self._request.log("left unanswered", why=outcome.error)
        return None

    def _invoke(self, state: Mapping[str, object], last_seconds: float) -> bool:
        """Invoke the function again, and return whether it may and there is time left for that.

        Args:
            state: what the next invocation has to know.
            last_seconds: what to keep of the function's time when nothing answers.
        """
        request, environment = self._request, self._request.environment
        if not request.may_hand_over or not request.chain.is_possible(
            request.event, environment.today(), request.seconds, request.seconds - ANSWER_SECONDS
        ):
            return False
        deadline = request.deadline_in(request.left() - INVOKE_SECONDS - last_seconds)
        try:
            with request.explained():
                invoke(
                    environment.make_client("lambda"),
                    Calls(deadline, request.log, attempt_seconds=INVOKE_SECONDS),
                    deadline,
                    FunctionName=request.context.invoked_function_arn,
                    InvocationType="Event",
                    Payload=request.chain.payload(
                        request.event,
                        {**state, **request.stack.state, IN_DOUBT: request.doubt.is_open},
                    ),
                )
        except Unanswered as error:
            self._lost = error  # the next one may answer, so that this one would be the second
        else:
            self._lost = None
            self.is_handed_over = True
        request.log("handed over", count=request.chain.count + 1, certain=self.is_handed_over)
        return True

    def _time_is_over(self) -> None:
        with self._lock:
            if self._is_given:
                return
            if self._request.doubt.is_open:
                self._request.log("not answered as failed: it may have been carried out")
                return
            error = HandlerError(
                "the function's time was over before Lightsail answered", "deploy again"
            )
            self._send(Answer(failure=error))
            self._is_given = True

    def _send(self, answer: Answer) -> None:
        request, event = self._request, self._request.event
        reason = answer.failure.sentence(request.log.mask) if answer.failure else ""
        status = "FAILED" if reason else "SUCCESS"
        body = {
            "Status": status,
            "PhysicalResourceId": answer.physical_id or request.old_physical_id,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            **({"Reason": reason} if reason else {"Data": answer.data}),
        }
        last_seconds = _HAND_OVER_SECONDS if request.may_hand_over else _LAST_SECONDS
        deadline = request.deadline_in(request.left() - last_seconds)
        try:
            response.deliver(event["ResponseURL"], response.encode(body), deadline)
        except response.Undeliverable as error:
            self._lost = error
            request.log("not answered", why=str(error))
            if request.left() < _LAST_MINUTE:
                self._hand_over_what_was_done()
        else:
            request.log("answered", reason=reason, status=status)

    def _hand_over_what_was_done(self) -> None:
        """Make another invocation find it and answer, as AWS Lambda may not repeat this one."""
        try:
            self._invoke(self._request.chain.state, 0)
        except HandlerError as error:
            self._request.log("not handed over", why=error)
