"""What tests of running containers use: a fake engine's program, and services that run."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.failure import Failure
from lightsail_local.containers.container_engine import ContainerEngine
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.samples.sample_image import push_sample_image
from lightsail_local.server import LightsailServer
from patience import wait_until

# Imported, for Python keeps what it has compiled of a module only.
_PROGRAM = f"""\
import sys
sys.path.append({str(Path(__file__).parent)!r})
import fake_container_engine
sys.exit(fake_container_engine.main())
"""


@dataclass
class FakeEngine:
    program: Path
    state: Path

    @classmethod
    def make(cls, folder: Path, name: str) -> FakeEngine:
        programs, state = folder / "bin", folder / "state"
        for one in (programs, state, state / "images", state / "containers"):
            one.mkdir(exist_ok=True)
        program = programs / name
        # Quickly: nothing of this environment is looked for.
        program.write_text(
            f"#!/bin/sh\nFAKE_ENGINE_STATE={state} "
            f'exec {shlex.quote(sys.executable)} -ISc {shlex.quote(_PROGRAM)} "$@"\n'
        )
        program.chmod(0o700)
        return cls(program, state)

    def be(self, mode: str) -> None:
        (self.state / "mode").write_text(mode)

    @property
    def calls(self) -> str:
        return (self.state / "calls").read_text()

    @property
    def containers(self) -> list[str]:
        return sorted(path.name for path in (self.state / "containers").iterdir())

    @property
    def images(self) -> list[str]:
        return sorted(path.name for path in (self.state / "images").iterdir())


@dataclass
class Services:
    """A local Lightsail whose services run, and what a test asks of it."""

    server: LightsailServer
    api: Any

    @classmethod
    @contextmanager
    def running(
        cls, behaviour: Behaviour, engine: ContainerEngine, folder: Path
    ) -> Iterator[Services]:
        """Serve a Lightsail whose containers an engine runs."""
        containers = RealContainers(engine=engine, port=0, folder=folder)
        with LightsailServer(behaviour, containers=containers) as server:
            client = boto3.client(
                "lightsail",
                endpoint_url=server.url,
                region_name="us-east-1",
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )
            with closing(client):
                yield cls(server, client)

    def create(self, name: str, scale: int = 1) -> None:
        self.api.create_container_service(serviceName=name, power="micro", scale=scale)

    def push(self, text: str, **options: Any) -> str:
        return push_sample_image(self.server.url, text, **options)

    def kill_container(self, fake: FakeEngine) -> None:
        """Kill the one container that runs, as the system does when memory runs out."""
        # The other one holds the network. It may serve before the fake notes that it runs.
        records = fake.state / "containers"
        wait_until(lambda: any(records.glob("*-1-1")))
        os.kill(json.loads(next(records.glob("*-1-1")).read_text())["process"], signal.SIGKILL)

    def image(self, service: str, text: str, fails: Failure | None = None) -> str:
        digest = self.push(text, fails=fails)
        answer = self.api.register_container_image(serviceName=service, label="web", digest=digest)
        name: str = answer["containerImage"]["image"]
        return name

    def deploy(self, service: str, text: str = "hello", **options: Any) -> str:
        """Deploy a sample image, and return the state that the deployment comes to."""
        self.begin(service, text, **options)
        return self.settled(service)

    def begin(
        self,
        service: str,
        text: str = "hello",
        *,
        image: str | None = None,
        fails: Failure | None = None,
        more: Any = None,
        is_public: bool = True,
        **definition: Any,
    ) -> None:
        image = image or self.image(service, text, fails)
        web = {"image": image, "ports": {"80": "HTTP"}, **definition}
        endpoint = {"publicEndpoint": {"containerName": "web", "containerPort": 80}}
        self.api.create_container_service_deployment(
            serviceName=service,
            containers={"web": web, **(more or {})},
            **(endpoint if is_public else {}),
        )

    def settled(self, service: str) -> str:
        wait_until(lambda: self.deployments(service)[0]["state"] != "ACTIVATING")
        return str(self.deployments(service)[0]["state"])

    def deployments(self, service: str) -> Any:
        return self.api.get_container_service_deployments(serviceName=service)["deployments"]

    def describe(self, service: str) -> Any:
        return self.api.get_container_services(serviceName=service)["containerServices"][0]

    def get(self, service: str, path: str = "/", host: str | None = None) -> tuple[int, str]:
        url = urlsplit(self.describe(service)["url"])
        with closing(HTTPConnection("127.0.0.1", url.port or 0, timeout=60)) as connection:
            connection.request("GET", path, headers={"Host": host or url.netloc})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def log(self, service: str, container: str = "web") -> list[str]:
        pages = self.api.get_container_log(serviceName=service, containerName=container)
        return [event["message"] for event in pages["logEvents"]]
