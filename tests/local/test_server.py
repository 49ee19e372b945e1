"""Starting, stopping, and what is recorded."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
)

from lightsail_local.server import Fault, LightsailServer, Request

CREATE = {"serviceName": "shop", "power": "nano", "scale": 1}


def has_shop(server: LightsailServer) -> bool:
    return bool(server.lightsail.call("GetContainerServices", {})["containerServices"])


def test_listens_on_loopback_only(server: LightsailServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert server.registry.startswith("127.0.0.1:")


def test_listens_where_it_is_told_to() -> None:
    with LightsailServer() as first:
        port = int(first.url.rpartition(":")[2])
        registry_port = int(first.registry.rpartition(":")[2])

    with LightsailServer(port=port, registry_port=registry_port) as second:
        assert (second.url, second.registry) == (first.url, first.registry)


@pytest.mark.parametrize("kind", ["port", "registry_port"])
def test_refuses_a_taken_port(server: LightsailServer, kind: str) -> None:
    port = int(server.url.rpartition(":")[2])
    second = LightsailServer(**{kind: port})

    with pytest.raises(OSError, match="Address already in use"):
        second.start()


def test_can_be_stopped_twice_and_before_it_was_started() -> None:
    server = LightsailServer()
    server.stop()
    server.start()
    server.stop()
    server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.registry.rpartition(":")[2])))


def test_begins_anew_when_it_is_started_again() -> None:
    server = LightsailServer()
    with server:
        server.lightsail.call("CreateContainerService", CREATE)
    with server:
        assert not has_shop(server)


def test_stops_although_a_connection_is_open(server: LightsailServer) -> None:
    host, _, port = server.registry.partition(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"GET /v2/ HTTP/1.1\r\n")
        stopping = threading.Thread(target=server.stop, daemon=True)
        stopping.start()
        stopping.join(60)

        assert not stopping.is_alive()


def test_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())

    with LightsailServer() as server:
        connection = http.client.HTTPConnection(server.registry)
        connection.request("GET", "/v2/")
        connection.getresponse().read()

    assert set(threading.enumerate()) <= before
    connection.close()


def test_records_calls(server: LightsailServer, api: Any, clock: Any) -> None:
    api.create_container_service(**CREATE)
    with pytest.raises(ClientError):
        api.get_container_images(serviceName="other")

    created, refused = server.requests
    assert (created.operation, created.parameters) == ("CreateContainerService", CREATE)
    assert (created.status, created.error, created.time) == (200, "", clock.now)
    assert created.seconds >= 0
    assert (refused.operation, refused.status) == ("GetContainerImages", 400)
    assert refused.error == "NotFoundException"


def test_shows_requests_as_they_come(api_of: Any) -> None:
    shown: list[Request] = []
    with LightsailServer(on_request=shown.append) as server:
        api_of(server).get_container_services()
        http.client.HTTPConnection(server.registry)

    assert [(each.operation, each.status) for each in shown] == [("GetContainerServices", 200)]


def test_prints_nothing(
    api: Any, server: LightsailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.faults.append(Fault(operation="GetContainerServices", kind="reset_before"))
    with pytest.raises(ConnectionClosedError):
        api.get_container_services()
    api.get_container_services()
    server.stop()

    assert capfd.readouterr() == ("", "")


def test_answers_many_at_once(server: LightsailServer, shop: str, push: Any, api_of: Any) -> None:
    digest = push()
    clients = [api_of(server) for _ in range(8)]

    def register(client: Any) -> None:
        for _ in range(5):
            client.register_container_image(serviceName=shop, label="web", digest=digest)

    threads = [threading.Thread(target=register, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    images = server.lightsail.call("GetContainerImages", {"serviceName": shop})["containerImages"]
    names = [image["image"] for image in images]
    assert names == [f":shop.web.{number}" for number in range(40, 0, -1)]
