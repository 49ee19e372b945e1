"""A server on 127.0.0.1 over TLS, by names that other computers have."""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path
from typing import Any

from .http_server import LoopbackServer, Respond


class TlsServer(LoopbackServer):
    """Serve HTTP over TLS on 127.0.0.1, and by more names, until it is closed.

    Args:
        respond: is given each request, and answers it.
        certificate: the PEM file of its certificate.
        key: the PEM file of the certificate's key.
        names: what else a Host header may name it, as a pattern.
        listener: a socket that is bound already, None for a free port.
    """

    def __init__(
        self,
        respond: Respond,
        *,
        certificate: Path,
        key: Path,
        names: str,
        listener: socket.socket | None = None,
    ) -> None:
        self._names = re.compile(names)
        self._listener = listener
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        super().__init__(0, respond)

    def is_own(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        return super().is_own(host) or bool(self._names.fullmatch(host))

    def server_bind(self) -> None:
        """Take the socket that is bound already, or bind one."""
        if self._listener is None:
            super().server_bind()
            return
        self.socket.close()
        self.socket = self._listener
        self.server_address = self.socket.getsockname()
        self.server_port = self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Return a connection, once it is secure."""
        plain, address = super().get_request()
        # The thread that accepts must not wait for a handshake: its client may be stopped.
        wrapped = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        return wrapped, address
