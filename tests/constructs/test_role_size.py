"""How much the policies of a function may hold together."""

import re
from collections.abc import Callable

import pytest
from aws_cdk import Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ContainerService, ContainerWebService, Handler, ImageSource
from cdk_lightsail_containers._handler.policies import check_role_size
from stacks import image_in, resources, service_in

POLICY = "AWS::IAM::Policy"


def sites_in(
    stack: Stack, count: int, name: str = "service", handler: Handler | None = None
) -> None:
    for number in range(count):
        ContainerWebService(
            stack,
            f"{name}{number}",
            service_name=f"{name}-{number}",
            port=80,
            source=ImageSource.from_registry("nginx"),
            handler=handler,
        )


def test_eight_web_services_have_room(placed_stack: Stack) -> None:
    sites_in(placed_stack, 8)

    assert len(resources(placed_stack, POLICY)) == 17


def test_a_ninth_web_service_is_refused_with_what_to_do(placed_stack: Stack) -> None:
    sites_in(placed_stack, 9)

    with pytest.raises(
        RuntimeError,
        match=r"\[Stack/LightsailContainersHandler\] .* 10240 .* got 10[0-9]{3}: pass another",
    ):
        resources(placed_stack, POLICY)


def test_another_function_has_room_for_more(placed_stack: Stack) -> None:
    handler = Handler(placed_stack, "More")
    sites_in(placed_stack, 8)

    for number in range(4):
        image_in(
            placed_stack,
            f"Image{number}",
            service=ContainerService.from_service_name(placed_stack, f"More{number}", "shop"),
            label=f"web-{number}",
            handler=handler,
        )

    assert len(resources(placed_stack, "AWS::Lambda::Function")) == 2


def counted(stack: Stack, resource: str) -> int:
    """What is counted of the resource in a policy's only statement."""
    statement = iam.PolicyStatement(actions=["a:b"], resources=[resource])
    policy = iam.Policy(stack, "Policy", statements=[statement])
    with pytest.raises(ValueError, match=r"got [0-9]+: pass") as refused:
        check_role_size([policy] * 200)
    size = int(re.findall("got ([0-9]+)", str(refused.value))[0]) // 200
    return size - len(
        '{"Statement":[{"Action":"a:b","Effect":"Allow","Resource":""}],"Version":"2012-10-17"}'
    )


RESOURCES = {
    "text": (lambda _: "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/*"),
    "region and account": (
        lambda stack: stack.format_arn(service="ecr", resource="repository", resource_name="web"),
        "arn:aws:ecr:us-east-1:111122223333:repository/web",
    ),
    "substituted": (lambda _: Fn.sub("arn:aws:s3:::bucket/*"), "arn:aws:s3:::bucket/*"),
    "service": (
        lambda stack: service_in(stack).attr_container_arn,
        f"arn:aws:lightsail:us-east-1:111122223333:ContainerService/{'0' * 36}",
    ),
    "secret": (
        lambda stack: secretsmanager.Secret(stack, "S").secret_arn,
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:S-012345",
    ),
}


@pytest.mark.parametrize(("make", "text"), RESOURCES.values(), ids=RESOURCES)
def test_what_is_not_known_counts_as_the_shortest_that_it_can_be(
    stack: Stack, make: Callable[[Stack], str], text: str
) -> None:
    assert counted(stack, make(stack)) == len(text)


def test_a_region_that_is_known_counts(placed_stack: Stack) -> None:
    text = f"arn:aws:lightsail:eu-central-1:111122223333:ContainerService/{'0' * 36}"

    assert counted(placed_stack, service_in(placed_stack).attr_container_arn) == len(text)


def test_functions_that_share_a_role_share_its_room(placed_stack: Stack) -> None:
    role = iam.Role(placed_stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    for name in ("one", "two"):
        sites_in(placed_stack, 5, name, Handler(placed_stack, name, role=role))

    with pytest.raises(RuntimeError, match=r"must have 10240 .* with another role"):
        resources(placed_stack, POLICY)
