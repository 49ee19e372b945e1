"""What an engine needs to push to the local cloud, and nothing of its user's own changed."""

from __future__ import annotations

import json
import os
import shlex
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_RUN = Path("/run")
# What a Docker command line finds beside its settings.
_BESIDE = ("cli-plugins", "contexts")


def write_client_settings(folder: Path, certificate: Path, environ: Mapping[str, str]) -> None:
    """Write settings of docker, podman and the like for a cloud.

    They begin as the user's own, so that images that are built from private ones still are. A
    login to the cloud goes into them, and into no keychain.

    Args:
        folder: where to write them.
        certificate: the cloud's certificate.
        environ: the user's environment, which says where the user's own are.
    """
    home = Path(environ.get("HOME", folder / "none"))
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    settings = _read(docker / "config.json")
    folder.mkdir(mode=0o700)
    for name in _BESIDE:
        if os.access(docker / name, os.R_OK):
            (folder / name).symlink_to(docker / name)
    _write(folder / "config.json", _without_keychain(settings))
    files = [file for file in _login_files(home, environ) if os.access(file, os.R_OK)]
    logins = _read(files[0]) if files else settings
    kept = _without_keychain(logins)
    _write(folder / "auth.json", {name: kept[name] for name in ("auths", "credHelpers")})
    roots = ssl.get_default_verify_paths().cafile
    trusted = [Path(file).read_text() for file in (roots, certificate) if file]
    (folder / "trusted.pem").write_text("\n".join(trusted))


def write_docker_program(file: Path, registry: str, engine: str) -> None:
    """Write a program that the CDK's command line calls in the place of Docker.

    It names all that is needed: a shell of another home does not find the cloud.

    Args:
        file: the program; its folder is for the login.
        registry: the cloud's, as `127.0.0.1:<port>`.
        engine: the engine's program.
    """
    command = [sys.executable, "-m", "lightsail_local", "docker"]
    options = [f"--engine={engine}", f"--registry={registry}", f"--folder={file.parent}"]
    file.write_text(f'#!/bin/sh\nexec {shlex.join([*command, *options])} "$@"\n')
    file.chmod(0o700)


def _login_files(home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Return where podman, skopeo and buildah may have their logins.

    https://github.com/containers/image/blob/v5.36.2/docs/containers-auth.json.5.md
    """
    if own := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(own)
        return
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers", "auth.json")
    else:
        user = str(os.getuid())
        # Of root, of skopeo and of buildah; then podman's, which sets the variable for itself.
        yield _RUN / "containers" / user / "auth.json"
        yield _RUN / "user" / user / "containers" / "auth.json"
    configured = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield configured / "containers" / "auth.json"


def _without_keychain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that read logins from the user's keychain, and write none there."""
    auths = settings.get("auths") or {}
    helpers = settings.get("credHelpers") or {}
    if keychain := settings.get("credsStore"):
        helpers = {**dict.fromkeys(auths, keychain), **helpers}
    kept = {name: value for name, value in settings.items() if name != "credsStore"}
    return {**kept, "auths": auths, "credHelpers": helpers}


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _write(file: Path, document: Mapping[str, Any]) -> None:
    file.touch(mode=0o600)
    file.write_text(json.dumps(document))
