"""What a registry does wrong on the wire."""

import socket
import time
from dataclasses import replace
from typing import Literal

from error_answers import registry_error
from fake_registry import Act
from lightsail_local.wire.http_server import Answer, Connection


def status(code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Act:
    """Answer a status, after the request's body."""

    def act(connection: Connection) -> bool:
        connection.send(Answer(status=code, headers=headers or {}, body=body))
        return True

    return act


def errors(code: int, name: str, message: str) -> Act:
    """Answer an error of the registry's."""
    return status(code, {}, registry_error(code, name, text=message).body)


def reset_after(connection: Connection) -> bool:
    """Do what is asked, and reset the connection instead of answering."""
    connection.on_answer = lambda _: connection.reset()
    return False


def cut(count: int, *, ends: Literal["reset", "close", "stall"] = "close") -> Act:
    """Promise a whole blob, and give only its beginning."""

    def act(connection: Connection) -> bool:
        def give(answer: Answer) -> None:
            connection.on_answer = None
            headers = {**answer.headers, "Content-Length": str(len(answer.body))}
            connection.send(replace(answer, headers=headers, body=answer.body[:count]))
            if ends == "reset":
                time.sleep(0.05)
                connection.reset()
            if ends == "stall":
                connection.hang(30)
            connection.close_connection = True

        connection.on_answer = give
        return False

    return act


def early(code: int, headers: dict[str, str] | None = None, *, read: int = 0) -> Act:
    """Answer before the body is read, and close."""

    def act(connection: Connection) -> bool:
        connection.rfile.read(read)
        connection.close_connection = True
        answer_unread(connection, code, {"Connection": "close", **(headers or {})})
        connection.connection.shutdown(socket.SHUT_WR)
        # Reading on until the client ends it keeps the kernel from resetting the connection under
        # the answer.
        try:
            while connection.connection.recv(1 << 16):
                pass
        except OSError:
            pass
        return True

    return act


def answer_unread(connection: Connection, code: int, headers: dict[str, str] | None = None) -> None:
    """Answer a status before the request's body is read."""
    connection.body = iter(())
    connection.send(Answer(status=code, headers=headers or {}))
