"""Many stacks that CloudFormation makes, changes and deletes at once, functions and all."""

from collections import Counter

import pytest

from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from lightsail_local.samples.sample_image import push_sample_image

pytestmark = pytest.mark.e2e

APP = "tests/e2e/many_app.py"
ROOM, MOST = 5, 150


@pytest.fixture(scope="session")
def cdk(deploys: CloudFormationDeploys) -> CloudFormationDeploys:
    """The cloud without the command line."""
    return deploys


def pushed(cdk: Cdk, text: str) -> str:
    return push_sample_image(cdk.cloud.lightsail.url, text)


def statuses(cdk: Cdk) -> Counter[str]:
    return Counter(cdk.status(stack) for stack in cdk.stacks())


@pytest.mark.parametrize("count", [8, pytest.param(20, marks=pytest.mark.nightly)])
def test_many_stacks_share_the_room_that_a_service_has_left(
    cdk: Cdk, shop: str, count: int
) -> None:
    call = cdk.cloud.lightsail.lightsail.call
    other = {"serviceName": shop, "label": "other", "digest": pushed(cdk, "of another user")}
    for _ in range(MOST - ROOM):
        call("RegisterContainerImage", other)
    others = cdk.images()

    created = cdk.deploy(APP, count=count, digest=pushed(cdk, "first"))
    assert statuses(cdk) == {"CREATE_COMPLETE": ROOM, "ROLLBACK_COMPLETE": count - ROOM}
    assert cdk.images().keys() == {*others, *created.outputs.values()}
    assert len(created.outputs) == ROOM
    full = f"container service '{shop}' stores 150 images, the most that Lightsail keeps"
    reasons = [
        reason for stack in cdk.stacks() for reason in cdk.reasons(stack, "CREATE_FAILED") if reason
    ]
    assert sum(full in reason for reason in reasons) == count - ROOM, reasons

    # Those that found no room are created again when there is room.
    for name in others:
        call("DeleteContainerImage", {"serviceName": shop, "image": name})
    second = pushed(cdk, "second")
    updated = cdk.deploy(APP, count=count, digest=second)
    assert statuses(cdk) == {"CREATE_COMPLETE": count - ROOM, "UPDATE_COMPLETE": ROOM}
    assert cdk.images() == dict.fromkeys(updated.outputs.values(), second)
    assert len(updated.outputs) == count

    cdk.remove()
    assert cdk.images() == {}
