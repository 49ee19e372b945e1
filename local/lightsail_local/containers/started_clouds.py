"""Clouds that start containers, remembered until the last container is gone."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .container_engine import ContainerEngine, ContainerEngineError


@dataclass(frozen=True, kw_only=True)
class StartedCloud:
    """A cloud that may start containers.

    Args:
        id: its id.
        folder: its folder, private to the user, and gone with it.
        record: what the next cloud reads if this one is killed.
    """

    id: str
    folder: Path
    record: IO[str]

    def note(self, program: str) -> None:
        """Remember the program whose containers may have to be cleared, none if it is empty."""
        self.record.seek(0)
        self.record.truncate()
        json.dump({"folder": str(self.folder), "program": program}, self.record)
        self.record.flush()


@contextmanager
def started_cloud(state: Path) -> Iterator[StartedCloud]:
    """Give a cloud's id and folder for as long as the block lasts, and leave nothing of it.

    Args:
        state: the folder where clouds of this user are remembered.
    """
    folder = state / "containers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear_dead(folder)
    cloud = secrets.token_hex(4)
    path, new = folder / f"{cloud}.json", folder / f"{cloud}.new"
    with new.open("x") as record:
        # Held until this process ends, however it does; and before another cloud can find it.
        fcntl.flock(record, fcntl.LOCK_EX)
        new.rename(path)
        started = StartedCloud(
            id=cloud,
            folder=Path(tempfile.mkdtemp(prefix="lightsail-local-containers-")),
            record=record,
        )
        try:
            started.note("")
            yield started
        finally:
            _clear(path)
            # A record that could not be written does not name it.
            shutil.rmtree(started.folder, ignore_errors=True)


def _clear_dead(folder: Path) -> None:
    """Clear what was left of clouds whose process was killed, and of no others."""
    for path in folder.glob("*.json"):
        with suppress(OSError), path.open("r+") as record:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(path)


def _clear(path: Path) -> None:
    """Remove a cloud's containers, images, folder and record; what cannot be stays remembered."""
    try:
        noted = json.loads(path.read_text())
    except ValueError:
        noted = {"folder": os.devnull, "program": ""}  # Killed before it started anything.
    if noted["program"] and not _is_clear(
        ContainerEngine(command=[noted["program"]], cloud=path.stem)
    ):
        return
    shutil.rmtree(noted["folder"], ignore_errors=True)
    path.unlink()


def _is_clear(engine: ContainerEngine) -> bool:
    """Clear what an engine has of a cloud, and return whether that worked."""
    try:
        engine.clear()
    except ContainerEngineError:
        return False
    return True
