"""Engines that start containers: one that plays them everywhere, and real ones where they can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.containers.container_engine import ContainerEngine
from lightsail_local.containers.find_container_engine import find_container_engine
from lightsail_local.containers.started_clouds import StartedCloud, started_cloud
from real_engines import ENGINES, real_engine
from running_services import FakeEngine, Services


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A fake docker, the only engine on this computer."""
    made = FakeEngine.make(tmp_path, "docker")
    monkeypatch.setenv("PATH", str(made.program.parent))
    return made


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[StartedCloud]:
    with started_cloud(tmp_path / "clouds") as cloud:
        yield cloud


@pytest.fixture(scope="module", params=["fake", *ENGINES])
def any_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ContainerEngine, Path]]:
    """An engine that starts containers, and its cloud's folder."""
    if request.param != "fake":
        with real_engine(request.param) as found:
            yield found
        return
    folder = tmp_path_factory.mktemp("engine")
    with pytest.MonkeyPatch.context() as patch:
        program = FakeEngine.make(folder, "docker").program
        patch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        with started_cloud(folder) as cloud:
            yield find_container_engine(cloud, ["docker"]), cloud.folder


@pytest.fixture(scope="module")
def services(any_engine: tuple[ContainerEngine, Path]) -> Iterator[Services]:
    engine, folder = any_engine
    behaviour = Behaviour(
        service_seconds=0, deployment_seconds=0.5, health_check_second=0.02, log_page_size=10_000
    )
    with Services.running(behaviour, engine, folder) as services:
        yield services
