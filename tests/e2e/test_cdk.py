"""The main job with the real CDK command line: one image into one container service."""

import re

import pytest

from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from lightsail_local.samples.sample_image import push_sample_image

pytestmark = pytest.mark.e2e

STACK = "LightsailContainerImage"
OWN = "tests/e2e/stacks_app.py"
NOT_PUSHED = "sha256:" + "0" * 64


def pushed(cdk: Cdk, text: str) -> str:
    return push_sample_image(cdk.cloud.lightsail.url, text)


def registrations(cdk: Cdk) -> int:
    requests = cdk.cloud.lightsail.requests
    return sum(1 for request in requests if request.operation == "RegisterContainerImage")


def test_create_no_change_replacement_failure_and_destroy(
    cdk: Cdk, deploys: CloudFormationDeploys, shop: str
) -> None:
    first, second = pushed(cdk, "first"), pushed(cdk, "second")

    created = cdk.deploy_program(service_name=shop, label="web", digest=first)
    assert created.outputs == {"ImageName": ":shop.web.1", "ImageDigest": first}, created.output
    assert cdk.images() == {":shop.web.1": first}

    count = registrations(cdk)
    unchanged = cdk.deploy(service_name=shop, label="web", digest=first)
    assert "(no changes)" in unchanged.output
    assert registrations(cdk) == count

    # What the command line would send is the same; nothing else of it is new here.
    replaced = deploys.deploy(service_name=shop, label="web", digest=second)
    assert replaced.outputs == {"ImageName": ":shop.web.2", "ImageDigest": second}, replaced.output
    assert cdk.images() == {":shop.web.2": second}

    failed = cdk.deploy(service_name=shop, label="web", digest=NOT_PUSHED)
    assert failed.returncode == 1
    # The command line wraps lines.
    assert f"no pushed image {NOT_PUSHED}" in re.sub(r"\s+", " ", failed.output)
    assert cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = cdk.reasons(STACK, "UPDATE_FAILED")
    assert "push it again, and deploy at once" in reason
    assert cdk.images() == {":shop.web.2": second}

    destroyed = cdk.destroy()
    assert destroyed.returncode == 0, destroyed.output
    assert cdk.images() == {}


def test_a_service_of_the_stack_gets_an_image_and_loses_it_with_its_resource(
    deploys: CloudFormationDeploys,
) -> None:
    web, worker = pushed_for_a_service_to_come(deploys)

    created = deploys.deploy(OWN, images=f"web={web},worker={worker}")
    assert created.outputs == {"Nameweb": ":shop.web.1", "Nameworker": ":shop.worker.1"}, (
        created.output
    )

    removed = deploys.deploy(OWN, images=f"web={web}")
    assert removed.returncode == 0, removed.output
    assert deploys.images() == {":shop.web.1": web}

    failed = deploys.deploy(OWN, images=f"web={worker}", broken=1)
    assert failed.returncode == 1
    assert deploys.status("Shop") == "UPDATE_ROLLBACK_COMPLETE"
    assert deploys.images() == {":shop.web.1": web}

    deploys.remove()
    assert deploys.client("lightsail").get_container_services()["containerServices"] == []


def pushed_for_a_service_to_come(deploys: CloudFormationDeploys) -> tuple[str, str]:
    """Push images; Lightsail gives a registry login only to who has a service."""
    lightsail = deploys.client("lightsail")
    lightsail.create_container_service(serviceName="other", power="nano", scale=1)
    digests = pushed(deploys, "web"), pushed(deploys, "worker")
    lightsail.delete_container_service(serviceName="other")
    return digests


def test_a_first_deploy_that_fails_leaves_no_image_and_a_stack_that_can_be_deleted(
    deploys: CloudFormationDeploys, shop: str
) -> None:
    failed = deploys.deploy(service_name=shop, label="web", digest=NOT_PUSHED)

    assert failed.returncode == 1
    assert deploys.status(STACK) == "ROLLBACK_COMPLETE"
    assert deploys.images() == {}
    deploys.remove()


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"label": "web", "digest": NOT_PUSHED}, "context 'service_name' is missing"),
        ({"service_name": "shop", "label": "Web", "digest": NOT_PUSHED}, "got 'Web'"),
        ({"service_name": "shop", "label": "web", "digest": "latest"}, "got 'latest'"),
        ({"service_name": "shop", "label": "web"}, "must have either 'image' or 'digest'"),
        ({"service_name": "shop", "label": "web", "image": "Web"}, "got 'Web'"),
    ],
)
def test_bad_context_is_an_error_of_the_stack(
    deploys: CloudFormationDeploys, context: dict[str, str], sentence: str
) -> None:
    assert sentence in deploys.errors(**context)


def test_bad_context_stops_the_command_line_with_a_sentence(cdk: Cdk) -> None:
    run = cdk.synth(service_name="shop", label="Web", digest=NOT_PUSHED)

    assert run.returncode == 1
    assert "got 'Web'" in run.output
    assert "Traceback" not in run.output


def test_the_example_of_an_existing_service_keeps_what_it_replaces(
    deploys: CloudFormationDeploys, shop: str
) -> None:
    first, second = pushed(deploys, "first"), pushed(deploys, "second")

    for digest in (first, second):
        run = deploys.deploy("examples/existing_service.py", digest=digest)
        assert run.returncode == 0, run.output
    assert run.outputs["ImageName"] == ":shop.web.2"
    deploys.remove()

    assert deploys.images() == {":shop.web.1": first, ":shop.web.2": second}


def test_the_example_of_a_new_service_gets_both_images(deploys: CloudFormationDeploys) -> None:
    web, worker = pushed_for_a_service_to_come(deploys)
    context = {"digest": web, "worker": worker}

    run = deploys.deploy("examples/new_service.py", **context)

    assert run.outputs == {"ImageNameweb": ":shop.web.1", "ImageNameworker": ":shop.worker.1"}, (
        run.output
    )
    deploys.remove()
