"""The proxy on the way to a registry, if the environment names one as it does for boto3 and curl.

https://www.rfc-editor.org/rfc/rfc9110.html#name-connect
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import unquote, urlsplit

from ..errors import Rejected
from ..url import Origin, is_loopback
from .wire import Wire

_OK = range(200, 300)
_LOGIN_WANTED = {401, 407}  # tinyproxy answers 401 to a wrong one
_SERVER_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy that leads to what answers over TLS.

    Args:
        origin: where it listens.
        authorization: what lets requests in, empty if it needs nothing.
    """

    origin: Origin
    authorization: str = field(repr=False)

    @classmethod
    def on_the_way_to(cls, origin: Origin) -> Proxy | None:
        """Return the proxy that HTTPS_PROXY and NO_PROXY name for an origin, None for none.

        Raises:
            Rejected: HTTPS_PROXY is no address of a proxy.
        """
        is_named = os.environ.keys() & {"HTTPS_PROXY", "https_proxy"}
        if not is_named or is_loopback(origin.host):
            return None
        # Takes 20 ms, which most functions do not need to spend.
        from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415

        named = getproxies_environment().get("https")
        if not named or proxy_bypass(str(origin)):
            return None
        parts = _parts(named if "://" in named else f"http://{named}")
        if parts is None:
            without_login = named.rpartition("@")[2]
            raise Rejected(
                f"HTTPS_PROXY must be an address such as http://proxy:3128 to reach {origin}, got "
                f"'{without_login}'",
                fix=f"correct it, or add {origin.host} to NO_PROXY",
            )
        host, port, login = parts
        authorization = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
        return cls(origin=Origin(scheme="http", host=host, port=port), authorization=authorization)

    def lead(self, wire: Wire, origin: Origin) -> None:
        """Ask the proxy to lead a connection on to an origin.

        Raises:
            OSError: it cannot now.
            HTTPException: something else answers.
            Rejected: it refuses.
        """
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        target = f"{host}:{origin.port}"
        http = HTTPConnection(self.origin.host, self.origin.port)
        http.sock = wire
        http.putrequest("CONNECT", target, skip_host=True, skip_accept_encoding=True)
        http.putheader("Host", target)
        if self.authorization:
            http.putheader("Proxy-Authorization", self.authorization)
        http.endheaders()
        wire.expect_head()
        status = http.getresponse().status
        if status in _OK:
            return
        problem = f"the proxy {self.origin} does not lead to {origin}, it answers {status}"
        if status >= _SERVER_ERROR:
            raise OSError(problem)
        fix = f"allow it there, or add {origin.host} to NO_PROXY"
        if status in _LOGIN_WANTED:
            fix = "add its user and password to HTTPS_PROXY"
        raise Rejected(problem, fix=fix)


def _parts(address: str) -> tuple[str, int, str] | None:
    """Return the host, the port and the login of a proxy's address, None if it is no such."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        return None
    if parts.scheme != "http" or not host:
        return None
    login = unquote(f"{parts.username}:{parts.password or ''}") if parts.username else ""
    return host, port, login
