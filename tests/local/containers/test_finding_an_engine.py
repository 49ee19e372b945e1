from __future__ import annotations

import fcntl
import json
import math
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from lightsail_local.containers.container_engine import ContainerEngine, ContainerEngineError
from lightsail_local.containers.docker_archive import write_program_archive
from lightsail_local.containers.find_container_engine import (
    NoContainerEngineError,
    find_container_engine,
)
from lightsail_local.containers.image_builder import find_image_builder
from lightsail_local.containers.started_clouds import StartedCloud, started_cloud
from running_services import FakeEngine


def test_finds_the_engine_that_is_installed_and_leaves_no_trial(
    fake: FakeEngine, cloud: StartedCloud
) -> None:
    engine = find_container_engine(cloud)

    assert list(engine.command) == [str(fake.program)]
    assert engine.version == "fake version 1.0, server 1.1"
    assert engine.processors == 2
    assert engine.is_limiting
    assert not engine.run_options
    assert fake.containers == []


def test_an_engine_that_does_not_tell_its_processors_limits_to_any_number(
    fake: FakeEngine, cloud: StartedCloud
) -> None:
    fake.be("silent")

    engine = find_container_engine(cloud)

    assert engine.version == "fake version 1.0"
    assert engine.processors == math.inf


def test_podman_is_not_asked_for_its_processors(fake: FakeEngine) -> None:
    engine = ContainerEngine(
        command=[str(fake.program)], cloud="its", version="podman version 4.3.1"
    )

    assert engine.asked() is engine


def test_tells_that_none_is_installed(
    cloud: StartedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        NoContainerEngineError, match=r"^none of docker, podman, nerdctl, finch is installed$"
    ):
        find_container_engine(cloud)
    with pytest.raises(NoContainerEngineError, match=r"^podman is not installed$"):
        find_container_engine(cloud, ["podman"])


def test_a_program_that_only_has_an_engine_s_name_is_none(
    fake: FakeEngine, cloud: StartedCloud
) -> None:
    fake.program.unlink()
    chat = fake.program.with_name("finch")
    chat.write_text(
        '#!/bin/sh\n[ "$*" = --version ] && echo "Finch 2.14.12" || touch "$0.opened"\n'
    )
    chat.chmod(0o700)

    with pytest.raises(NoContainerEngineError, match=r"^none of .*, finch is installed$"):
        find_container_engine(cloud)

    assert find_image_builder() is None
    assert not chat.with_name("finch.opened").exists()


def test_tells_the_error_of_each_that_does_not_start_containers(
    fake: FakeEngine, cloud: StartedCloud
) -> None:
    fake.be("broken")
    (fake.program.parent / "podman").symlink_to(fake.program)

    with pytest.raises(NoContainerEngineError) as caught:
        find_container_engine(cloud)

    assert str(caught.value) == (
        "docker cannot start containers: Error: the runtime refuses: broken; "
        "podman cannot start containers: Error: the runtime refuses: broken"
    )
    assert fake.images == []


def test_tells_that_an_engine_is_not_running(fake: FakeEngine, cloud: StartedCloud) -> None:
    fake.be("down")

    with pytest.raises(NoContainerEngineError, match="cannot connect to the daemon"):
        find_container_engine(cloud)


def test_tells_that_its_containers_do_not_answer(fake: FakeEngine, cloud: StartedCloud) -> None:
    fake.be("unreachable")

    with pytest.raises(NoContainerEngineError, match="does not answer on this computer"):
        find_container_engine(cloud, trials=2)

    assert fake.containers == []


def test_gives_what_a_computer_needs_for_containers_to_start(
    fake: FakeEngine, cloud: StartedCloud
) -> None:
    fake.be("low limits")
    assert "nofile=1024:1024" in find_container_engine(cloud).run_options

    fake.be("unlimited")
    assert not find_container_engine(cloud).is_limiting


def test_gives_podman_another_runtime(fake: FakeEngine, cloud: StartedCloud) -> None:
    fake.be("runc")
    for name in ("podman", "runc"):
        (fake.program.parent / name).symlink_to(fake.program)

    assert find_container_engine(cloud, ["podman"]).command[1:] == ["--runtime", "runc"]


def test_a_program_that_is_gone_by_now_is_told(fake: FakeEngine, cloud: StartedCloud) -> None:
    engine = find_container_engine(cloud)
    fake.program.unlink()

    with pytest.raises(ContainerEngineError, match="docker does not run: "):
        engine.pull("public/web:1")
    fake.make(fake.program.parents[1], "docker")


def test_a_cloud_leaves_nothing(fake: FakeEngine, tmp_path: Path) -> None:
    with started_cloud(tmp_path / "clouds") as cloud:
        find_container_engine(cloud)
        assert fake.images

    assert fake.images == []
    assert not cloud.folder.exists()
    assert list((tmp_path / "clouds" / "containers").iterdir()) == []


