"""Requests to registries: with a login, led on by redirects, repeated while that can help."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

from ..errors import DeadlineExceeded, RegistryError
from ..url import Origin
from .connection import Connection, Connections
from .request import Request, broken, coded, led_on, refusal
from .response import BROKEN, Response
from .wire import TimeLimit

_T = TypeVar("_T")

_OK = 200
_TRIES = 5
_READS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD = frozenset({307, 308})
"""What may lead a request on that is no GET or HEAD: the others turn it into a GET."""
_MOST_REDIRECTS = 5
_MOST_RENEWALS = 2
_LONGEST_RETRY_AFTER = 30.0


class Authorization(Protocol):
    """What requests carry to be let in."""

    def header(self, origin: Origin) -> str:
        """Return the value for requests to an origin, nothing for one that it is not meant for."""

    def renew(self, response: Response, body: bytes, sent: str) -> bool:
        """Take note of a refusal, and return whether the request may be let in by now."""

    def fix(self, origin: Origin, status: int) -> str:
        """Return what to do about a refusal, nothing for what is usual."""


class Transport:
    """Sends requests.

    Args:
        connections: what to send them over.
        deadline: how long it may go on.
        authorization: what lets them in.
    """

    def __init__(
        self, connections: Connections, deadline: TimeLimit, authorization: Authorization
    ) -> None:
        self.connections = connections
        self.deadline = deadline
        self.authorization = authorization

    def send(self, request: Request, *accepted: int) -> Response:
        """Send a request and return its answer, which has one of the accepted statuses.

        Raises:
            RegistryError: there is none such, after all that could help was tried.
        """
        return self.begin(request).answer(*accepted)

    def read(self, request: Request, limit: int, parse: Callable[[Response, bytes], _T]) -> _T:
        """Send a request and return what its answer says, asked again while that makes no sense.

        Args:
            request: the request.
            limit: the bytes that are read of the answer, and one more of a longer one.
            parse: makes sense of it.

        Raises:
            RegistryError: there is no answer, or none that makes sense.
        """
        attempt = 0
        while True:
            response = self.send(request, _OK)
            try:
                return parse(response, response.read(limit))
            except BROKEN as error:
                failure: RegistryError = broken(request, error)
            except RegistryError as error:
                failure = coded(request, response) if response.coding else error
            attempt += 1
            if not failure.temporary or attempt == _READS:
                raise failure
            if not self.deadline.back_off(attempt - 1):
                raise DeadlineExceeded(failure.problem) from failure

    def refusal(
        self, request: Request, response: Response, body: bytes, sent: str
    ) -> RegistryError:
        """Return the error for an answer to a request, with what to do about it."""
        fix = self.authorization.fix(request.url.origin, response.status)
        return refusal(request, response, body, sent, fix)

    def begin(self, request: Request, *, tries: int = _TRIES) -> Exchange:
        """Send a request, and leave its answer for later."""
        return Exchange(self, request, tries)

    def stream(self, request: Request, length: int) -> Stream:
        """Begin a request whose body comes piece by piece.

        Raises:
            TransportError: there is no way to the registry.
        """
        return Stream(self, request, length)


class Exchange:
    """A request that is sent, and sent again, until there is an answer.

    It is sent at once, and its answer read later, so that two registries work at the same time.

    Attributes:
        request: the request, as redirects have made it.
    """

    def __init__(self, transport: Transport, request: Request, tries: int) -> None:
        self._transport = transport
        self._first = request
        self._tries = tries
        self._send(request)

    def answer(self, *accepted: int) -> Response:
        """Return the answer, which has one of the accepted statuses.

        Raises:
            RegistryError: there is none such, after all that could help was tried.
        """
        attempt = redirects = renewals = 0
        while True:
            try:
                response = self._response()
                if response.status in accepted:
                    return response
                body = response.refusal()
            except BROKEN as error:
                if self._was_used_again:  # its other end may have been closed long ago
                    self._send(self.request)
                    continue
                failure: RegistryError = broken(self.request, error)
                retry_after = 0.0
            else:
                if redirects < _MOST_REDIRECTS and self._is_led_on(response):
                    redirects += 1
                    self._send(led_on(self.request, response))
                    continue
                if renewals < _MOST_RENEWALS and self._is_renewed(response, body):
                    renewals += 1
                    self._send(self._first)
                    continue
                failure = self._transport.refusal(self.request, response, body, self._sent)
                retry_after = _retry_after(response)
            attempt += 1
            if not failure.temporary or attempt == self._tries:
                raise failure
            self._wait(attempt - 1, retry_after, failure)
            self._send(self._first)  # not where it was led to: that address may have expired

    def abandon(self) -> None:
        """Close the request, answered or not."""
        if self._connection is not None:
            self._connection.close()

    def _send(self, request: Request) -> None:
        transport = self._transport
        self.request = request
        self._sent = transport.authorization.header(request.url.origin)
        self._connection: Connection | None = None
        self._was_used_again = False
        self._early: Response | None = None
        self._failure: Exception | None = None
        length = None if request.body is None else len(request.body)
        try:
            connection = transport.connections.take(request.url.origin, transport.deadline)
            self._connection, self._was_used_again = connection, connection.is_used_again
            _send_head(connection, request, length, self._sent)
            try:
                if request.body:
                    connection.send(request.body)
            except OSError as error:
                self._connection = None
                self._early = connection.early_answer()
                if self._early is None:
                    self._fail(error)
        except BROKEN as error:
            self._fail(error)
        except BaseException:
            self.abandon()
            raise

    def _fail(self, error: Exception) -> None:
        self.abandon()
        self._failure = error

    def _response(self) -> Response:
        if self._early is not None:
            return self._early
        connection, self._connection = self._connection, None  # it is the answer's to give back
        if self._failure is not None or connection is None:
            raise self._failure or OSError("not sent")
        return connection.answer()

    def _is_led_on(self, response: Response) -> bool:
        kept = _REDIRECTS if self.request.method in {"GET", "HEAD"} else _SAME_METHOD
        return response.status in kept

    def _is_renewed(self, response: Response, body: bytes) -> bool:
        return self._transport.authorization.renew(response, body, self._sent)

    def _wait(self, attempt: int, seconds: float, failure: RegistryError) -> None:
        """Wait before the next attempt, at least as long as the registry wants."""
        deadline = self._transport.deadline
        until = deadline.left() - seconds
        for pause in range(attempt, attempt + 100):
            if not deadline.back_off(pause):
                raise DeadlineExceeded(failure.problem) from failure
            if deadline.left() <= until:
                return


class Stream:
    """A request whose body comes piece by piece; it is sent once."""

    def __init__(self, transport: Transport, request: Request, length: int) -> None:
        self._seconds = transport.connections.timeouts.take
        self._request = request
        origin = request.url.origin
        self.sent = transport.authorization.header(origin)
        try:
            self._connection = transport.connections.take(origin, transport.deadline)
            try:
                _send_head(self._connection, request, length, self.sent)
            except BaseException:
                self._connection.close()
                raise
        except BROKEN as error:
            raise broken(request, error) from error

    def send(self, piece: memoryview) -> Response | None:
        """Send a piece of the body, and return the answer if the registry takes no more.

        Raises:
            TransportError: the connection is broken, and nothing was answered.
        """
        try:
            self._connection.send(piece)
        except OSError as error:
            # The reason, such as 401 or 413, comes before the connection ends.
            early = self._connection.early_answer()
            if early is None:
                raise broken(self._request, error) from error
            return early
        return None

    def answer(self) -> Response:
        """Return the answer, which takes a while.

        Raises:
            TransportError: there is none.
        """
        try:
            return self._connection.answer(self._seconds)
        except BROKEN as error:
            raise broken(self._request, error) from error

    def abandon(self) -> None:
        """End the request before its body is complete."""
        self._connection.close()


def _send_head(connection: Connection, request: Request, length: int | None, sent: str) -> None:
    headers = dict(request.headers)
    if sent:
        headers["Authorization"] = sent
    if length is not None:
        headers["Content-Length"] = str(length)
    connection.send_head(request.method, request.url.target, headers)


def _retry_after(response: Response) -> float:
    """Return how many seconds a registry wants to be left alone, 0 if it does not say.

    https://www.rfc-editor.org/rfc/rfc9110.html#name-retry-after
    """
    told = response.header("Retry-After")
    if told.isascii() and told.isdigit():
        return min(float(told), _LONGEST_RETRY_AFTER)
    try:
        # By the registry's own clock: ours may be another.
        now, then = (
            parsedate_to_datetime(date).replace(tzinfo=None)  # always GMT, in one form unsaid
            for date in (response.header("Date"), told)
        )
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max((then - now).total_seconds(), 0.0), _LONGEST_RETRY_AFTER)
