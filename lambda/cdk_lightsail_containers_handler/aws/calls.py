"""Calls to AWS, each repeated while it makes sense and there is time.

Beside `s3_object`, whose parts are read on from where they broke, the only module that reads
botocore's exceptions of calls that were not simply refused. An exception's name decides, never its
English text:
https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/CommonErrors.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ..deadline import TooLate, in_time, permissions_on_their_way
from ..errors import REASON_LIMIT, HandlerError, OutOfTime, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..deadline import Deadline
    from ..request_log import Log

_T = TypeVar("_T")

CALL_SECONDS = 15.0
"""How long a call takes at most, with the resolution of its name."""

READING_SECONDS = 60.0
"""How long what a request needs from elsewhere is asked for."""

_NO_TIME = "no time was left"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_SERVER_ERROR = 500
# These happen before a request is sent, so it was not carried out. TLS may break at any time.
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
# botocore lets urllib3's own error through when it reads the broken error of a stream.
_UNANSWERED = (HTTPClientError, BotoConnectionError, HTTPError)
# What something in between answers passes by in some seconds; another shape stays.
_MOST_UNSOUND = 5
UNSOUND = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    ResponseParserError,
)
"""What botocore and we raise of an answer of another shape than the service's model says."""
_FAILURES = (ClientError, BotoCoreError, HTTPError, TooLate, *UNSOUND)


class Call(Protocol):
    """A call to AWS, as its failures name it."""

    @property
    def operation(self) -> str:
        """The operation's name."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be carried out twice."""

    def failed(self, code: str, said: str, /) -> HandlerError:
        """Return the error for what AWS answered: the error's name, and AWS's words."""

    def not_made(self, cause: str, said: str, /) -> HandlerError:
        """Return the error for a call that botocore could not make, with botocore's words."""

    def unanswered(self, cause: str) -> HandlerError:
        """Return the error for a call whose answer was lost."""

    def out_of_time(self, cause: str, seconds: float) -> OutOfTime:
        """Return the error for a call that did not get through in the seconds that it had."""

    def not_understood(self, cause: str, said: str, /) -> HandlerError:
        """Return the error for a call whose answer is not what it should be, again and again."""


@dataclass(frozen=True)
class PlainCall:
    """A call to another service than Lightsail, whose failures are one sentence each.

    Args:
        operation: the operation's name.
        problem: what failed; the cause follows it.
        fix: what the owner of the stack does about it.
        repeatable: whether it may be carried out twice.
        fixes: what else to do about it, by the name of AWS's error.
    """

    operation: str
    problem: str
    fix: str
    repeatable: bool = True
    fixes: Mapping[str, str] = field(default_factory=dict)

    def failed(self, code: str, said: str) -> HandlerError:
        """Return the error for what AWS answered: the error's name, and AWS's words."""
        # They name what is missing: the action, the key, the day of the deletion.
        fix = self.fixes.get(code, self.fix)
        return HandlerError(f"{self.problem} ({code})", fix, said=said, limit=REASON_LIMIT)

    def not_made(self, cause: str, said: str) -> HandlerError:
        """Return the error for a call that botocore could not make."""
        return HandlerError(f"{self.problem} ({cause})", self.fix, said=said, limit=REASON_LIMIT)

    def unanswered(self, cause: str) -> Unanswered:
        """Return the error for a call whose answer was lost."""
        return Unanswered(f"{self.problem} ({cause})", self.fix)

    def out_of_time(self, cause: str, seconds: float) -> OutOfTime:
        """Return the error for a call that did not get through in the seconds that it had."""
        fix = "deploy again" if cause == _NO_TIME else self.fix
        return OutOfTime(f"{self.problem} ({cause})", fix, seconds=seconds)

    not_understood = not_made


@dataclass
class Doubt:
    """Whether a call that must not be repeated may have been carried out without our knowing.

    As long as it is open the request must not be answered as failed: CloudFormation would roll back
    and not know what to delete.

    `Calls.send` opens it, and closes it with the call's answer. If that is lost, lists close it,
    which show what was made or go on not showing it. A hand-over takes it along.
    """

    is_open: bool = False


