"""Engines of this computer that tests start containers with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lightsail_local.containers.container_engine import ContainerEngine
from lightsail_local.containers.find_container_engine import (
    NoContainerEngineError,
    find_container_engine,
)
from lightsail_local.containers.started_clouds import started_cloud
from lightsail_local.running_clouds import state_folder

# What `.ci/run` installs.
_ALWAYS_IN_CI = "podman"
ENGINES = (_ALWAYS_IN_CI, pytest.param("docker", marks=pytest.mark.nightly))


@contextmanager
def real_engine(name: str) -> Iterator[tuple[ContainerEngine, Path]]:
    """Give an engine and its cloud's folder; tests without one are skipped, but in CI they fail."""
    # Remembered where a user's clouds are: what a killed test leaves goes with the next one.
    with started_cloud(state_folder()) as cloud:
        try:
            engine = find_container_engine(cloud, [name])
        except NoContainerEngineError as error:
            if name == _ALWAYS_IN_CI and "CI" in os.environ:
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield engine, cloud.folder
