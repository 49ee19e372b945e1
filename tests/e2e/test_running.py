"""The main job for real: a Dockerfile becomes a page, with an engine of this computer."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from demo.site import fetch

from cdk_commands import Cdk
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from lightsail_local.containers.container_engine import ContainerEngine, ContainerEngineError
from lightsail_local.containers.image_builder import ImageBuilder
from lightsail_local.containers.real_containers import RealContainers
from lightsail_local.samples.sample_image import PROGRAM
from patience import wait_until
from real_engines import ENGINES, real_engine

pytestmark = pytest.mark.e2e
APP = "tests/e2e/running_app.py"
STACK = "Running"
PASSWORD = "password-kept-secret"
DOCKERFILE = """\
FROM scratch AS built
COPY httpd /httpd
FROM built AS page
ARG PAGE
COPY ${PAGE} /srv/index.html
ENTRYPOINT ["/httpd"]
CMD [%s]
FROM built AS other
"""
SERVE, CRASH = '"-f", "-h", "/srv"', '"crash", "there is no database"'


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[ContainerEngine, Path]]:
    with real_engine(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def cdk(
    engine: tuple[ContainerEngine, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cdk]:
    found, folder = engine
    behaviour = Behaviour(service_seconds=0, health_check_second=0.02)
    containers = RealContainers(engine=found, port=0, folder=folder)
    builder = ImageBuilder.of(found.command[0])
    with LocalCloud(behaviour, containers=containers, builder=builder) as cloud:
        cdk = Cdk(cloud, tmp_path_factory.mktemp("cdk"))
        cdk.bootstrap()
        yield cdk
        with suppress(ContainerEngineError):
            found.remove_built_images(cloud.endpoints.ecr)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a Dockerfile that needs no other image, and two pages."""
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(PROGRAM, folder / "httpd")
    (folder / "Dockerfile").write_text(DOCKERFILE % SERVE)
    for page in ("one", "two"):
        (folder / page).write_text(f"page {page}")
    return folder


@contextmanager
def under_load(url: str) -> Iterator[Counter[object]]:
    """Ask a URL all the time, and count what it answers."""
    answers: Counter[object] = Counter()
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                answers[fetch(url)] += 1
            except OSError as error:
                answers[repr(error)] += 1
            ended.wait(0.02)

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        ended.set()
        for client in clients:
            client.join()


def test_a_dockerfile_becomes_a_page_that_stays_while_versions_come_and_fail(
    cdk: Cdk, engine: tuple[ContainerEngine, Path], site: Path
) -> None:
    cdk.client("secretsmanager").create_secret(Name="site", SecretString=PASSWORD)

    created = cdk.deploy(APP, folder=site, page="one", secret="site")

    (url,) = (value for value in created.outputs.values() if value.startswith("http"))
    assert url.startswith("http://site.localhost:"), created.output
    assert fetch(url) == (200, "page one")

    with under_load(url) as answers:
        updated = cdk.deploy(APP, folder=site, page="two", secret="site")
        assert updated.returncode == 0, updated.output
        assert fetch(url) == (200, "page two")

        (site / "Dockerfile").write_text(DOCKERFILE % CRASH)
        failed = cdk.deploy(APP, folder=site, page="two", secret="site")
        assert failed.returncode == 1
        assert fetch(url) == (200, "page two")
    assert set(answers) == {(200, "page one"), (200, "page two")}

    (reason,) = cdk.reasons(STACK, "UPDATE_FAILED")
    assert "deployment 3 of container service 'site' failed" in reason
    assert "container 'web': Error: cannot start: there is no database" in reason
    assert cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
    # A program that crashes prints its environment.
    arrived = cdk.client("lightsail").get_container_log(
        serviceName="site", containerName="web", filterPattern=f"PASSWORD={PASSWORD}"
    )
    assert arrived["logEvents"]
    assert PASSWORD not in failed.output + reason + cdk.function_log("container log")

    cdk.remove()
    found, _ = engine
    wait_until(lambda: not found.containers())
