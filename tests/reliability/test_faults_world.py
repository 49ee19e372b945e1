"""The world in which `make faults` strikes: what the servers say of the stacks."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from reliability.faults.clock import Clock
from reliability.faults.gate import Call
from reliability.faults.times import Times
from reliability.faults.world import World
from reliability.local_aws import leave_real_accounts

ARN = "arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1"


@pytest.fixture
def world() -> Iterator[World]:
    leave_real_accounts()
    times = Times(invocation=900, most_age=930, registering=1830, pushing=3600)
    with World(Clock(), times=times) as given:
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
