"""Where a function's answers arrive: CloudFormation's side of ResponseURL, on loopback."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fake_server import Fake
from lightsail_local.wire.http_server import Answer, Connection

SIGNATURE = "X-Amz-Signature=5ec4e7"


@dataclass
class ResponseUrl(Fake):
    """Answers that arrived, and how the next ones are received.

    Args:
        url: a signed URL.
        faults: for each of the next attempts a status to answer with, "reset" to break the
            connection, or "hang" to say nothing.
        bodies: what was put, also by attempts that were answered with a fault.
        headers: of the same.
        on_answer: called when an answer was taken, before that is confirmed.
    """

    url: str = ""
    faults: list[int | str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    on_answer: Callable[[], None] = lambda: None

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answers that were taken."""
        return [json.loads(body) for body in self.taken]

    @property
    def answer(self) -> dict[str, Any]:
        """The one answer that was taken."""
        (answer,) = self.answers
        return answer

    def respond(self, connection: Connection) -> None:
        """Receive an answer."""
        body = b"".join(connection.body)
        self.bodies.append(body)
        self.headers.append({key.lower(): value for key, value in connection.headers.items()})
        fault = self.faults.pop(0) if self.faults else 200
        if fault == "hang":
            connection.hang(None)
        if isinstance(fault, str):
            connection.reset()
            return
        if fault == 200:
            self.taken.append(body)
            self.on_answer()
        headers = {"Location": self.url} if fault == 307 else {}
        connection.send(Answer(status=fault, headers=headers))


@contextmanager
def response_url() -> Iterator[ResponseUrl]:
    """Receive answers on a free port."""
    with ResponseUrl().served() as received:
        received.url += f"/answer?{SIGNATURE}"
        yield received