class Calls:
    """Sends calls to AWS.

    Args:
        deadline: when to stop.
        log: where failures are logged.
        seconds: how long each call may take with all its attempts; None for until the deadline.
        doubt: opened when a call that must not be repeated is sent, closed when it is answered.
        attempt_seconds: how long each attempt may take.
    """

    def __init__(
        self,
        deadline: Deadline,
        log: Log,
        seconds: float | None = None,
        *,
        doubt: Doubt | None = None,
        attempt_seconds: float = CALL_SECONDS,
    ) -> None:
        self._deadline = deadline
        self._log = log
        self._seconds = seconds
        self._doubt = doubt or Doubt()
        self._attempt_seconds = attempt_seconds

    def send(self, call: Call, act: Callable[[], _T]) -> _T:
        """Send a call, again while that can help.

        Throttling, errors of the server and broken connections are worth another attempt; after
        all but throttling the call may have been carried out all the same.

        Args:
            call: what its failures say.
            act: sends it, and reads its answer; one of `UNSOUND` for an answer that is not what it
                should be.
        """
        if call.repeatable:
            return self._send(call, act)
        was_open = self._doubt.is_open
        # Before it is sent: the timer may look while it is on its way.
        self._doubt.is_open = True
        try:
            answer = self._send(call, act)
        except Unanswered:
            raise
        except HandlerError:
            self._doubt.is_open = was_open
            raise
        self._doubt.is_open = False
        return answer

    def _send(self, call: Call, act: Callable[[], _T]) -> _T:
        deadline = self._deadline
        if self._seconds is not None:
            deadline = deadline.within(self._seconds)
        seconds = deadline.left()
        if not seconds:
            raise call.out_of_time(_NO_TIME, seconds)
        may_be_allowed = permissions_on_their_way(deadline)
        attempt = unsound = 0
        while True:
            try:
                return in_time(act, self._attempt_seconds)
            except _FAILURES as error:
                failure = _meaning(call, error, seconds, may_be_allowed)
                self._report(call, failure.cause, error)
                if failure.is_final:
                    raise failure.error from error
            if failure.is_sent and not call.repeatable:
                raise call.unanswered(failure.cause)
            unsound += failure.is_unsound
            if unsound == _MOST_UNSOUND or not deadline.back_off(attempt):
                raise failure.error
            attempt += 1

    def _report(self, call: Call, cause: str, error: Exception) -> None:
        """Log a failure whole."""
        answer = error.response if isinstance(error, ClientError) else {}
        self._log(
            "call failed",
            operation=call.operation,
            cause=cause,
            text=str(error),
            aws_request=answer.get("ResponseMetadata", {}).get("RequestId"),
        )


@dataclass(frozen=True)
class _Failure:
    """What an attempt has failed at.

    Args:
        cause: its name.
        error: what the call fails with, unless another attempt is made.
        is_sent: whether the call may have been carried out all the same.
        is_final: whether no other attempt can help.
        is_unsound: whether there was an answer that is not what it should be.
    """

    cause: str
    error: HandlerError
    is_sent: bool = True
    is_final: bool = False
    is_unsound: bool = False


def _meaning(
    call: Call, error: Exception, seconds: float, may_be_allowed: Callable[[], bool]
) -> _Failure:
    """Return what it means that an attempt has raised an error.

    Args:
        call: what its failures say.
        error: the error.
        seconds: how much time the call had.
        may_be_allowed: whether what is denied may be allowed in a moment.
    """
    if isinstance(error, ClientError):
        cause, said, is_sent = answered(error)
        failed = call.failed(cause, said)
        if cause in _DENIED and may_be_allowed():
            return _Failure(cause, failed, is_sent)
        if not is_sent and cause not in _THROTTLED:
            return _Failure(cause, failed, is_final=True)
        return _Failure(cause, call.out_of_time(cause, seconds), is_sent)
    cause = str(error) if isinstance(error, TooLate) else type(error).__name__
    if isinstance(error, (*_UNANSWERED, TooLate)):
        is_sent = not isinstance(error, _NOT_SENT)
        return _Failure(cause, call.out_of_time(cause, seconds), is_sent)
    if isinstance(error, BotoCoreError):
        return _Failure(cause, call.not_made(cause, str(error)), is_final=True)
    return _Failure(cause, call.not_understood(cause, str(error)), is_unsound=True)


def answered(error: ClientError) -> tuple[str, str, bool]:
    """Return the name of AWS's error, AWS's words, and whether it is one of the server."""
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", ""))
    if not _NAME.fullmatch(code):
        code = "an error without a name"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code, str(answer.get("Message", "")), status >= _SERVER_ERROR
