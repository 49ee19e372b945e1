"""The services' addresses: what a container answers is what a client reads."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from lightsail_local.containers.proxy import Proxy, Unserved


class Container:
    """A program behind the proxy, on a port of this computer."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port: int = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def close(self) -> None:
        self.may_go_on.set()
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        app = web.Application()
        app.router.add_route("*", "/slow", self._slow)
        app.router.add_route("*", "/cut", self._cut)
        app.router.add_route("*", "/cookies", self._cookies)
        app.router.add_route("*", "/away", self._away)
        app.router.add_route("*", "/socket", self._socket)
        app.router.add_route("*", "/{path:.*}", self._echo)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _echo(self, request: web.Request) -> web.Response:
        body = await request.text()
        shown = {"path": request.raw_path, "headers": list(request.headers.items()), "body": body}
        return web.json_response(
            shown, headers={"X-Of-Connection": "1", "Connection": "X-Of-Connection"}
        )

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        while not self.may_go_on.is_set():
            await asyncio.sleep(0.01)
        await response.write(b"second")
        return response

    async def _cut(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"first")
        assert request.transport
        request.transport.close()
        return response

    async def _cookies(self, request: web.Request) -> web.Response:
        response = web.Response(text="x")
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def _away(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse(protocols=["chat"])
        await answer.prepare(request)
        async for message in answer:
            if message.data == "end":
                await answer.close(code=4001)
            elif message.type is aiohttp.WSMsgType.TEXT:
                await answer.send_str(f"{message.data} to you")
            else:
                await answer.send_bytes(message.data[::-1])
        return answer


@pytest.fixture
def container() -> Iterator[Container]:
    container = Container()
    yield container
    container.close()


@pytest.fixture
def proxy(container: Container) -> Iterator[Proxy]:
    @contextlib.contextmanager
    def request(service: str) -> Iterator[int]:
        if service == "gone":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                yield free.getsockname()[1]
        elif service == "shop":
            yield container.port
        else:
            raise Unserved(service)

    proxy = Proxy(0, request)
    yield proxy
    proxy.close()


def ask(
    proxy: Proxy, path: str = "/", method: str = "GET", host: str = "shop.localhost", **options: Any
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    given = {"Host": f"{host}:{proxy.port}", "Connection": "close"}
    connection.request(method, path, headers=given | options.pop("headers", {}), **options)
    # It ends with its answer.
    return connection.getresponse()


def test_the_path_the_host_and_the_headers_stay_as_they_are(proxy: Proxy) -> None:
    shown = json.load(ask(proxy, "/a%2Fb?c=%20d", headers={"X-Own": "1", "X-Forwarded-For": "::1"}))

    headers = dict(shown["headers"])
    assert shown["path"] == "/a%2Fb?c=%20d"
    assert headers["Host"] == f"shop.localhost:{proxy.port}"
    assert headers["X-Own"] == "1"
    assert headers["X-Forwarded-For"] == "::1, 127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Port"] == str(proxy.port)
    assert "User-Agent" not in headers


def test_headers_of_one_connection_do_not_pass(proxy: Proxy) -> None:
    answer = ask(proxy, headers={"Connection": "X-Hop, close", "X-Hop": "1", "TE": "trailers"})

    names = {name for name, _ in json.load(answer)["headers"]}
    assert not names & {"X-Hop", "TE"}
    assert "X-Of-Connection" not in answer.headers


def test_a_body_passes_in_chunks_and_with_its_length(proxy: Proxy) -> None:
    assert json.load(ask(proxy, method="PUT", body=b"whole"))["body"] == "whole"
    chunks = ask(proxy, method="POST", body=iter([b"in ", b"chunks"]), encode_chunked=True)
    assert json.load(chunks)["body"] == "in chunks"


def test_a_client_that_asks_whether_to_send_its_body_may(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as client:
        head = "POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4\r\n"
        client.sendall(f"{head}Connection: close\r\nExpect: 100-continue\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"body")
        with client.makefile("rb") as answer:
            assert b'"body": "body"' in answer.read()


def test_cookies_stay_apart_and_redirects_are_the_client_s(proxy: Proxy) -> None:
    assert ask(proxy, "/cookies").headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    away = ask(proxy, "/away")
    assert (away.status, away.headers["Location"]) == (302, "/elsewhere")


def test_an_answer_to_head_has_the_length_and_no_body(proxy: Proxy) -> None:
    answer = ask(proxy, "/cookies", method="HEAD")

    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "1", b"")


def test_an_answer_arrives_as_it_is_made(proxy: Proxy, container: Container) -> None:
    answer = ask(proxy, "/slow")

    assert answer.read(5) == b"first"
    container.may_go_on.set()
    assert answer.read() == b"second"


def test_an_answer_that_is_cut_is_cut_for_the_client_too(proxy: Proxy) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        ask(proxy, "/cut").read()


def test_a_container_that_does_not_listen_is_told(proxy: Proxy) -> None:
    answer = ask(proxy, host="gone.localhost")

    assert answer.status == 502
    assert b"the container does not answer" in answer.read()


def test_a_service_without_a_deployment_is_told(proxy: Proxy) -> None:
    answer = ask(proxy, host="other.localhost")

    assert answer.status == 503
    assert b"no deployment of a container service other serves" in answer.read()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "shop.example", ""])
def test_another_host_is_refused(proxy: Proxy, host: str) -> None:
    assert ask(proxy, host=host).status == 421


def test_a_port_that_is_taken_is_told(proxy: Proxy) -> None:
    with pytest.raises(OSError, match="address already in use"):
        Proxy(proxy.port, lambda service: contextlib.nullcontext(0))


def test_messages_of_a_websocket_pass_both_ways(proxy: Proxy) -> None:
    async def talk() -> list[object]:
        headers = {"Host": "shop.localhost"}
        url = f"http://127.0.0.1:{proxy.port}/socket"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers=headers, protocols=["other", "chat"]) as talking,
        ):
            await talking.send_str("hello")
            heard: list[object] = [talking.protocol, await talking.receive_str()]
            await talking.send_bytes(b"abc")
            heard.append(await talking.receive_bytes())
            await talking.send_str("end")
            await talking.receive()
            return [*heard, talking.close_code]

    assert asyncio.run(talk()) == ["chat", "hello to you", b"cba", 4001]


def test_a_client_may_end_a_websocket(proxy: Proxy) -> None:
    async def talk() -> int | None:
        headers = {"Host": "shop.localhost"}
        url = f"http://127.0.0.1:{proxy.port}/socket"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers=headers) as talking,
        ):
            await talking.close()
            return talking.close_code

    assert asyncio.run(talk()) == 1000


def test_a_container_that_takes_no_websocket_answers_as_it_does_without(proxy: Proxy) -> None:
    answer = ask(proxy, "/away", headers={"Upgrade": "websocket", "Connection": "Upgrade, close"})

    assert answer.status == 302
