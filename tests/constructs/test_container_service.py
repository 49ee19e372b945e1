"""Container services from outside the stack."""

import pytest
from aws_cdk import Stack

from cdk_lightsail_containers import ContainerService


def test_refers_to_a_service_by_name_and_to_all_of_the_account_by_arn(placed_stack: Stack) -> None:
    service = ContainerService.from_service_name(placed_stack, "Service", "shop")

    reference = placed_stack.resolve(service.container_ref.container_arn)
    assert service.container_ref.service_name == "shop"
    assert reference["Fn::Join"][1][-1] == ":lightsail:eu-central-1:111122223333:ContainerService/*"


@pytest.mark.parametrize("name", ["", "Shop", "shop_1", "s" * 64, "-shop"])
def test_refuses_a_name_that_lightsail_refuses(stack: Stack, name: str) -> None:
    with pytest.raises(ValueError, match="service_name must be 1-63 lowercase letters"):
        ContainerService.from_service_name(stack, "Service", name)

    assert stack.node.children == []
