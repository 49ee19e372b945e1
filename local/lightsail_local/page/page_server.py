"""Serves the page, its files and its state, to this computer's browsers only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from lightsail_local.wire.http_server import Answer, Connection, LoopbackServer

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_STATE = "/state.json"
_HEADERS = {
    # Beside everything that is not the page's own, no page may show this one in a frame.
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer:
    """Serves the page until it is stopped.

    Args:
        port: its port, 0 for a free one.
        state: tells what the page is to show now; called in several threads at once.

    Attributes:
        url: the page's address.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int, state: Callable[[], Mapping[str, Any]]) -> None:
        folder = Path(__file__).parent
        self._files = {
            path: _answer(200, kind, (folder / name).read_bytes())
            for path, (name, kind) in _FILES.items()
        }
        self._state = state
        self._server = LoopbackServer(port, self._respond)
        self.url = f"http://{self._server.host}"

    def stop(self) -> None:
        """Stop listening, and end all connections."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _respond(self, connection: Connection) -> None:
        connection.send(self._answer(connection))

    def _answer(self, connection: Connection) -> Answer:
        if connection.command not in ("GET", "HEAD"):
            return _text(405, "this page can only be read")
        path = connection.path.partition("?")[0]
        if path == _STATE:
            return _answer(200, "application/json", json.dumps(self._state()).encode())
        return self._files.get(path) or _text(404, "there is nothing here")


def _text(status: int, sentence: str) -> Answer:
    return _answer(status, "text/plain; charset=utf-8", f"{sentence}\n".encode())


def _answer(status: int, kind: str, body: bytes) -> Answer:
    return Answer(status=status, body=body, headers={"Content-Type": kind, **_HEADERS})
