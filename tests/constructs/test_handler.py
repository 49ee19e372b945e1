"""The function of a stack and what it may do."""

from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template

from cdk_lightsail_containers import ContainerService, Handler, ImageSource
from stacks import (
    PUSHES,
    granted,
    image_in,
    only,
    resources,
    service_in,
    statement_for,
    statements,
)

FUNCTION = "AWS::Lambda::Function"


def function(stack: Stack) -> dict[str, Any]:
    return dict(only(stack, FUNCTION)["Properties"])


def vpc_in(stack: Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0a",
        availability_zones=["eu-central-1a"],
        private_subnet_ids=["subnet-0a"],
        isolated_subnet_ids=["subnet-0b"],
    )


def test_runs_on_python_3_13_on_arm64_with_its_own_log_group(stack: Stack) -> None:
    Handler(stack, "Handler")

    given = function(stack)
    (log_group,) = (only(stack, "AWS::Logs::LogGroup"),)
    assert given["Runtime"] == "python3.13"
    assert given["Architectures"] == ["arm64"]
    assert (given["MemorySize"], given["Timeout"]) == (512, 900)
    assert given["LoggingConfig"]["LogGroup"]["Ref"].startswith("HandlerLogGroup")
    assert log_group["Properties"] == {"RetentionInDays": 30}
    assert log_group["DeletionPolicy"] == "Delete"


def test_is_never_repeated_by_lambda(stack: Stack) -> None:
    Handler(stack, "Handler")

    invocation = only(stack, "AWS::Lambda::EventInvokeConfig")["Properties"]
    assert invocation["MaximumRetryAttempts"] == 0


def test_sets_no_physical_name_and_no_environment_variable(stack: Stack) -> None:
    Handler(stack, "Handler")

    assert not {"FunctionName", "Environment"} & set(function(stack))
    assert "RoleName" not in only(stack, "AWS::IAM::Role")["Properties"]
    assert "LogGroupName" not in only(stack, "AWS::Logs::LogGroup")["Properties"]


