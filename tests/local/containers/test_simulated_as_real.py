"""A deployment that is simulated fails as one does whose containers run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.server import LightsailServer
from patience import wait_until
from running_services import Services

# Lightsail does not write it; where containers run it helps to know.
ENDED = "Container ended with"


@pytest.fixture
def simulated() -> Iterator[Services]:
    behaviour = Behaviour(service_seconds=0, deployment_seconds=0.5, log_page_size=10_000)
    with LightsailServer(behaviour) as server:
        client = boto3.client("lightsail", endpoint_url=server.url, region_name="us-east-1")
        with closing(client):
            yield Services(server, client)


def failed(
    services: Services, kind: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], str, set[str], set[str]]:
    """Deploy a version that fails after one that serves.

    Returns:
        The states of the deployments, that of the service, what Lightsail logs of the failed one,
        and what its container says.
    """
    name = f"shop-{kind.replace('_', '-')}"
    services.create(name)
    services.deploy(name, "old")
    before = services.log(name)
    more: dict[str, Any] = {"fails": kind}
    if kind == "platform":
        digest = services.push("new", platform="linux/arm64")
        answer = services.api.register_container_image(serviceName=name, label="web", digest=digest)
        more = {"image": answer["containerImage"]["image"]}
    services.begin(name, "new", environment={"PLAIN": "value"}, **more)
    if kind == "took_too_long":
        # However long it takes to say what it says.
        wait_until(lambda: "starting" in services.log(name)[len(before) :])
        monkeypatch.setattr(services.server.behaviour, "longest_start_seconds", 0)
    services.settled(name)
    # The fake engine's containers have no ports of their own.
    lines = {
        re.sub("port [0-9]+", "port", line)
        for line in services.log(name)[len(before) :]
        if ENDED not in line
    }
    own = {line for line in lines if line.startswith("[deployment:2] ")}
    states = [one["state"] for one in services.deployments(name)]
    return states, services.describe(name)["state"], own, lines - own


@pytest.mark.parametrize("kind", ["crash", "health_check", "took_too_long", "platform"])
def test_a_failure_has_the_same_states_and_lines(
    services: Services, simulated: Services, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, played = failed(services, kind, monkeypatch), failed(simulated, kind, monkeypatch)

    assert real[:3] == played[:3]
    assert real[:2] == (["FAILED", "ACTIVE"], "RUNNING")
    # Programs find more in their environment, and the old one goes on answering health checks.
    assert {line for line in played[3] if not line.startswith("environment:")} <= real[3]
