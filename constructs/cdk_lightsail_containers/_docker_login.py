"""The logins to registries that `docker login` and `podman login` keep on this machine.

https://docs.docker.com/reference/cli/docker/login/#configure-the-credential-store
https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess  # nosec B404
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_lightsail_containers_handler.registry.auth import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_lightsail_containers_handler.registry.reference import Reference

_RUN = Path("/run")
_HELPER = re.compile(r"[A-Za-z0-9._-]+")
_HELPER_SECONDS = 30
_AROUND_HOST = re.compile(r"^https?://|/(?:v[12]/?)?$")
_DOCKER_HUB = "registry-1.docker.io"
_DOCKER_HUB_KEYS = ("index.docker.io", "docker.io", _DOCKER_HUB)
# The key of a login to Docker Hub, as credential helpers know it.
_DOCKER_HUB_SERVER = "https://index.docker.io/v1/"
# The user name of an identity token, which is no password.
_IDENTITY_TOKEN = "<token>"  # nosec B105  # noqa: S105 - a user name


def docker_login(reference: Reference) -> Credentials | None:
    """Return the login for the registry of an image, None if there is none.

    Podman's files come first, and a login for the repository before one for the whole registry.
    Files and helpers that cannot be read count as having none. Identity tokens are left out.
    """
    for path in _files():
        try:
            config = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        if isinstance(config, dict) and (login := _of_file(config, reference)):
            return login
    return None


def _files() -> Iterator[Path]:
    home = Path.home()
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers", "auth.json")
    elif hasattr(os, "getuid"):  # pragma: no branch - not on Windows
        user = str(os.getuid())
        # Of root, of skopeo and of buildah; then podman's, which sets the variable for itself.
        yield _RUN / "containers" / user / "auth.json"
        yield _RUN / "user" / user / "containers" / "auth.json"
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield configured / "containers" / "auth.json"
    yield Path(os.environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _of_file(config: Mapping[str, Any], reference: Reference) -> Credentials | None:
    is_hub = reference.registry == _DOCKER_HUB
    hosts = _DOCKER_HUB_KEYS if is_hub else (reference.registry,)
    helpers = _by_host(config.get("credHelpers"))
    for host in hosts:
        server = _DOCKER_HUB_SERVER if is_hub else host
        if login := _of_helper(helpers.get(host) or config.get("credsStore"), server):
            return login
    auths = _by_host(config.get("auths"))
    parts = reference.repository.split("/")
    for host in hosts:
        for count in range(len(parts), -1, -1):
            if login := _of_entry(auths.get("/".join([host, *parts[:count]]))):
                return login
    return None


def _by_host(entries: object) -> dict[str, Any]:
    """Return entries by host and path: some keys are addresses, such as https://host/v1/."""
    found = entries if isinstance(entries, dict) else {}
    return {_AROUND_HOST.sub("", key): value for key, value in found.items()}


def _of_entry(entry: object) -> Credentials | None:
    encoded = entry.get("auth") if isinstance(entry, dict) else None
    if not isinstance(encoded, str):
        return None
    try:
        username, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return None
    return _login(username, password)


def _of_helper(name: object, server: str) -> Credentials | None:
    if not isinstance(name, str) or not _HELPER.fullmatch(name):
        return None
    try:
        done = subprocess.run(  # nosec B603  # noqa: S603 - the user's own configuration names it
            [f"docker-credential-{name}", "get"],
            input=server,
            capture_output=True,
            text=True,
            timeout=_HELPER_SECONDS,
            check=True,
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # it fails when it has no login, too
    return _login(found.get("Username"), found.get("Secret")) if isinstance(found, dict) else None


def _login(username: object, password: object) -> Credentials | None:
    if not isinstance(username, str) or not isinstance(password, str):
        return None
    if not username or not password or username == _IDENTITY_TOKEN:
        return None
    return Credentials(username=username, password=password)