def test_takes_settings(stack: Stack) -> None:
    Handler(
        stack,
        "Handler",
        architecture=lambda_.Architecture.X86_64,
        log_retention=logs.RetentionDays.ONE_YEAR,
        memory_size=1024,
        timeout=Duration.minutes(10),
    )

    given = function(stack)
    assert (given["MemorySize"], given["Timeout"], given["Architectures"]) == (
        1024,
        600,
        ["x86_64"],
    )
    assert only(stack, "AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] == 365


def test_cloudformation_waits_a_minute_longer_than_the_function_may_take(stack: Stack) -> None:
    image_in(stack, handler=Handler(stack, "Handler", timeout=Duration.minutes(2)))

    given = only(stack, "Custom::LightsailContainerImage")["Properties"]
    assert given["ServiceTimeout"] == "180"


def test_cloudformation_waits_its_hour_for_a_timeout_that_is_not_known_yet(stack: Stack) -> None:
    seconds = CfnParameter(stack, "Seconds", type="Number").value_as_number

    image_in(stack, handler=Handler(stack, "Handler", timeout=Duration.seconds(seconds)))

    given = only(stack, "Custom::LightsailContainerImage")["Properties"]
    assert given["ServiceTimeout"] == "3600"


def test_runs_in_the_given_subnets_with_the_given_security_groups(placed_stack: Stack) -> None:
    group = ec2.SecurityGroup.from_security_group_id(placed_stack, "Group", "sg-0a")

    Handler(
        placed_stack,
        "Handler",
        vpc=vpc_in(placed_stack),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[group],
    )

    assert function(placed_stack)["VpcConfig"] == {
        "SubnetIds": ["subnet-0b"],
        "SecurityGroupIds": ["sg-0a"],
    }
    network = next(
        statement["Action"]
        for statement in statements(placed_stack)
        if statement["Resource"] == "*"
    )
    assert "ec2:CreateNetworkInterface" in network
    assert all(action.startswith("ec2:") for action in network)


def test_may_register_and_delete_on_the_arn_of_a_service_of_the_stack(stack: Stack) -> None:
    service = service_in(stack)

    image_in(stack, service=service)

    _, images, reads = statements(stack)
    assert images["Action"] == [
        "lightsail:DeleteContainerImage",
        "lightsail:RegisterContainerImage",
    ]
    assert images["Resource"] == {"Fn::GetAtt": [stack.get_logical_id(service), "ContainerArn"]}
    assert reads == {
        "Action": ["lightsail:GetContainerImages", "lightsail:GetContainerServices"],
        "Effect": "Allow",
        "Resource": "*",
    }


def test_may_register_on_the_services_of_the_account_when_only_a_name_is_known(
    placed_stack: Stack,
) -> None:
    image_in(
        placed_stack, service=ContainerService.from_service_name(placed_stack, "Service", "shop")
    )

    _, images, _ = statements(placed_stack)
    arn = images["Resource"]["Fn::Join"][1]
    assert arn == [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":lightsail:eu-central-1:111122223333:ContainerService/*",
    ]


def test_may_write_to_its_own_log_group_and_nothing_else_without_an_image(stack: Stack) -> None:
    Handler(stack, "Handler")

    (log,) = statements(stack)
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert "ManagedPolicyArns" not in only(stack, "AWS::IAM::Role")["Properties"]


def test_two_services_are_two_resources_of_one_policy(stack: Stack) -> None:
    for name in ("shop", "blog"):
        image_in(stack, f"Image-{name}", service=service_in(stack, name))

    granted = [
        resource["Fn::GetAtt"][0]
        for statement in statements(stack)
        if "lightsail:RegisterContainerImage" in statement["Action"]
        for resource in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
    ]
    assert len(resources(stack, "AWS::IAM::Policy")) == 1
    assert sorted(granted) == ["Serviceblog", "Serviceshop"]


def test_may_push_and_hand_over_to_itself_where_an_image_has_a_source(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_registry("nginx"))

    (function_id,) = Template.from_stack(stack).find_resources(FUNCTION)
    assert (
        "lightsail:CreateContainerServiceRegistryLogin"
        in statement_for(stack, "lightsail:GetContainerImages")["Action"]
    )
    assert statement_for(stack, "lambda:InvokeFunction") == {
        "Action": "lambda:InvokeFunction",
        "Effect": "Allow",
        "Resource": {"Fn::GetAtt": [function_id, "Arn"]},
    }


def test_an_image_that_is_pushed_waits_for_the_permission_to_hand_over(stack: Stack) -> None:
    service = service_in(stack)
    image_in(stack, "Web", service=service, source=ImageSource.from_registry("nginx"))
    image_in(stack, "Worker", service=service, label="worker")

    template = Template.from_stack(stack)
    policies = template.find_resources("AWS::IAM::Policy")
    (hand_over,) = (name for name in policies if "HandOver" in name)
    images = template.find_resources("Custom::LightsailContainerImage").values()
    waits = {image["Properties"]["Label"]: hand_over in image["DependsOn"] for image in images}
    assert waits == {"web": True, "worker": False}
    # The other way round nothing could ever be made.
    (function,) = template.find_resources(FUNCTION).values()
    assert hand_over not in function["DependsOn"]


def test_two_images_that_are_pushed_share_the_permissions(stack: Stack) -> None:
    service = service_in(stack)
    for label in ("web", "worker"):
        source = ImageSource.from_registry("nginx")
        image_in(stack, label, service=service, label=label, source=source)

    assert len(resources(stack, "AWS::IAM::Policy")) == 2
    assert granted(stack) == PUSHES


def test_cloudformation_waits_its_hour_for_an_image_that_is_pushed(stack: Stack) -> None:
    service = service_in(stack)
    handler = Handler(stack, "Handler", timeout=Duration.minutes(2))
    source = ImageSource.from_registry("nginx")
    image_in(stack, "Web", service=service, handler=handler, source=source)
    image_in(stack, "Worker", service=service, handler=handler, label="worker")

    waits = {
        image["Properties"]["Label"]: image["Properties"]["ServiceTimeout"]
        for image in resources(stack, "Custom::LightsailContainerImage")
    }
    assert waits == {"web": "3600", "worker": "180"}


def test_can_be_granted_what_else_it_needs(stack: Stack) -> None:
    key = kms.Key(stack, "Key")

    key.grant_decrypt(Handler(stack, "Handler"))

    assert statement_for(stack, "kms:Decrypt")["Resource"] == stack.resolve(key.key_arn)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"memory_size": 127}, "memory_size must be 128 to 10240 MiB, got 127"),
        ({"memory_size": 0}, "memory_size must be 128 to 10240 MiB, got 0"),
        ({"memory_size": 10241}, "memory_size must be 128 to 10240 MiB, got 10241"),
        ({"timeout": Duration.seconds(59)}, "timeout must be 1 to 15 minutes, got 0.98"),
        ({"timeout": Duration.minutes(16)}, "timeout must be 1 to 15 minutes, got 16"),
        ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets and security_groups need a vpc"),
        ({"security_groups": []}, "vpc_subnets and security_groups need a vpc"),
    ],
)
def test_refuses_a_setting_before_any_child_exists(
    stack: Stack, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Handler(stack, "Handler", **settings)

    assert stack.node.children == []
