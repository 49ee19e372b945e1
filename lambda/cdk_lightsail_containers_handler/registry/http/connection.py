"""Connections and what comes back over them.

They live as long as one copy: a function that was frozen in between would find them dead.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, parse_headers
from types import TracebackType

from ..errors import DeadlineExceeded, Rejected
from ..url import Origin, is_metadata
from .proxy import Proxy
from .response import BROKEN, Response, sound
from .wire import TimeLimit, Wire, bounded, resolved

_SWITCHING = 101
_NAME = "cdk-lightsail-containers"  # some firewalls answer 403 to clients without one
_MOST_INTERIM = 100


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for a registry, in seconds, and never longer than the deadline.

    Args:
        connect: until its name is resolved and it takes a connection.
        read: until it sends or takes something.
        take: until it has looked at a whole blob once more.
        explain: until it says why it takes no more, or what it began before all was broken off.
    """

    connect: float = 10.0
    read: float = 60.0
    take: float = 300.0
    explain: float = 2.0


class Connections:
    """The connections of a copy, kept until it is over, and used again.

    Args:
        tls: how to speak TLS; by default with certificates that are verified.
        timeouts: how long to wait.

    Attributes:
        timeouts: how long to wait.
        requests: how many were sent.
        waited: the seconds from each request to its answer, all together.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, timeouts: Timeouts | None = None) -> None:
        self._tls = tls
        self.timeouts = timeouts or Timeouts()
        self._lock = threading.Condition()
        self._idle: dict[Origin, list[Connection]] = {}
        self._used: set[Connection] = set()
        self._addresses: dict[Origin, list[str]] = {}
        self._is_interrupted = False
        self.requests = 0
        self.waited = 0.0

    def __enter__(self) -> Connections:
        """Return the connections, to be closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them all."""
        self.close()

    def take(self, origin: Origin, deadline: TimeLimit) -> Connection:
        """Return a connection to an origin, for one request.

        Raises:
            OSError: there is no way to it.
            DeadlineExceeded: there is no time left.
        """
        with self._lock:
            if self._is_interrupted:
                raise DeadlineExceeded("the copy was interrupted")
            self.requests += 1
            idle = self._idle.get(origin)
            connection = idle.pop() if idle else None
        if connection is None:
            connection = Connection(origin, self._connect(origin, deadline), self)
        connection.wire.deadline = deadline
        with self._lock:
            self._used.add(connection)
            if self._is_interrupted:
                connection.interrupt()
        return connection

    def open(self, origin: Origin, deadline: TimeLimit) -> None:
        """Open a connection to an origin ahead, and keep it for a request.

        Raises:
            OSError: there is no way to it.
            RegistryError: there is no time left, or no registry can be there.
        """
        connection = Connection(origin, self._connect(origin, deadline), self)
        connection.is_used_again = True  # it may be closed by then
        self.keep(connection)

    def keep(self, connection: Connection) -> None:
        """Keep a connection for another request."""
        with self._lock:
            self._used.discard(connection)
            self._lock.notify_all()
            self._idle.setdefault(connection.origin, []).append(connection)

    def forget(self, connection: Connection) -> None:
        """Drop a connection."""
        with self._lock:
            self._used.discard(connection)
            self._lock.notify_all()

    def interrupt(self) -> None:
        """Break the requests that are under way and let no other begin, so that no thread waits.

        One that begins something has a moment for its answer: without it that could not be ended.
        """
        with self._lock:
            self._is_interrupted = True
            for connection in self._used:
                if connection.method != "POST":
                    connection.interrupt()
            self._lock.wait_for(lambda: not self._used, self.timeouts.explain)
            for connection in self._used:
                connection.interrupt()

    def resume(self) -> None:
        """Let requests begin again."""
        self._is_interrupted = False

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            connections = [*self._used, *(one for idle in self._idle.values() for one in idle)]
        for connection in connections:
            connection.close()
        self._idle.clear()

    def _connect(self, origin: Origin, deadline: TimeLimit) -> socket.socket:
        proxy = Proxy.on_the_way_to(origin)
        near = proxy.origin if proxy else origin
        until = deadline.left() - self.timeouts.connect
        addresses = self._addresses.get(near) or self._resolve(near, deadline)
        failure: OSError | None = None
        for number, address in enumerate(addresses):
            # What is left after the name and the addresses before, shared by those that follow.
            left = bounded(deadline, deadline.left() - until) / (len(addresses) - number)
            try:
                plain = socket.create_connection((address, near.port), max(left, 0.001))
            except OSError as error:
                failure = error
                continue
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._secure(plain, origin, deadline, proxy)
        self._addresses.pop(near, None)  # it may have others by now
        failure = failure or OSError("no address")
        raise OSError(f"the proxy {near}: {failure.strerror or failure}") if proxy else failure

    def _resolve(self, origin: Origin, deadline: TimeLimit) -> list[str]:
        seconds = bounded(deadline, self.timeouts.connect)
        addresses = list(dict.fromkeys(resolved(origin.host, origin.port, seconds)))
        if any(map(is_metadata, addresses)):
            raise Rejected(f"the name {origin.host} leads to a link-local or metadata address")
        self._addresses[origin] = addresses
        return addresses

    def _secure(
        self, plain: socket.socket, origin: Origin, deadline: TimeLimit, proxy: Proxy | None
    ) -> socket.socket:
        if origin.scheme == "http":
            return plain
        try:
            if proxy:
                wire = Wire(plain, f"the proxy {proxy.origin}")
                wire.deadline, wire.seconds = deadline, self.timeouts.connect
                proxy.lead(wire, origin)
            plain.settimeout(bounded(deadline, self.timeouts.connect))
            with self._lock:  # reading the certificates takes tens of milliseconds and megabytes
                self._tls = self._tls or ssl.create_default_context()
            return self._tls.wrap_socket(plain, server_hostname=origin.host)
        except BaseException:
            plain.close()
            raise


class Connection:
    """A connection, for one request after the other.

    Attributes:
        origin: who answers.
        is_used_again: whether it was kept for this request, so that it may be dead by now.
        method: the method of the request.
        wire: what goes over it.
    """

    def __init__(self, origin: Origin, connected: socket.socket, owner: Connections) -> None:
        self.origin = origin
        self.is_used_again = False
        self.method = ""
        self.wire = Wire(connected, str(origin))
        self.wire.seconds = owner.timeouts.read
        self._socket = connected
        self._owner = owner
        self._http = HTTPConnection(origin.host, origin.port)
        self._http.sock = self.wire
        self._http.auto_open = 0  # never connect again behind our back
        self._http.response_class = _Answer

    def send_head(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        """Begin a request."""
        self.method = method
        self._left = self.wire.deadline.left()
        self._http.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        # Without it a server may choose any content coding:
        # https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.3
        own = {"Host": str(self.origin), "Accept-Encoding": "identity", "User-Agent": _NAME}
        for name, value in {**own, **headers}.items():
            self._http.putheader(name, value)
        self._http.endheaders()

    def send(self, content: memoryview | bytes) -> None:
        """Send some of the request's body."""
        self.wire.sendall(content)

    def answer(self, seconds: float | None = None) -> Response:
        """Return the answer, whose body is yet to come; without one, close."""
        self.wire.seconds = seconds or self._owner.timeouts.read
        self.wire.expect_head()
        try:
            with sound():
                answer = self._http.getresponse()
        except BaseException:
            self.close()
            raise
        self.wire.seconds = self._owner.timeouts.read
        self._owner.waited += self._left - self.wire.deadline.left()
        return Response(answer, self.origin, self.wire, self._done)

    def early_answer(self) -> Response | None:
        """Return what a registry has said before it stopped taking a request; or close: None."""
        try:
            return self.answer(self._owner.timeouts.explain)
        except BROKEN:
            return None

    def interrupt(self) -> None:
        """Break the request that another thread waits for."""
        try:
            # Not the TLS socket's own shutdown(), which takes TLS off under the other thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Close the connection."""
        self._owner.forget(self)
        self._http.close()
        self._socket.close()

    def _done(self, is_reusable: bool) -> None:
        if is_reusable and self._http.sock is not None:
            self.is_used_again = True
            self._owner.keep(self)
        else:
            self.close()


class _Answer(HTTPResponse):
    """An answer after all interim ones: `http.client` itself skips only 100.

    https://www.rfc-editor.org/rfc/rfc9110.html#name-informational-1xx
    """

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == _SWITCHING or not 100 <= status < 200:  # noqa: PLR2004 - that is 1xx
                return version, status, reason
            parse_headers(self.fp)
        raise OSError("its answer has no end")

    def begin(self) -> None:
        super().begin()
        if self.status == _SWITCHING:  # what follows is no HTTP any more
            self.will_close = True
