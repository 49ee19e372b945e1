"""The services' addresses: one port that leads to the containers by the name of the host."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    TCPConnector,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from multidict import CIMultiDict, MultiMapping
from yarl import URL

_DOMAIN = ".localhost"
_FOREVER = ClientTimeout(total=None, connect=10)
# They are of one connection: https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1
_OF_CONNECTION: Final = frozenset(
    {
        "connection",
        # Answered here.
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",  # codespell:ignore te
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_WEBSOCKET = "sec-websocket-"


class Unserved(LookupError):
    """No deployment of the service answers requests."""


Request = Callable[[str], AbstractContextManager[int]]
"""Is given a service's name, and gives the port to ask for as long as the request lasts.

It raises `Unserved` if there is none.
"""


class Proxy:
    """Answers `http://SERVICE.localhost:PORT/` with what the service's containers answer.

    Args:
        port: the port, 0 for a free one.
        request: leads to the containers.

    Attributes:
        port: the port.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int, request: Request) -> None:
        self._request = request
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.port = asyncio.run_coroutine_threadsafe(self._start(port), self._loop).result()
        except OSError:
            self._end()
            raise

    def close(self) -> None:
        """Answer no more, and end all connections."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self, port: int) -> int:
        # A connection for each request: a container that ends cannot have closed an idle one.
        self._session = ClientSession(
            connector=TCPConnector(limit=0, force_close=True),
            auto_decompress=False,
            timeout=_FOREVER,
            cookie_jar=DummyCookieJar(),
        )
        # What a client sends wrongly is its own matter, and no line for the cloud's user.
        quiet = logging.getLogger(__name__)
        quiet.disabled = True
        server = web.Server(self._respond, handler_cancellation=True, access_log=None, logger=quiet)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError:
            await self._stop()
            raise
        found: int = self._runner.addresses[0][1]
        return found

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        name = URL.build(authority=request.host).host or ""
        service = name.removesuffix(_DOMAIN)
        if not name.endswith(_DOMAIN):
            # Another name may be that of a page that leads to this computer.
            return web.Response(status=421, text="this is for SERVICE.localhost only\n")
        try:
            with self._request(service) as port:
                return await self._forward(request, port)
        except Unserved:
            text = f"no deployment of a container service {service} serves requests\n"
            return web.Response(status=503, text=text)

    async def _forward(self, request: web.BaseRequest, port: int) -> web.StreamResponse:
        # Encoded already: what the client wrote is what the container reads.
        url = URL(f"http://127.0.0.1:{port}{request.raw_path}", encoded=True)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                # A container that takes none answers as it does without.
                with contextlib.suppress(WSServerHandshakeError):
                    return await self._forward_websocket(request, url)
            return await self._forward_request(request, url)
        except ClientError as error:
            return web.Response(status=502, text=f"the container does not answer: {error}\n")

    async def _forward_request(self, request: web.BaseRequest, url: URL) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async with self._session.request(
            request.method,
            url,
            headers=_forwarded(request),
            data=request.content if request.body_exists else None,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            allow_redirects=False,
        ) as answer:
            headers = _without_connection(answer.headers)
            response = web.StreamResponse(
                status=answer.status, reason=answer.reason, headers=headers
            )
            await response.prepare(request)
            try:
                async for piece in answer.content.iter_any():
                    await response.write(piece)
            except ClientError:
                # The answer has begun: that it is cut is all that can be said.
                request.protocol.force_close()
                return response
            await response.write_eof()
            return response

    async def _forward_websocket(self, request: web.BaseRequest, url: URL) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [each.strip() for each in offered.split(",") if each.strip()]
        async with self._session.ws_connect(
            url, headers=_forwarded(request), protocols=protocols, max_msg_size=0
        ) as container:
            chosen = [container.protocol] if container.protocol else []
            client = web.WebSocketResponse(protocols=chosen, max_msg_size=0)
            await client.prepare(request)
            copies = [
                asyncio.ensure_future(_copy(client, container)),
                asyncio.ensure_future(_copy(container, client)),
            ]
            try:
                await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for copy in copies:
                    copy.cancel()
                await asyncio.gather(*copies, return_exceptions=True)
            await client.close(code=container.close_code or 1000)
            return client


_Socket = ClientWebSocketResponse | web.WebSocketResponse


async def _copy(source: _Socket, target: _Socket) -> None:
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        else:
            await target.send_bytes(message.data)


def _without_connection(headers: MultiMapping[str]) -> CIMultiDict[str]:
    named = {
        name.strip().lower()
        for value in headers.getall("Connection", [])
        for name in value.split(",")
    }
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if name.lower() not in _OF_CONNECTION | named
    )


def _forwarded(request: web.BaseRequest) -> CIMultiDict[str]:
    """Return the headers for the container, with those that Lightsail's load balancer adds."""
    headers = CIMultiDict(
        (name, value)
        for name, value in _without_connection(request.headers).items()
        if not name.lower().startswith(_OF_WEBSOCKET)
    )
    before = headers.popall("X-Forwarded-For", [])
    headers["X-Forwarded-For"] = ", ".join([*before, request.remote or ""])
    headers.setdefault("X-Forwarded-Proto", "http")
    headers.setdefault("X-Forwarded-Port", str(request.url.port))
    return headers
