"""Images that move inside their stack, and updates that go back, with CloudFormation's API."""

from collections.abc import Iterator
from typing import Any

import pytest
from demo.cdk_program import Ended

import fake_registry
import oci_images
from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from fake_registry import FakeRegistry
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.failure import Failure
from lightsail_local.samples.sample_image import push_sample_image

pytestmark = pytest.mark.e2e

APP, STACK = "tests/e2e/moving_app.py", "Moving"


@pytest.fixture(scope="session")
def cdk(deploys: CloudFormationDeploys) -> CloudFormationDeploys:
    """The cloud without the command line."""
    return deploys


@pytest.fixture(autouse=True)
def no_stack_is_left(cdk: Cdk, shop: str) -> Iterator[None]:  # before the service goes
    yield
    cdk.delete(STACK)


def pushed(cdk: Cdk, text: str) -> str:
    return push_sample_image(cdk.cloud.lightsail.url, text)


def deployed(cdk: Cdk, **context: object) -> Ended:
    run = cdk.deploy(APP, **context)
    assert run.returncode == 0, run.output
    return run


def failed(cdk: Cdk, **context: object) -> None:
    run = cdk.deploy(APP, **context)
    assert run.returncode == 1
    assert cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE", run.output


def test_an_image_whose_construct_moves_stays(cdk: Cdk, shop: str) -> None:
    digest = pushed(cdk, "first")
    deployed(cdk, at="Image", digest=digest)

    for there in ("Other", "Web/Image"):
        assert deployed(cdk, at=there, digest=digest).outputs == {"ImageName": ":shop.web.1"}
        assert cdk.images() == {":shop.web.1": digest}

    assert "(no changes)" in deployed(cdk, at=there, digest=digest).output
    cdk.remove()
    assert cdk.images() == {}


def test_an_image_that_moves_and_changes_is_replaced(cdk: Cdk, shop: str) -> None:
    first, second = pushed(cdk, "first"), pushed(cdk, "second")
    deployed(cdk, at="Image", digest=first)

    deployed(cdk, at="Other", digest=second)

    assert cdk.images() == {":shop.web.2": second}


def test_an_image_whose_move_fails_stays(cdk: Cdk, shop: str) -> None:
    digest = pushed(cdk, "first")
    deployed(cdk, at="Image", digest=digest)

    failed(cdk, at="Other", digest=digest, broken=1)

    assert cdk.images() == {":shop.web.1": digest}
    assert "(no changes)" in deployed(cdk, at="Image", digest=digest).output
    cdk.remove()
    assert cdk.images() == {}


def test_an_image_that_moves_and_changes_and_fails_is_the_one_of_before(
    cdk: Cdk, shop: str
) -> None:
    first, second = pushed(cdk, "first"), pushed(cdk, "second")
    deployed(cdk, at="Image", digest=first)

    failed(cdk, at="Other", digest=second, broken=1)

    assert cdk.images() == {":shop.web.1": first}


@pytest.fixture
def source() -> Iterator[FakeRegistry]:
    with fake_registry.fake_registry() as registry:
        yield registry


@pytest.fixture
def deploying(cdk: Cdk) -> Iterator[None]:
    behaviour: Behaviour = cdk.cloud.lightsail.behaviour
    before = behaviour.deployment_seconds
    behaviour.deployment_seconds = 1
    yield
    behaviour.deployment_seconds = before


def publish(source: FakeRegistry, tag: str, text: str, fails: Failure | None = None) -> str:
    """Make a tag name an image, and return its digest."""
    made = oci_images.sample(text, fails=fails)
    source.add(made, tag)
    return made.digest


def running(cdk: Cdk) -> Any:
    (found,) = cdk.client("lightsail").get_container_services(serviceName="shop")[
        "containerServices"
    ]
    return found["currentDeployment"]["containers"]["web"]["image"]


def stands_for(cdk: Cdk) -> set[str]:
    """The images that the stack's resources stand for."""
    found = cdk.client("cloudformation").describe_stack_resources(StackName=STACK)
    return {
        each["PhysicalResourceId"]
        for each in found["StackResources"]
        if each["ResourceType"] == "Custom::LightsailContainerImage"
    }


def test_a_tag_that_moved_to_an_image_that_fails_is_what_it_was(
    cdk: Cdk, shop: str, source: FakeRegistry, deploying: None
) -> None:
    context = {"at": "Image", "image": f"{source.host}/web:live", "deploys": 1}
    serves = publish(source, "live", "serves")
    deployed(cdk, revision=1, **context)

    publish(source, "live", "crashes", fails="crash")
    failed(cdk, revision=2, **context)

    assert stands_for(cdk) == {":shop.web.1"}
    assert cdk.images() == {":shop.web.1": serves}
    assert running(cdk) == ":shop.web.1"
    assert "(no changes)" in deployed(cdk, revision=1, **context).output


def test_an_update_goes_back_to_an_image_whose_source_is_gone(
    cdk: Cdk, shop: str, source: FakeRegistry, deploying: None
) -> None:
    serves = publish(source, "one", "serves")
    deployed(cdk, at="Image", image=f"{source.host}/web:one", deploys=1)

    publish(source, "two", "crashes", fails="crash")
    del source.manifests["one"], source.manifests[serves]
    failed(cdk, at="Image", image=f"{source.host}/web:two", deploys=1)

    assert stands_for(cdk) == {":shop.web.1"}
    assert cdk.images() == {":shop.web.1": serves}
    assert running(cdk) == ":shop.web.1"