def test_a_cloud_that_cannot_be_remembered_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = tmp_path / "folders"
    folders.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folders))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As on a disk that is full: a file may be there, and nothing in it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"), started_cloud(tmp_path / "clouds"):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(folders.iterdir()) == []
    assert list((tmp_path / "clouds" / "containers").iterdir()) == []


def killed(state: Path, fake: FakeEngine, record: str | None = None) -> Path:
    """Leave what a killed cloud leaves: a record, an image, containers with one network."""
    folder = state / "containers"
    folder.mkdir(parents=True)
    path = folder / "dead.json"
    noted = {"folder": str(state.parent / "left"), "program": str(fake.program)}
    path.write_text(json.dumps(noted) if record is None else record)
    (fake.state / "images" / "localhost%lightsail-local%dead:program").mkdir()
    left = {"process": 2**22 + 1, "cloud": "dead", "ports": {}}
    (fake.state / "containers" / "left").write_text(json.dumps(left))
    beside = {**left, "network_of": "left"}
    (fake.state / "containers" / "left-1").write_text(json.dumps(beside))
    return path


def test_the_next_cloud_clears_what_a_killed_one_left(fake: FakeEngine, tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    path = killed(tmp_path / "clouds", fake)

    with started_cloud(tmp_path / "clouds"):
        assert not path.exists()

    assert fake.images == []
    assert fake.containers == []
    assert not left.exists()


def test_the_next_cloud_leaves_a_living_one_alone(fake: FakeEngine, tmp_path: Path) -> None:
    with started_cloud(tmp_path / "clouds") as living:
        find_container_engine(living)

        with started_cloud(tmp_path / "clouds"):
            assert living.folder.exists()

        assert fake.images


def test_a_killed_cloud_is_remembered_until_its_engine_answers(
    fake: FakeEngine, tmp_path: Path
) -> None:
    path = killed(tmp_path / "clouds", fake)
    fake.be("down")

    with started_cloud(tmp_path / "clouds"):
        assert path.exists()

    assert fake.containers == ["left", "left-1"]


def test_a_cloud_is_cleared_though_its_engine_is_busy_at_first(
    fake: FakeEngine, tmp_path: Path
) -> None:
    path = killed(tmp_path / "clouds", fake)
    fake.be("busy")

    with started_cloud(tmp_path / "clouds"):
        assert not path.exists()

    assert fake.images == []


def test_a_killed_cloud_is_remembered_while_its_images_cannot_be_listed(
    fake: FakeEngine, tmp_path: Path
) -> None:
    path = killed(tmp_path / "clouds", fake)
    fake.be("damaged")

    with started_cloud(tmp_path / "clouds"):
        assert path.exists()

    assert fake.containers == []


def test_a_killed_cloud_is_remembered_while_its_containers_cannot_be_removed(
    fake: FakeEngine, tmp_path: Path
) -> None:
    path = killed(tmp_path / "clouds", fake)
    fake.be("stuck")

    with started_cloud(tmp_path / "clouds"):
        assert path.exists()

    assert fake.containers == ["left", "left-1"]


def test_what_the_cdk_has_built_for_a_registry_is_removed_under_each_of_its_names(
    fake: FakeEngine, cloud: StartedCloud, tmp_path: Path
) -> None:
    engine = find_container_engine(cloud)
    for name in ("aws.localhost:1/assets:a1", "cdkasset-a1", "cdkasset-b2", "web:a1"):
        write_program_archive(tmp_path / "image.tar", name)
        engine.load(tmp_path / "image.tar")

    engine.remove_built_images("aws.localhost:1")

    assert [name for name in fake.images if "lightsail" not in name] == ["cdkasset-b2", "web:a1"]


def test_images_are_loaded_and_removed_by_one_cloud_at_a_time(
    fake: FakeEngine, cloud: StartedCloud, tmp_path: Path
) -> None:
    engine = find_container_engine(cloud)
    write_program_archive(tmp_path / "image.tar", "web:1")
    acts = [partial(engine.load, tmp_path / "image.tar"), partial(engine.remove_built_images, "x")]

    with ThreadPoolExecutor() as threads:
        with fake.program.open() as program:
            fcntl.flock(program, fcntl.LOCK_EX)
            calls = fake.calls
            begun = [threads.submit(act) for act in acts]
            time.sleep(0.3)
            assert fake.calls == calls
        for one in begun:
            one.result(timeout=60)

    assert "web:1" in fake.images


def test_a_cloud_that_was_killed_at_its_very_start_is_forgotten(
    fake: FakeEngine, tmp_path: Path
) -> None:
    path = killed(tmp_path / "clouds", fake, "")

    with started_cloud(tmp_path / "clouds"):
        assert not path.exists()


def test_a_killed_cloud_that_left_no_image_is_forgotten(fake: FakeEngine, tmp_path: Path) -> None:
    path = killed(tmp_path / "clouds", fake)
    (fake.state / "images" / "localhost%lightsail-local%dead:program").rmdir()
    for container in fake.containers:
        (fake.state / "containers" / container).unlink()

    with started_cloud(tmp_path / "clouds"):
        assert not path.exists()
