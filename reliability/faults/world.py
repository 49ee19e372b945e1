"""The servers that the function calls, and what they hold."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3

from certificates import Certificate
from fake_cloudformation import FakeCloudFormation
from fake_ecr import HOST as ECR_HOST
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer
from lightsail_local.wire.http_server import Answer, Connection, LoopbackServer, Respond, gated

from .aws_services import PARAMETERS, SECRETS, SERVICES, AwsServices
from .clock import Clock
from .gate import Gate
from .source_registry import ECR_PASSWORD, PASSWORD, TOKEN, USERNAME, SourceRegistry
from .times import Times, shipped

SIGNATURE = "5ec4e7-of-the-response-url"


@dataclass
class Put:
    """What was put to a ResponseURL, and when."""

    body: bytes
    at: float


@dataclass
class World:
    """Everything that the function reaches, on loopback, and behind a gate.

    Args:
        clock: the time.
        certificate: that of Amazon ECR's registry, None to have none.
        times: how long everybody waits.

    Attributes:
        gate: the gate.
        aws: the services of AWS beside Lightsail.
        puts: what was put to each ResponseURL, by its token.
    """

    clock: Clock
    certificate: Certificate | None = None
    times: Times = field(default_factory=shipped)
    gate: Gate = field(default_factory=Gate)
    aws: AwsServices = field(init=False)
    puts: dict[str, list[Put]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aws = AwsServices(FakeCloudFormation(self.clock.read))
        self.behaviour = Behaviour(
            service_seconds=0,
            deployment_seconds=90,
            unregistered_seconds=1e9,
            missing_digest="refused",
            delete_in_use="done",  # Lightsail saves nothing that the function would delete
        )
        self.lightsail = LightsailServer(self.behaviour, clock=self.clock.read, gate=self.gate)
        self.source = SourceRegistry(self.clock.sleep, (USERNAME, PASSWORD), gives_tokens=True)
        self.ecr = SourceRegistry(self.clock.sleep, ("AWS", ECR_PASSWORD), gives_tokens=False)
        self.ecr.host = ECR_HOST
        self._running = ExitStack()
        self._tokens = itertools.count(1)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.lightsail)
            servers = {
                "source": self.source.respond,
                "aws": self.aws.respond,
                "response": self._take_answer,
            }
            self._servers = {
                name: LoopbackServer(0, gated(self.gate, name, respond))
                for name, respond in servers.items()
            }
            if self.certificate:
                self._servers["ecr-registry"] = _TlsServer(
                    self.certificate, gated(self.gate, "ecr-registry", self.ecr.respond)
                )
            for server in self._servers.values():
                starting.callback(server.close)
            self.source.host = self._servers["source"].host
            self._running = starting.pop_all()
        self.client = boto3.client("lightsail", endpoint_url=self.lightsail.url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def endpoints(self) -> dict[str, str]:
        """The addresses of AWS's services."""
        aws = f"http://{self._servers['aws'].host}"
        others = dict.fromkeys(SERVICES, aws)
        return {"lightsail": self.lightsail.url, **others}

    def untold(self) -> set[str]:
        """Return what may stand in no log, answer or property, also not in base64."""
        logins = [
            (USERNAME, PASSWORD),
            ("AWS", ECR_PASSWORD),
            *((login.username, login.password) for login in self.lightsail.logins.given),
        ]
        plain = {
            *(password for _, password in logins),
            *(value for text in SECRETS.values() for value in json.loads(text).values()),
            *PARAMETERS.values(),
            TOKEN,
            SIGNATURE,
        } - {USERNAME}
        encoded = {*plain, *(":".join(login) for login in logins)}
        return plain | {base64.b64encode(one.encode()).decode().rstrip("=") for one in encoded}

    def port(self, server: str) -> int:
        """Return the port of the server that a call is for."""
        hosts = {"lightsail": self.lightsail.url, "registry": self.lightsail.registry}
        host = hosts.get(server) or self._servers.get(server, self._servers["aws"]).host
        return int(host.rpartition(":")[2])

    def new_response_url(self) -> tuple[str, str]:
        """Return a signed URL for one answer, and the token that its answers are kept by."""
        token = str(next(self._tokens))
        self.puts[token] = []
        date = datetime.fromtimestamp(self.clock.now, UTC).strftime("%Y%m%dT%H%M%SZ")
        query = f"X-Amz-Date={date}&X-Amz-Signature={SIGNATURE}"
        return f"http://{self._servers['response'].host}/{token}?{query}", token

    def _take_answer(self, connection: Connection) -> None:
        token = urlsplit(connection.path).path[1:]
        self.puts[token].append(Put(b"".join(connection.body), self.clock.now))
        connection.send(Answer(status=200))


class _TlsServer(LoopbackServer):
    """Serves over TLS, by the name of Amazon ECR's registry."""

    names = frozenset({ECR_HOST})

    def __init__(self, certificate: Certificate, respond: Respond) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.certificate, certificate.key)
        super().__init__(0, respond)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Return a connection, once it is secure."""
        plain, address = super().get_request()
        # Who accepts must not wait for a handshake: a client may be held up in its middle.
        wrapped = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        return wrapped, address
