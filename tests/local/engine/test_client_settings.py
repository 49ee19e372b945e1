"""What engines push to the cloud with, and what of the user's own stays as it was."""

from __future__ import annotations

import json
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest

from lightsail_local.ecr.client_settings import write_client_settings

USERS = {
    "auths": {"ghcr.io": {}, "quay.io": {"auth": "eA=="}},
    "credsStore": "desktop",
    "credHelpers": {"quay.io": "pass"},
    "currentContext": "colima",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home with settings of Docker."""
    docker = tmp_path / "home" / ".docker"
    (docker / "contexts").mkdir(parents=True)
    (docker / "config.json").write_text(json.dumps(USERS))
    return docker.parent


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    file = tmp_path / "server.crt"
    file.write_text("the cloud's certificate\n")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clients"


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def test_docker_keeps_its_settings_and_leaves_the_keychain_alone(
    home: Path, folder: Path, certificate: Path
) -> None:
    write_client_settings(folder, certificate, {"HOME": str(home)})

    settings = read(folder / "config.json")
    assert settings["currentContext"] == "colima"
    assert "credsStore" not in settings
    # Reads the user's logins where they are.
    assert settings["credHelpers"] == {"ghcr.io": "desktop", "quay.io": "pass"}
    assert (folder / "contexts").resolve() == home / ".docker" / "contexts"
    assert read(home / ".docker" / "config.json") == USERS


def test_podman_reads_the_logins_of_docker_without_its_own(
    home: Path, folder: Path, certificate: Path
) -> None:
    write_client_settings(
        folder, certificate, {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    )

    assert read(folder / "auth.json") == {
        "auths": USERS["auths"],
        "credHelpers": {"ghcr.io": "desktop", "quay.io": "pass"},
    }


@pytest.mark.parametrize("variable", ["REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"])
def test_podman_keeps_its_own_logins(
    home: Path, folder: Path, certificate: Path, variable: str
) -> None:
    own = home / "own" / "containers" / "auth.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"auths": {"docker.io": {"auth": "eA=="}}}))
    value = own if variable == "REGISTRY_AUTH_FILE" else own.parent.parent
    environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), variable: str(value)}

    write_client_settings(folder, certificate, environ)

    assert read(folder / "auth.json")["auths"] == {"docker.io": {"auth": "eA=="}}


@pytest.mark.parametrize("written", ["", "no JSON", "[]"])
def test_settings_that_are_none_count_for_nothing(
    home: Path, folder: Path, certificate: Path, written: str
) -> None:
    (home / "config.json").write_text(written)

    write_client_settings(folder, certificate, {"DOCKER_CONFIG": str(home)})

    assert read(folder / "config.json") == {"auths": {}, "credHelpers": {}}


def test_only_the_user_reads_them(home: Path, folder: Path, certificate: Path) -> None:
    write_client_settings(folder, certificate, {"HOME": str(home)})

    modes = {stat.S_IMODE((folder / name).stat().st_mode) for name in ("config.json", "auth.json")}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})


def test_the_cloud_is_trusted_beside_the_user_s_roots(
    home: Path, folder: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("the user's roots")
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    assert ssl.get_default_verify_paths().cafile == str(roots)

    write_client_settings(folder, certificate, {"HOME": str(home)})

    trusted = (folder / "trusted.pem").read_text()
    assert trusted == "the user's roots\nthe cloud's certificate\n"
