"""The servers that the function calls, and what they hold."""

from __future__ import annotations

import base64
import itertools
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from certificates import Certificate
from fake_cloudformation import FakeCloudFormation
from fake_ecr import HOST as ECR_HOST
from fake_registry import PASSWORD, USERNAME, FakeRegistry
from fake_route53 import FakeRoute53
from fake_time import FakeTime
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.images.blob import Blob
from lightsail_local.images.manifest import parse
from lightsail_local.server import LightsailServer
from lightsail_local.wire.http_server import Answer, Connection, LoopbackServer, Respond, gated
from lightsail_local.wire.tls_server import TlsServer
from oci_images import Made

from .aws import ECR_LOGIN, SERVICES, Aws
from .gate import Gate

SIGNATURE = "5ec4e7-of-the-response-url"

# In real time, for the function's threads.
_PUSHED_SECONDS = 30.0
_LOOK_SECONDS = 0.005


@dataclass
class Put:
    """What was put to a ResponseURL.

    Args:
        body: the answer.
        at: when it was put.
        began: when the invocation began that put it.
    """

    body: bytes
    at: float
    began: float = 0.0


@dataclass
class World:
    """Everything that the function reaches, on loopback, and behind a gate.

    Args:
        clock: the time.
        certificate: that of Amazon ECR's registry, None to have none.
        gate: the gate.
        ecr_hosts: the names of Amazon ECR's registries.

    Attributes:
        aws: the services of AWS beside Lightsail.
        route53: a hosted zone of Amazon Route 53, whose records Lightsail finds.
        source: a registry to pull from, with a login for tokens.
        ecr: what stands for Amazon ECR's registries.
        blob_seconds: how long the source takes for each blob.
        answer_seconds: how long Lightsail takes for each answer.
        began: when the invocation at work began.
        puts: what was put to each ResponseURL, by its token.
    """

    clock: FakeTime
    certificate: Certificate | None = None
    gate: Gate = field(default_factory=Gate)
    ecr_hosts: tuple[str, ...] = (ECR_HOST,)
    aws: Aws = field(init=False)
    blob_seconds: float = 0.0
    answer_seconds: float = 0.0
    began: float = 0.0
    puts: dict[str, list[Put]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aws = Aws(FakeCloudFormation(self.clock.clock))
        self.behaviour = Behaviour(
            service_seconds=0,
            deployment_seconds=30,  # so long that the function asks more than six times
            records_seconds=3,
            certificate_seconds=30,
            unregistered_seconds=1e9,
            missing_digest="refused",
            delete_in_use="done",  # Lightsail saves nothing that the function would delete
        )
        self.route53 = FakeRoute53()
        self.lightsail = LightsailServer(
            self.behaviour,
            clock=self.clock.clock,
            gate=self._at_lightsail,
            resolve=self.route53.resolve,
        )
        self.source = FakeRegistry(login="bearer")
        basic = base64.b64encode(":".join(ECR_LOGIN).encode()).decode()
        self.ecr = FakeRegistry(login="basic", basic=f"Basic {basic}", host=self.ecr_hosts[0])
        self._running = ExitStack()
        self._tokens = itertools.count(1)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.lightsail)
            servers = {
                "source": self._give,
                "aws": self.aws.respond,
                "route53": self.route53.respond,
                "response": self._take_answer,
            }
            self._servers = {
                name: LoopbackServer(0, gated(self.gate, name, respond))
                for name, respond in servers.items()
            }
            if self.certificate:
                self._servers["ecr-registry"] = TlsServer(
                    gated(self.gate, "ecr-registry", self.ecr.respond),
                    certificate=self.certificate.certificate,
                    key=self.certificate.key,
                    names="|".join(re.escape(host) for host in self.ecr_hosts),
                )
            for server in self._servers.values():
                starting.callback(server.close)
            self.source.host = self._servers["source"].host
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def endpoints(self) -> dict[str, str]:
        """The addresses of AWS's services."""
        aws, route53 = (f"http://{self._servers[name].host}" for name in ("aws", "route53"))
        others = dict.fromkeys(SERVICES, aws)
        return {"lightsail": self.lightsail.url, "route53": route53, **others}

    @contextmanager
    def soon_deployed(self) -> Iterator[None]:
        """Let what is deployed meanwhile serve soon, for parts in which it is not looked at."""
        before = self.behaviour.deployment_seconds
        self.behaviour.deployment_seconds = 1
        try:
            yield
        finally:
            self.behaviour.deployment_seconds = before

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call Lightsail, past the gate and the wire."""
        return self.lightsail.lightsail.call(operation, parameters)

    def request_certificate(self, properties: Mapping[str, Any]) -> None:
        """Request a certificate as CloudFormation does."""
        given = {f"{key[0].lower()}{key[1:]}": value for key, value in properties.items()}
        self.call("CreateCertificate", **given)

    def push(self, made: Made) -> None:
        """Push an image as another user does, past the gate and the wire."""
        for manifest in made.manifests:
            self.push(manifest)
        images = self.lightsail.images
        for digest, content in made.blobs.items():
            images.add_blob(digest, Blob(size=len(content), content=content))
        images.add_manifest(parse(made.media_type, made.content, Behaviour()), None)

    def untold(self) -> set[str]:
        """Return what may be in no log, answer or property, also not in base64."""
        logins = [
            (USERNAME, PASSWORD),
            ECR_LOGIN,
            *((login.username, login.password) for login in self.lightsail.logins.given),
        ]
        plain = {
            *(password for _, password in logins),
            *(
                value
                for one in self.aws.secrets.values()
                for value in json.loads(one.value).values()
            ),
            *(one.value for one in self.aws.parameters.values()),
            *self.source.tokens,
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

    def _at_lightsail(self, server: str, connection: Connection, respond: Respond) -> None:
        if server == "lightsail":
            self.clock.sleep(self.answer_seconds)
        self.gate(server, connection, respond)

    def _take_answer(self, connection: Connection) -> None:
        token = urlsplit(connection.path).path[1:]
        self.puts[token].append(Put(b"".join(connection.body), self.clock.now, self.began))
        connection.send(Answer(status=200))

    def _give(self, connection: Connection) -> None:
        if (
            self.blob_seconds
            and "/blobs/" in connection.path
            and "Authorization" in connection.headers
        ):
            self._wait_for_the_layer_below(connection)
            if _is_left(connection):
                return  # by a function that was killed: the time by now is the next one's
            self.clock.sleep(self.blob_seconds)
        self.source.respond(connection)

    def _wait_for_the_layer_below(self, connection: Connection) -> None:
        """Wait until the layer below one is pushed, if it is.

        Time passes for all threads of a copy at once: without this, the time of all blobs would
        have passed before the function had the processor to push the first one.
        """
        blob = connection.path.rpartition("/")[2]
        manifests = [json.loads(content) for _, content in self.source.manifests.values()]
        digests = [[one["digest"] for one in found.get("layers", ())] for found in manifests]
        below = {upper: lower for layers in digests for lower, upper in itertools.pairwise(layers)}
        ends = time.monotonic() + _PUSHED_SECONDS
        while blob in below and time.monotonic() < ends and not _is_left(connection):
            if self.lightsail.images.blob_size(below[blob]) is not None:
                return
            time.sleep(_LOOK_SECONDS)


def _is_left(connection: Connection) -> bool:
    """Return whether its client is gone."""
    try:
        return not connection.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
