"""What the function may do for a deployment, and for how long."""

from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from cdk_lightsail_containers import Container, ContainerService, Handler, ImageSource
from stacks import (
    DEPLOYMENT,
    EVERY_FUNCTION,
    allowed_in,
    deployment_in,
    image_in,
    only,
    own_policy,
    service_in,
)

DEPLOYS = {
    "lightsail:CreateContainerServiceDeployment",
    "lightsail:GetContainerLog",
    "lightsail:GetContainerServiceDeployments",
}
POLICY = "AWS::IAM::Policy"


def test_may_deploy_on_the_arn_of_a_service_of_the_stack(stack: Stack) -> None:
    service = service_in(stack)

    deployment_in(stack, service=service)

    (function,) = Template.from_stack(stack).find_resources("AWS::Lambda::Function")
    assert own_policy(stack, "Deployment") == [
        {
            "Action": "lightsail:CreateContainerServiceDeployment",
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": [stack.get_logical_id(service), "ContainerArn"]},
        },
        {
            "Action": [
                "lightsail:GetContainerLog",
                "lightsail:GetContainerServiceDeployments",
                "lightsail:GetContainerServices",
            ],
            "Effect": "Allow",
            "Resource": "*",
        },
        {
            "Action": "lambda:InvokeFunction",
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": [function, "Arn"]},
        },
    ]


def test_may_deploy_to_the_services_of_the_account_when_only_a_name_is_known(
    placed_stack: Stack,
) -> None:
    service = ContainerService.from_service_name(placed_stack, "Service", "shop")

    deployment_in(placed_stack, service=service)

    deploys, *_ = own_policy(placed_stack, "Deployment")
    assert deploys["Resource"]["Fn::Join"][1][-1] == (
        ":lightsail:eu-central-1:111122223333:ContainerService/*"
    )


def test_a_stack_that_deploys_nothing_may_not(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_registry("nginx"))

    assert not DEPLOYS & allowed_in(stack)


def test_a_stack_that_only_deploys_may_neither_register_nor_read_secrets(stack: Stack) -> None:
    deployment_in(stack)

    assert allowed_in(stack) == DEPLOYS | EVERY_FUNCTION | {
        "lambda:InvokeFunction",
        "lightsail:GetContainerServices",
    }


def test_the_deployment_is_made_after_its_policy_and_deleted_before_it(stack: Stack) -> None:
    deployment_in(stack)

    policies = Template.from_stack(stack).find_resources(POLICY)
    own = next(name for name in policies if name.startswith("DeploymentPolicy"))
    assert own in only(stack, DEPLOYMENT)["DependsOn"]


def test_another_service_is_another_policy() -> None:
    found = set()
    for name in ("shop", "blog"):
        stack = Stack(App(), "Stack")
        deployment_in(stack, service=service_in(stack, name))
        policies = Template.from_stack(stack).find_resources(POLICY)
        found |= {one for one in policies if one.startswith("DeploymentPolicy")}

    assert len(found) == 2


def test_image_and_deployment_of_two_stacks_with_one_function_have_policies_of_two_names() -> None:
    app = App()
    handler = Handler(Stack(app, "Shared"), "Handler")
    one, two = Stack(app, "One"), Stack(app, "Two")

    image_in(one, "Same", handler=handler)
    deployment_in(two, "Same", handler=handler)

    names = {only(stack, POLICY)["Properties"]["PolicyName"] for stack in (one, two)}
    assert len(names) == 2


@pytest.mark.parametrize("kind", ["secret", "parameter"])
def test_a_function_of_another_stack_reads_the_secrets_that_are_made_in_this_one(
    kind: str,
) -> None:
    app = App()
    shared, stack = Stack(app, "Shared"), Stack(app, "Stack")
    value: Any = (
        secretsmanager.Secret(stack, "Secret", encryption_key=kms.Key(stack, "Key"))
        if kind == "secret"
        else ssm.StringParameter(stack, "Parameter", string_value="not a secret")
    )

    deployment_in(
        stack,
        handler=Handler(shared, "Handler"),
        containers={"web": Container(image="nginx", secrets={"A": value})},
    )

    app.synth()
    assert len(own_policy(stack, "Deployment")) > 3
    assert allowed_in(shared) == EVERY_FUNCTION
