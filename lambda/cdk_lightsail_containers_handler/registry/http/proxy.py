"""The proxy on the way to a registry, if the environment names one as it does for boto3 and curl.

https://www.rfc-editor.org/rfc/rfc9110.html#name-connect
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import unquote, urlsplit

from ..auth import Credentials
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
        login: what lets requests in, None if it needs nothing.
    """

    origin: Origin
    login: Credentials | None

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
        proxy = _proxy_at(named if "://" in named else f"http://{named}")
        if proxy is None:
            without_login = named.rpartition("@")[2]
            raise Rejected(
                f"HTTPS_PROXY must be an address such as http://proxy:3128 to reach {origin}, got "
                f"'{without_login}'",
                fix=f"correct it, or add {origin.host} to NO_PROXY",
            )
        return proxy

    def lead(self, wire: Wire, origin: Origin) -> None:
        """Ask the proxy to lead a connection on to an origin.

        Raises:
            OSError: it cannot now.
            HTTPException: something else answers.
            Rejected: it refuses.
        """
        http = HTTPConnection(self.origin.host, self.origin.port)
        http.sock = wire
        http.putrequest("CONNECT", origin.authority, skip_host=True, skip_accept_encoding=True)
        http.putheader("Host", origin.authority)
        if self.login:
            http.putheader("Proxy-Authorization", self.login.header)
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


def _proxy_at(address: str) -> Proxy | None:
    """Return the proxy at an address, None if that is no address of one."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        return None
    if parts.scheme != "http" or not host:
        return None
    login = None
    if parts.username:
        username, password = unquote(parts.username), unquote(parts.password or "")
        login = Credentials(username=username, password=password)
    return Proxy(origin=Origin(scheme="http", host=host, port=port), login=login)
