"""Images that Docker builds, and images of Amazon ECR, with the real CDK command line.

Real are the command line, the assets, the permissions of the template, the local Amazon ECR and
the function with its login and its TLS. What builds and pushes is a fake, for there may be no
engine; one that is there does so by night.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import oci_images
from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from ecr_client import EcrClient
from fake_image_builder import FakeImageBuilder
from fake_proxy import fake_proxy
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from lightsail_local.containers.container_engine import ContainerEngine, ContainerEngineError
from lightsail_local.containers.image_builder import find_image_builder
from lightsail_local.samples.sample_image import PROGRAM

pytestmark = pytest.mark.e2e
NAME = "000000000000.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(Behaviour(service_seconds=0.5), builder=find_image_builder()) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> FakeImageBuilder:
    return FakeImageBuilder(tmp_path_factory.mktemp("builder"))


@pytest.fixture(scope="module")
def cdk(
    tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud, builder: FakeImageBuilder
) -> Cdk:
    cdk = Cdk(cloud, tmp_path_factory.mktemp("cdk"), builder.environment)
    cdk.bootstrap()
    return cdk


@pytest.fixture
def deploys(cloud: LocalCloud, tmp_path: Path) -> CloudFormationDeploys:
    """The same cloud without the command line, which starts no builder."""
    return CloudFormationDeploys(cloud, tmp_path)


@pytest.fixture(autouse=True)
def no_assets(cdk: Cdk) -> None:
    """Delete what was pushed before: the command line does not build what is there."""
    ecr: Any = cdk.client("ecr")
    for repository in ecr.describe_repositories()["repositories"]:
        name = repository["repositoryName"]
        if images := ecr.list_images(repositoryName=name)["imageIds"]:
            ecr.batch_delete_image(repositoryName=name, imageIds=images)


def test_the_example_of_a_dockerfile_is_built_and_carried(
    cdk: Cdk, builder: FakeImageBuilder
) -> None:
    app = "examples/from_dockerfile.py"
    made = oci_images.image(*oci_images.layers(3, 300_000, "built"), docker=True)
    builder.build(made)

    created = cdk.deploy(app)

    assert created.outputs == {"ImageName": ":shop.web.1"}, created.output
    assert cdk.images() == {":shop.web.1": made.digest}
    (build,) = builder.commands("build")
    assert build[build.index("--platform") + 1] == "linux/amd64"
    assert build[build.index("--build-arg") + 1] == "NGINX=1.27-alpine"
    ((pushed,),) = builder.commands("push")
    assert pushed.startswith(f"{cdk.cloud.endpoints.ecr}/cdk-hnb659fds-container-assets-")

    cdk.remove()
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []


def test_the_example_of_an_asset_brings_one_image_to_two_services(
    deploys: CloudFormationDeploys, shop: str
) -> None:
    cdk = deploys
    app = "examples/from_docker_image_asset.py"
    lightsail = cdk.client("lightsail")
    lightsail.create_container_service(serviceName="blog", power="nano", scale=1)
    made = oci_images.image(*oci_images.layers(2, 300_000, "shared"))
    cdk.built = made

    created = cdk.deploy(app)

    assert created.returncode == 0, created.output
    # The template has Amazon ECR's own name, as on AWS.
    assert created.outputs["ImageUri"].startswith(f"{NAME}/cdk-hnb659fds-container-assets-")
    assert cdk.images() == {":shop.web.1": made.digest}
    assert cdk.images("blog") == {":blog.web.1": made.digest}
    cdk.remove()
    assert cdk.images() == cdk.images("blog") == {}
    lightsail.delete_container_service(serviceName="blog")


def test_the_example_of_a_repository_is_carried_by_tag_and_by_digest(
    deploys: CloudFormationDeploys, shop: str
) -> None:
    cdk = deploys
    app = "examples/from_ecr.py"
    first, second = (oci_images.image(text.encode()) for text in ("first", "second"))
    endpoints = cdk.cloud.endpoints
    ecr: Any = cdk.client("ecr")
    ecr.create_repository(repositoryName="acme/web")
    registry = EcrClient.of_api(ecr, endpoints.ecr, Path(endpoints.certificate))
    registry.push("acme/web", first, "1.4")
    registry.push("acme/web", second, second.digest)

    by_tag = cdk.deploy(app, tag="1.4")
    assert by_tag.outputs == {"ImageName": ":shop.web.1"}, by_tag.output
    assert cdk.images() == {":shop.web.1": first.digest}

    gone = cdk.deploy(app, tag="1.5")
    assert gone.returncode == 1
    (reason,) = cdk.reasons("FromEcr", "UPDATE_FAILED")
    assert f"{NAME} did not give manifest 1.5 of acme/web (404 MANIFEST_UNKNOWN" in reason

    by_digest = cdk.deploy(app, tag=second.digest)
    assert by_digest.outputs == {"ImageName": ":shop.web.2"}, by_digest.output
    assert cdk.images() == {":shop.web.2": second.digest}
    cdk.remove()
    assert cdk.images() == {}


def test_a_function_with_a_proxy_reaches_everything_through_it(
    deploys: CloudFormationDeploys, shop: str
) -> None:
    cdk = deploys
    endpoints = cdk.cloud.endpoints
    made = oci_images.image(b"proxied")
    ecr: Any = cdk.client("ecr")
    ecr.create_repository(repositoryName="acme/proxied")
    EcrClient.of_api(ecr, endpoints.ecr, Path(endpoints.certificate)).push(
        "acme/proxied", made, "1"
    )
    with fake_proxy(names={NAME: endpoints.ecr}) as proxy:
        app = "tests/e2e/proxied_app.py"

        # The local cloud's own NO_PROXY would leave everything out.
        created = cdk.deploy(app, proxy=proxy.url, unproxied="localhost")

        assert created.returncode == 0, created.output
        assert cdk.images() == {":shop.web.1": made.digest}
        # AWS's APIs and ResponseURL, and the registry.
        api = urlsplit(endpoints.engine).netloc
        assert set(proxy.asked) == {api, f"{NAME}:443"}
        cdk.remove()
    assert cdk.images() == {}


def test_the_example_of_a_web_service_is_carried_and_serves(
    deploys: CloudFormationDeploys,
) -> None:
    cdk = deploys
    app = "examples/web_service.py"
    made = oci_images.image(*oci_images.layers(2, 300_000, "site"), docker=True)
    cdk.built = made

    created = cdk.deploy(app)

    assert created.returncode == 0, created.output
    assert [value for value in created.outputs.values() if value.startswith("https://site.")]
    (service,) = cdk.client("lightsail").get_container_services()["containerServices"]
    assert service["currentDeployment"]["containers"]["web"]["image"] == ":site.web.1"
    assert cdk.images("site") == {":site.web.1": made.digest}
    cdk.remove()
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []


def test_the_example_of_a_web_service_and_its_worker_runs_one_image_in_both(
    deploys: CloudFormationDeploys,
) -> None:
    cdk = deploys
    app = "examples/blue_and_worker.py"
    made = oci_images.image(*oci_images.layers(2, 300_000, "blue"), docker=True)
    cdk.built = made

    created = cdk.deploy(app)

    assert created.returncode == 0, created.output
    assert cdk.images("blue") == {":blue.web.1": made.digest}
    assert cdk.images("worker") == {":worker.worker.1": made.digest}
    services = cdk.client("lightsail").get_container_services()["containerServices"]
    assert {one["containerServiceName"]: one["state"] for one in services} == {
        "blue": "RUNNING",
        "worker": "RUNNING",
    }
    cdk.remove()


@pytest.mark.nightly
@pytest.mark.parametrize("pushes", ["engine", "lightsail-local docker"])
def test_a_dockerfile_is_built_by_an_engine_of_this_computer(
    cdk: Cdk, tmp_path: Path, pushes: str
) -> None:
    builder = find_image_builder()
    if builder is None:
        pytest.skip("no engine answers")
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(PROGRAM, folder / "httpd")
    (folder / "Dockerfile").write_text(
        "FROM scratch AS built\nARG WORD\nCOPY httpd /httpd\nLABEL word=$WORD\n"
        'FROM built AS page\nENTRYPOINT ["/httpd"]\nFROM built AS other\n'
    )
    program = {"CDK_DOCKER": f"{cdk.cloud.endpoints.clients}/cdk-docker"}
    real = Cdk(cdk.cloud, tmp_path, {} if pushes == "engine" else program)

    created = real.deploy("tests/e2e/building_app.py", folder=folder)
    again = real.deploy("tests/e2e/building_app.py", folder=folder)

    assert created.returncode == 0, created.output
    (digest,) = real.images().values()
    ((config,),) = [cdk.cloud.lightsail.images.configs(digest)]
    assert config.labels["word"] == "hello"
    assert "no changes" in again.output
    real.remove()
    with suppress(ContainerEngineError):
        engine = ContainerEngine(command=[builder.program], cloud="none")
        engine.remove_built_images(cdk.cloud.endpoints.ecr)
