"""The simulated world: what its servers say of the stacks."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from reliability.local_aws import leave_real_accounts

from fake_time import FakeTime
from world.gate import Call
from world.world import World

ARN = "arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1"


@pytest.fixture
def world() -> Iterator[World]:
    leave_real_accounts()
    with World(FakeTime()) as given:
        yield given


def test_cloudformation_tells_the_present_status_of_a_stack(world: World) -> None:
    client = boto3.client("cloudformation", endpoint_url=world.endpoints["cloudformation"])
    world.gate.is_open = True
    shown = []
    for status in ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"):
        world.aws.cloudformation.show(ARN, status)
        (stack,) = client.describe_stacks(StackName=ARN)["Stacks"]
        shown.append((stack["StackId"], stack["StackName"], stack["StackStatus"]))

    with pytest.raises(ClientError, match="ValidationError"):
        client.describe_stacks(StackName=f"{ARN}2")

    assert shown == [
        (ARN, "Shop", "UPDATE_IN_PROGRESS"),
        (ARN, "Shop", "UPDATE_ROLLBACK_IN_PROGRESS"),
    ]
    assert world.gate.calls == [Call("cloudformation", "DescribeStacks", n) for n in (1, 2, 3)]
