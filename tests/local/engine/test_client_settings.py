"""What engines push to the cloud with, and what of the user's own stays as it was."""

from __future__ import annotations

import json
import os
import ssl
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lightsail_local.ecr import client_settings
from lightsail_local.ecr.client_settings import write_client_settings

_OTHER_USER = 65534
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
def private(home: Path) -> Iterator[Path]:
    """A folder that only another user may read."""
    docker = home / ".docker"
    (docker / "containers").mkdir()
    (docker / "containers" / "auth.json").write_text("{}")
    docker.chmod(0)
    yield docker
    docker.chmod(0o700)


@contextmanager
def as_another_user(folder: str) -> Iterator[None]:
    """Be a user who may read what its modes allow, which root may always, and who owns a folder."""
    if os.getuid():
        yield
        return
    os.chown(folder, _OTHER_USER, _OTHER_USER)
    os.setresuid(_OTHER_USER, _OTHER_USER, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


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


@pytest.mark.parametrize("place", ["containers/{}/auth.json", "user/{}/containers/auth.json"])
def test_podman_keeps_the_logins_of_a_user_without_a_session(
    home: Path,
    folder: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    place: str,
) -> None:
    monkeypatch.setattr(client_settings, "_RUN", tmp_path)
    own = tmp_path / place.format(os.getuid())
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"auths": {"docker.io": {"auth": "eA=="}}}))

    write_client_settings(folder, certificate, {"HOME": str(home)})

    assert read(folder / "auth.json")["auths"] == {"docker.io": {"auth": "eA=="}}


def test_what_the_user_may_not_read_counts_for_nothing(private: Path, certificate: Path) -> None:
    """As after `sudo docker login`, which may leave the user's settings to root."""
    written = certificate.read_text()
    environ = {"DOCKER_CONFIG": str(private), "XDG_RUNTIME_DIR": str(private)}
    with tempfile.TemporaryDirectory() as parent, as_another_user(parent):
        folder = Path(parent, "clients")
        own = Path(parent, "server.crt")
        own.write_text(written)

        write_client_settings(folder, own, {"HOME": str(private), **environ})

        assert read(folder / "config.json") == {"auths": {}, "credHelpers": {}}
        assert read(folder / "auth.json") == {"auths": {}, "credHelpers": {}}
        assert not (folder / "contexts").is_symlink()


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
