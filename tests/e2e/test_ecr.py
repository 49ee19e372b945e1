"""Images that Docker builds, and images of Amazon ECR, with the real CDK command line.

Real are the command line, the assets, the permissions of the template and the function with its
login and its TLS. Docker and the registry of Amazon ECR are fakes, see `fake_ecr`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import oci_images
from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from fake_ecr import HOST, FakeEcr, fake_ecr
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ecr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeEcr]:
    with fake_ecr(tmp_path_factory.mktemp("ecr")) as given:
        yield given


@pytest.fixture(scope="module")
def cdk(tmp_path_factory: pytest.TempPathFactory, ecr: FakeEcr) -> Iterator[Cdk]:
    """The command line on a cloud whose functions reach that Amazon ECR."""
    with LocalCloud(Behaviour(service_seconds=0.5), environment=ecr.engine_environment) as cloud:
        cdk = Cdk(cloud, tmp_path_factory.mktemp("cdk"), ecr.environment)
        cdk.bootstrap()
        yield cdk


def test_the_example_of_a_dockerfile_is_built_and_carried(cdk: Cdk, ecr: FakeEcr) -> None:
    app = "examples/from_dockerfile.py"
    made = oci_images.image(*oci_images.layers(3, 300_000, "built"), docker=True)
    ecr.build(made)

    created = cdk.deploy(app)

    assert created.outputs == {"ImageName": ":shop.web.1"}, created.output
    assert cdk.images() == {":shop.web.1": made.digest}
    (build,) = ecr.commands("build")
    assert build[build.index("--platform") + 1] == "linux/amd64"
    assert build[build.index("--build-arg") + 1] == "NGINX=1.27-alpine"
    ((pushed,),) = ecr.commands("push")
    assert pushed.startswith(f"{HOST}/cdk-hnb659fds-container-assets-")

    cdk.remove()
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []


def test_the_example_of_an_asset_brings_one_image_to_two_services(
    cdk: Cdk, ecr: FakeEcr, shop: str
) -> None:
    app = "examples/from_docker_image_asset.py"
    lightsail = cdk.client("lightsail")
    lightsail.create_container_service(serviceName="blog", power="nano", scale=1)
    made = oci_images.image(*oci_images.layers(2, 300_000, "shared"))
    ecr.build(made)

    created = cdk.deploy(app)

    assert created.returncode == 0, created.output
    assert created.outputs["ImageUri"] == ecr.commands("push")[-1][-1]
    assert cdk.images() == {":shop.web.1": made.digest}
    assert cdk.images("blog") == {":blog.web.1": made.digest}
    cdk.remove()
    assert cdk.images() == cdk.images("blog") == {}
    lightsail.delete_container_service(serviceName="blog")


def test_the_example_of_a_repository_is_carried_by_tag_and_by_digest(
    cdk: Cdk, ecr: FakeEcr, shop: str, tmp_path: Path
) -> None:
    cdk = CloudFormationDeploys(cdk.cloud, tmp_path)
    app = "examples/from_ecr.py"
    first, second = (oci_images.image(text.encode()) for text in ("first", "second"))
    ecr.registry.add(first, "1.4")
    ecr.registry.add(second)

    by_tag = cdk.deploy(app, tag="1.4")
    assert by_tag.outputs == {"ImageName": ":shop.web.1"}, by_tag.output
    assert cdk.images() == {":shop.web.1": first.digest}

    gone = cdk.deploy(app, tag="1.5")
    assert gone.returncode == 1
    (reason,) = cdk.reasons("FromEcr", "UPDATE_FAILED")
    assert f"{HOST} did not give manifest 1.5 of acme/web (404 MANIFEST_UNKNOWN" in reason

    by_digest = cdk.deploy(app, tag=second.digest)
    assert by_digest.outputs == {"ImageName": ":shop.web.2"}, by_digest.output
    assert cdk.images() == {":shop.web.2": second.digest}
    cdk.remove()
    assert cdk.images() == {}


def test_the_example_of_a_web_service_is_built_carried_and_serves(cdk: Cdk, ecr: FakeEcr) -> None:
    app = "examples/web_service.py"
    made = oci_images.image(*oci_images.layers(2, 300_000, "site"), docker=True)
    ecr.build(made)

    created = cdk.deploy(app)

    assert created.returncode == 0, created.output
    assert [value for value in created.outputs.values() if value.startswith("https://site.")]
    (service,) = cdk.client("lightsail").get_container_services()["containerServices"]
    assert service["currentDeployment"]["containers"]["web"]["image"] == ":site.web.1"
    assert cdk.images("site") == {":site.web.1": made.digest}
    cdk.remove()
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []


def test_the_example_of_a_web_service_and_its_worker_runs_one_image_in_both(
    cdk: Cdk, ecr: FakeEcr
) -> None:
    app = "examples/blue_and_worker.py"
    made = oci_images.image(*oci_images.layers(2, 300_000, "blue"), docker=True)
    ecr.build(made)

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
