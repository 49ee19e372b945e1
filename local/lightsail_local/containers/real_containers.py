"""What a Lightsail needs to run what is deployed to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .container_engine import ContainerEngine


@dataclass(frozen=True, kw_only=True)
class RealContainers:
    """An engine, and where its cloud serves and keeps files.

    Args:
        engine: starts the containers.
        port: the port of the services' addresses, 0 for a free one.
        folder: for blobs and files of the engine's, private to the user.
    """

    engine: ContainerEngine
    port: int
    folder: Path
