"""The local cloud as one thing: Lightsail and the engine, started and stopped together."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.containers.image_builder import ImageBuilder
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.ecr.client_settings import write_client_settings, write_docker_program
from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION, Endpoints
from lightsail_local.engine.engine import Engine
from lightsail_local.engine.route53 import find_cname
from lightsail_local.server import LightsailServer, Request


class LocalCloud:
    """Lightsail with its registry, and an engine for `cdk deploy` that knows it.

    Attributes:
        lightsail: Lightsail's API and registry; its state can be read and prepared.
        engine: CloudFormation, Lambda, S3 and so on.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        lightsail_port: int = 0,
        registry_port: int = 0,
        ecr_port: int = 0,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        environment: Mapping[str, str] | None = None,
        on_request: Callable[[Request], None] | None = None,
        containers: RealContainers | None = None,
        builder: ImageBuilder | None = None,
    ) -> None:
        """Describe a cloud; `start` starts it.

        Args:
            behaviour: How Lightsail behaves; None as Lightsail does, only faster.
            port: The engine's port; as for the other three, 0 takes a free one.
            lightsail_port: The port of Lightsail's API.
            registry_port: The registry's port.
            ecr_port: The port of Amazon ECR's registry.
            region: The region it plays.
            account: The account it plays, 12 digits.
            environment: More variables for the engine and the functions that it runs.
            on_request: Is given each request to Lightsail and its registry before its answer is
                sent, in the thread that sends it.
            containers: Runs what is deployed; None simulates it.
            builder: Builds images; None for the `docker` that there may be.
        """
        self._region = region
        self._account = account
        self._port = port
        self._ecr_port = ecr_port
        self._builder = builder
        self._environment = environment
        self._exits = ExitStack()
        self.lightsail = LightsailServer(
            behaviour,
            port=lightsail_port,
            registry_port=registry_port,
            region=region,
            account=account,
            on_request=on_request,
            containers=containers,
            resolve=self._resolve,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything, or, with the error of what failed, nothing."""
        with ExitStack() as exits:
            self.lightsail.start()
            exits.callback(self.lightsail.stop)
            self.engine = exits.enter_context(
                Engine(
                    self.lightsail.url,
                    port=self._port,
                    ecr_port=self._ecr_port,
                    region=self._region,
                    account=self._account,
                    environment=self._environment,
                )
            )
            write_client_settings(self._clients, self.engine.certificate, os.environ)
            if self._builder:
                write_docker_program(self._docker, self.engine.ecr, self._builder.program)
            self._exits = exits.pop_all()

    def stop(self) -> None:
        """End every process and free every port; safe to call again."""
        self._exits.close()

    def _resolve(self, name: str) -> str | None:
        """Find what a CNAME record in the engine's Route 53 says."""
        return find_cname(self.engine, self._account, name)

    @property
    def _clients(self) -> Path:
        return self.engine.folder / "clients"

    @property
    def _docker(self) -> Path:
        return self._clients / "cdk-docker"

    def _builder_program(self) -> str:
        if self._builder is None:
            return ""
        return str(self._docker) if self._builder.is_remote else self._builder.program

    @property
    def endpoints(self) -> Endpoints:
        """Where this cloud is reached."""
        return Endpoints(
            engine=self.engine.url,
            lightsail=self.lightsail.url,
            registry=self.lightsail.registry,
            ecr=self.engine.ecr,
            clients=str(self._clients),
            builder=self._builder_program(),
            certificate=str(self.engine.certificate),
            cdk_home=str(self.engine.folder / "cdk"),
            region=self._region,
            account=self._account,
        )
