"""How another shell of the same user finds a running cloud: a file in a private folder."""

import dataclasses
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from lightsail_local.endpoints import Endpoints


@contextmanager
def announced(endpoints: Endpoints) -> Iterator[None]:
    """Let the cloud be found for as long as the block lasts."""
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    # A user who could write here could send the user's deployments elsewhere.
    folder.chmod(0o700)
    path = folder / f"{_port(endpoints)}.json"
    path.write_text(json.dumps(dataclasses.asdict(endpoints)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running_clouds() -> dict[int, Endpoints]:
    """Give the clouds of this user that are alive, by the engine's port."""
    found = [_read(path) for path in sorted(state_folder().glob("*.json"))]
    return {
        _port(endpoints): endpoints for endpoints in found if endpoints and _is_alive(endpoints)
    }


def state_folder() -> Path:
    """Return where clouds of this user are remembered."""
    # https://specifications.freedesktop.org/basedir-spec/latest/
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "lightsail-local"


def _read(path: Path) -> Endpoints | None:
    """Return a cloud, None for a file of another version or user, or one that is half written."""
    try:
        return Endpoints(**json.loads(path.read_text()))
    except (OSError, TypeError, ValueError):
        return None


def _port(endpoints: Endpoints) -> int:
    return urlsplit(endpoints.engine).port or 0


def _is_alive(endpoints: Endpoints) -> bool:
    """Tell a living cloud from one that was killed, even if another program has its port now."""
    if not os.access(endpoints.certificate, os.R_OK):
        return False
    try:
        socket.create_connection(("127.0.0.1", _port(endpoints)), timeout=5).close()
    except OSError:
        return False
    return True
