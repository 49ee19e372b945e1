"""Images in archives, which are uploaded to the local Amazon S3, once by the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import archives
import oci_images
from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys

pytestmark = pytest.mark.e2e

APP = "examples/from_archive.py"
MADE = oci_images.multi_arch(*oci_images.layers(3, 400_000, "archived"))
AMD64 = MADE.manifests[-1].digest


@pytest.fixture(scope="session")
def cdk(deploys: CloudFormationDeploys) -> CloudFormationDeploys:
    """The cloud without the command line."""
    return deploys


@pytest.fixture(autouse=True)
def no_stack_is_left(cdk: Cdk, shop: str) -> Iterator[None]:  # before the service goes
    yield
    cdk.delete("FromArchive")


def test_the_example_of_an_archive_carries_a_folder_and_then_a_tar_file(
    cdk: Cdk, command_line: Cdk, shop: str, tmp_path: Path
) -> None:
    folder = archives.write(tmp_path / "layout", archives.layout(MADE))
    created = command_line.deploy(APP, archive=folder)
    assert created.outputs == {"ImageName": ":shop.web.1", "ImageDigest": AMD64}, created.output
    assert source(cdk)["Key"].endswith(".zip")

    another = oci_images.image(*oci_images.layers(2, 400_000, "another"))
    file = tmp_path / "image.tar"
    file.write_bytes(archives.tar(archives.layout(another)))
    replaced = cdk.deploy(APP, archive=file)
    assert replaced.outputs["ImageDigest"] == another.digest, replaced.output
    assert source(cdk)["Key"].endswith(".tar")
    assert cdk.images() == {":shop.web.2": another.digest}

    cdk.remove()
    assert cdk.images() == {}


def test_an_archive_of_docker_save_becomes_an_image_of_its_layers(
    cdk: Cdk, shop: str, tmp_path: Path
) -> None:
    layers = oci_images.layers(2, 400_000, "saved")
    file = tmp_path / "saved.tar"
    file.write_bytes(archives.tar(archives.docker_files(*layers)))

    created = cdk.deploy(APP, archive=file)

    assert created.outputs["ImageName"] == ":shop.web.1", created.output
    digest = created.outputs["ImageDigest"]
    assert cdk.images() == {":shop.web.1": digest}
    manifest = cdk.cloud.lightsail.images.manifest(digest)
    assert manifest is not None
    found = [layer["digest"] for layer in json.loads(manifest.content)["layers"]]
    assert found == [oci_images.digest_of(layer) for layer in layers]
    cdk.remove()
    assert cdk.images() == {}


def test_an_archive_without_linux_amd64_is_refused_with_its_platforms(
    cdk: Cdk, shop: str, tmp_path: Path
) -> None:
    made = oci_images.image(b"layer", platform="linux/arm64")
    folder = archives.write(tmp_path / "layout", archives.layout(made))

    run = cdk.deploy(APP, archive=folder)

    assert run.returncode == 1
    (reason,) = cdk.reasons("FromArchive", "CREATE_FAILED")
    assert "is for linux/arm64, not for linux/amd64: build it with --platform" in reason
    assert cdk.images() == {}


def source(cdk: Cdk) -> dict[str, str]:
    """Where the deployed stack says its archive is."""
    body = cdk.client("cloudformation").get_template(StackName="FromArchive")["TemplateBody"]
    template = body if isinstance(body, dict) else json.loads(body)
    (image,) = [
        resource
        for resource in template["Resources"].values()
        if resource["Type"] == "Custom::LightsailContainerImage"
    ]
    found: dict[str, str] = image["Properties"]["Source"]
    return found
