import dataclasses
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightsail_local.endpoints import Endpoints
from lightsail_local.running_clouds import announced, running_clouds


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "lightsail-local"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def endpoints(tmp_path: Path, listener: socket.socket) -> Endpoints:
    certificate = tmp_path / "server.crt"
    certificate.touch()
    return Endpoints(
        engine=f"https://127.0.0.1:{listener.getsockname()[1]}",
        lightsail="http://127.0.0.1:2",
        registry="127.0.0.1:3",
        ecr="127.0.0.1:4",
        clients="/cloud/clients",
        builder="",
        certificate=str(certificate),
        cdk_home=str(tmp_path),
        region="us-east-1",
        account="000000000000",
    )


def test_finds_a_cloud_for_as_long_as_it_is_announced(
    state: Path, endpoints: Endpoints, listener: socket.socket
) -> None:
    with announced(endpoints):
        assert running_clouds() == {listener.getsockname()[1]: endpoints}

    assert running_clouds() == {}
    assert list(state.iterdir()) == []


def test_keeps_other_users_out_of_its_folder(state: Path, endpoints: Endpoints) -> None:
    state.mkdir(parents=True, mode=0o777)

    with announced(endpoints):
        assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_keeps_its_folder_in_the_users_home_by_default(
    tmp_path: Path, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    with announced(endpoints):
        assert len(list((tmp_path / ".local/state/lightsail-local").iterdir())) == 1


def test_ignores_a_cloud_that_was_killed_though_its_port_is_in_use_again(
    state: Path, endpoints: Endpoints
) -> None:
    with announced(endpoints):
        Path(endpoints.certificate).unlink()

        assert running_clouds() == {}


def test_ignores_a_cloud_that_does_not_answer(
    state: Path, endpoints: Endpoints, listener: socket.socket
) -> None:
    listener.close()
    state.mkdir(parents=True)
    (state / "1.json").write_text(json.dumps(dataclasses.asdict(endpoints)))

    assert running_clouds() == {}


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"engine": "https://127.0.0.1:1"}'])
def test_ignores_a_file_that_describes_no_cloud(state: Path, written: str) -> None:
    """As of another version, or half written."""
    state.mkdir(parents=True)
    (state / "1.json").write_text(written)

    assert running_clouds() == {}
