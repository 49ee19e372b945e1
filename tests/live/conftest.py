"""A local Lightsail whose time moves when a caller waits, and not otherwise."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from live.lightsail import Lightsail
from live.mask import Mask
from live.names import Names
from live.probed_service import ProbedService
from live.probing import Probing
from live.registry import PushRegistry
from live.waiting import Waiting

from fake_time import FakeTime
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer

NAME = "cdk-lsc-live-0123abcd"


class Cloud:
    """A local Lightsail, and a run that has not begun."""

    def __init__(self, server: LightsailServer, client: Any, time: FakeTime) -> None:
        self.server = server
        self.client = client
        self.time = time
        self.mask = Mask()
        self.lightsail = Lightsail(client, Waiting(clock=time.clock, sleep=time.sleep))
        registry = PushRegistry(self.lightsail, self.mask)
        self.service = ProbedService(Names(NAME).run, self.lightsail, registry)
        self.probing = Probing(self.service, self.mask, lambda *_: None)

    def rename(self, code: str, renamed: str) -> None:
        """Let refusals of one name arrive under another one."""

        def rename(parsed: dict[str, Any], **_: object) -> None:
            error = parsed.get("Error", {})
            if error.get("Code") == code:
                error["Code"] = renamed

        self.client.meta.events.register("after-call.lightsail", rename)

    def probe(self) -> Probing:
        """Put all questions."""
        self.probing.begin()
        self.probing.ask_without_deployments()
        self.probing.ask_with_deployments()
        self.probing.ask_at_the_end()
        return self.probing


@pytest.fixture
def cloud() -> Iterator[Callable[..., Cloud]]:
    """Start a local Lightsail of a behaviour."""
    with ExitStack() as running:

        def start(**behaviour: Any) -> Cloud:
            time = FakeTime()
            server = running.enter_context(
                LightsailServer(
                    Behaviour(**{"service_seconds": 120, "deployment_seconds": 240, **behaviour}),
                    clock=time.clock,
                )
            )
            client = boto3.client(
                "lightsail",
                endpoint_url=server.url,
                config=Config(retries={"total_max_attempts": 1}),
            )
            running.enter_context(closing(client))
            return Cloud(server, client, time)

        yield start
