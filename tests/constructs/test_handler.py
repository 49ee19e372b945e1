"""The function of a stack and what it may do."""

from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, SecretValue, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from cdk_lightsail_containers import DomainHandler, Handler, ImageSource
from stacks import (
    EVERY_FUNCTION,
    allowed_in,
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


def roles(policy: dict[str, Any]) -> list[str]:
    """The names or logical ids of the roles that a policy is attached to."""
    return [one["Ref"] if isinstance(one, dict) else one for one in policy["Properties"]["Roles"]]


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


@pytest.mark.parametrize("seconds", [60, 90, 300, 900])
def test_lambda_repeats_what_was_killed_but_not_what_ran_into_its_timeout(
    stack: Stack, seconds: int
) -> None:
    Handler(stack, "Handler", timeout=Duration.seconds(seconds))

    invocation = only(stack, "AWS::Lambda::EventInvokeConfig")["Properties"]
    assert invocation["MaximumRetryAttempts"] == 2
    # At the latest, that is a hand-over that may or may not have been carried out.
    failed_at, timed_out_at, minute = seconds - 5, seconds, 60
    assert failed_at + minute < invocation["MaximumEventAgeInSeconds"] < timed_out_at + minute


@pytest.mark.parametrize("seconds", [60, 90, 900])
def test_lambda_drops_a_request_that_could_end_after_cloudformation_has_given_up(
    stack: Stack, seconds: int
) -> None:
    image_in(stack, handler=Handler(stack, "Handler", timeout=Duration.seconds(seconds)))

    age = only(stack, "AWS::Lambda::EventInvokeConfig")["Properties"]["MaximumEventAgeInSeconds"]
    waits = only(stack, "Custom::LightsailContainerImage")["Properties"]["ServiceTimeout"]
    assert age + function(stack)["Timeout"] == int(waits)


def test_sets_no_physical_name_and_no_environment_variable(stack: Stack) -> None:
    Handler(stack, "Handler")

    assert not {"FunctionName", "Environment"} & set(function(stack))
    assert "RoleName" not in only(stack, "AWS::IAM::Role")["Properties"]
    assert "LogGroupName" not in only(stack, "AWS::Logs::LogGroup")["Properties"]


def test_of_the_shared_id_is_the_one_that_constructs_share_with_its_settings(
    stack: Stack, placed_stack: Stack
) -> None:
    Handler(stack, Handler.SHARED_ID, memory_size=1024)
    image_in(stack)
    image_in(placed_stack)

    assert function(stack)["MemorySize"] == 1024
    tokens = [
        only(one, "Custom::LightsailContainerImage")["Properties"]["ServiceToken"]
        for one in (stack, placed_stack)
    ]
    assert tokens[0] == tokens[1]  # so that CloudFormation updates it in place


def test_of_the_shared_id_is_of_the_right_kind(stack: Stack) -> None:
    DomainHandler(stack, Handler.SHARED_ID)

    with pytest.raises(ValueError, match="handler must be a Handler, got"):
        image_in(stack)


def test_of_the_shared_id_comes_before_the_constructs_that_share_it(stack: Stack) -> None:
    image_in(stack)

    rule = "handler 'Stack/LightsailContainersHandler' already exists: create it once, before the "
    with pytest.raises(ValueError, match=rule):
        Handler(stack, Handler.SHARED_ID, memory_size=1024)
    DomainHandler(stack, DomainHandler.SHARED_ID)
    with pytest.raises(ValueError, match="handler 'Stack/LightsailDomainsHandler' already exists"):
        DomainHandler(stack, DomainHandler.SHARED_ID)


@pytest.mark.parametrize("strength", ["strong", "weak"])
def test_of_another_stack_is_held_by_an_import(strength: str) -> None:
    app = App(context={"@aws-cdk/core:defaultCrossStackReferences": strength})
    owner, user = Stack(app, "Owner"), Stack(app, "User")
    image_in(user, handler=Handler(owner, "Handler"))

    templates = {one.stack_name: one.template for one in app.synth().stacks}
    (image,) = (
        one
        for one in templates["User"]["Resources"].values()
        if one["Type"] == "Custom::LightsailContainerImage"
    )
    outputs = templates["Owner"]["Outputs"].values()
    exports = {one["Export"]["Name"] for one in outputs if "Export" in one}
    assert image["Properties"]["ServiceToken"]["Fn::ImportValue"] in exports


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


def test_takes_a_memory_size_that_is_known_only_when_it_is_deployed(stack: Stack) -> None:
    size = CfnParameter(stack, "Size", type="Number").value_as_number

    Handler(stack, "Handler", memory_size=size)  # type: ignore[arg-type]

    assert function(stack)["MemorySize"] == {"Ref": "Size"}


def test_cloudformation_waits_for_the_last_repetition_to_end(stack: Stack) -> None:
    image_in(stack, handler=Handler(stack, "Handler", timeout=Duration.minutes(2)))

    given = only(stack, "Custom::LightsailContainerImage")["Properties"]
    assert given["ServiceTimeout"] == "297"


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
    (network,) = (one for one in statements(placed_stack) if one["Resource"] == "*")
    assert "ec2:CreateNetworkInterface" in network["Action"]
    assert all(action.startswith("ec2:") for action in network["Action"])
    # For AWS Lambda alone, which does not say that it calls for a function.
    assert network["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}


def test_may_write_its_log_and_see_its_stack_and_nothing_else_without_an_image(
    stack: Stack,
) -> None:
    Handler(stack, "Handler")

    log, status = statements(stack)
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert status["Action"] == [
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks",
    ]
    assert status["Resource"] == {"Ref": "AWS::StackId"}
    assert "ManagedPolicyArns" not in only(stack, "AWS::IAM::Role")["Properties"]


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
    assert waits == {"web": "3600", "worker": "297"}


def test_can_be_granted_what_else_it_needs(stack: Stack) -> None:
    key = kms.Key(stack, "Key")

    key.grant_decrypt(Handler(stack, "Handler"))

    assert statement_for(stack, "kms:Decrypt")["Resource"] == stack.resolve(key.key_arn)


def test_passes_on_what_is_chosen_of_the_function(stack: Stack) -> None:
    log_group = logs.LogGroup(stack, "Log")

    handler = Handler(
        stack,
        "Handler",
        environment={"HTTPS_PROXY": "http://proxy.example:3128"},
        log_group=log_group,
        reserved_concurrent_executions=2,
        tracing=lambda_.Tracing.ACTIVE,
    )

    given = function(stack)
    assert given["Environment"] == {"Variables": {"HTTPS_PROXY": "http://proxy.example:3128"}}
    assert given["LoggingConfig"] == {"LogGroup": stack.resolve(log_group.log_group_name)}
    assert given["ReservedConcurrentExecutions"] == 2
    assert given["TracingConfig"] == {"Mode": "Active"}
    assert len(resources(stack, "AWS::Logs::LogGroup")) == 1
    assert handler.log_group is log_group
    assert statement_for(stack, "logs:PutLogEvents")["Resource"] == stack.resolve(
        log_group.log_group_arn
    )


def test_uses_the_role_that_is_given(stack: Stack) -> None:
    role = iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))

    handler = Handler(stack, "Handler", role=role)
    image_in(stack, handler=handler)

    assert handler.role is role
    assert function(stack)["Role"] == stack.resolve(role.role_arn)
    assert len(resources(stack, "AWS::IAM::Role")) == 1
    assert {name for one in resources(stack, "AWS::IAM::Policy") for name in roles(one)} == {
        stack.resolve(role.role_name)["Ref"]
    }
    assert allowed_in(stack) > EVERY_FUNCTION


def test_uses_a_role_of_another_stack_without_a_circle() -> None:
    app = App()
    owner, stack = Stack(app, "Owner"), Stack(app, "Stack")
    role = iam.Role(owner, "Own", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group = logs.LogGroup(stack, "Log")

    image_in(stack, handler=Handler(stack, "Handler", role=role, log_group=log_group))

    # Synthesis fails if each stack waits for the other.
    assert allowed_in(stack) > EVERY_FUNCTION
    assert resources(owner, "AWS::IAM::Policy") == []
    assert any(name.startswith("HandlerPolicy") for name in only(stack, FUNCTION)["DependsOn"])


def test_changes_no_role_that_is_not_to_be_changed(stack: Stack) -> None:
    arn = "arn:aws:iam::111122223333:role/own"
    role = iam.Role.from_role_arn(stack, "Own", arn, mutable=False)
    log_group = logs.LogGroup.from_log_group_name(stack, "Log", "/shop")

    image_in(stack, handler=Handler(stack, "Handler", role=role, log_group=log_group))

    assert not resources(stack, "AWS::IAM::Policy")
    assert function(stack)["Role"] == arn


def test_uses_an_imported_role(stack: Stack) -> None:
    arn = "arn:aws:iam::111122223333:role/own"
    role = iam.Role.from_role_arn(stack, "Own", arn)

    image_in(stack, handler=Handler(stack, "Handler", role=role))

    assert function(stack)["Role"] == arn
    assert {name for one in resources(stack, "AWS::IAM::Policy") for name in roles(one)} == {"own"}
    assert allowed_in(stack) > EVERY_FUNCTION


def test_is_the_construct_of_its_function_and_its_connections(placed_stack: Stack) -> None:
    vpc = vpc_in(placed_stack)
    group = ec2.SecurityGroup(placed_stack, "Group", vpc=vpc)
    registry = ec2.SecurityGroup.from_security_group_id(placed_stack, "Registry", "sg-0b")
    handler = Handler(placed_stack, "Handler", vpc=vpc, security_groups=[group])

    registry.connections.allow_from(handler, ec2.Port.tcp(5000))
    handler.connections.allow_to(registry, ec2.Port.tcp(5001))

    ports = {
        one["Properties"]["FromPort"]
        for one in resources(placed_stack, "AWS::EC2::SecurityGroupIngress")
    }
    assert ports == {5000, 5001}
    assert isinstance(handler.node.default_child, lambda_.CfnFunction)


def test_has_no_connections_without_a_vpc(stack: Stack) -> None:
    handler = Handler(stack, "Handler")

    with pytest.raises(ValueError, match=r"connections must be .* a vpc, got 'Stack/Handler'"):
        _ = handler.connections


def test_has_the_metrics_of_its_function(stack: Stack) -> None:
    handler = Handler(stack, "Handler")

    handler.metric_errors(period=Duration.minutes(1)).create_alarm(
        stack, "Alarm", threshold=1, evaluation_periods=1
    )

    alarm = only(stack, "AWS::CloudWatch::Alarm")["Properties"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == ("Errors", "Sum", 60)
    assert alarm["Dimensions"] == [
        {"Name": "FunctionName", "Value": stack.resolve(handler.function.function_name)}
    ]
    assert handler.metric_duration().metric_name == "Duration"
    assert handler.metric_invocations(label="all").label == "all"


def test_two_places_cannot_give_one_handler_other_settings(stack: Stack) -> None:
    Handler(stack, "Handler")

    with pytest.raises(
        ValueError, match="construct 'Stack/Handler' already exists: use it, or give"
    ):
        Handler(stack, "Handler", memory_size=1024)


@pytest.mark.parametrize(
    "value", ["", "proxy", "proxy:3128", "http://user:p%40ss@10.0.0.1:3128/", "http://[fd00::1]:80"]
)
def test_passes_on_each_address_of_a_proxy(stack: Stack, value: str) -> None:
    Handler(stack, "Handler", environment={"https_proxy": value})

    assert function(stack)["Environment"] == {"Variables": {"https_proxy": value}}


def test_refuses_a_secret_in_its_environment_and_does_not_show_it(stack: Stack) -> None:
    hidden = CfnParameter(stack, "Hidden", no_echo=True, default="hunter2").value_as_string

    for value in (
        hidden,
        SecretValue.unsafe_plain_text("hunter2"),
        "{{resolve:ssm-secure:hunter2}}",
    ):
        with pytest.raises(ValueError, match=r"environment\['A1'\] must not be a secret") as error:
            Handler(stack, "Handler", environment={"A1": value})  # type: ignore[dict-item]
        assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"memory_size": 127},
            "memory_size, in MiB, must be a whole number from 128 to 10240, got 127",
        ),
        ({"memory_size": 0}, "memory_size, in MiB, must be a whole number .* got 0"),
        ({"memory_size": 10241}, "whole number from 128 to 10240, got 10241"),
        ({"memory_size": 128.5}, r"memory_size, in MiB, must be a whole number .* got 128\.5"),
        ({"memory_size": "big"}, "memory_size, in MiB, must be a whole number .* got 'big'"),
        ({"memory_size": True}, "memory_size, in MiB, must be a whole number .* got True"),
        (
            {"timeout": Duration.seconds(59)},
            "timeout must be a Duration of 60 to 900 whole seconds, got 59 seconds",
        ),
        ({"timeout": Duration.minutes(16)}, "Duration of 60 to 900 whole seconds, got 960 seconds"),
        ({"timeout": Duration.millis(60500)}, r"whole seconds, got 60\.5 seconds"),
        ({"timeout": 5}, "timeout must be a Duration of 60 to 900 whole seconds, got 5"),
        ({"timeout": 0}, "timeout must be a Duration of 60 to 900 whole seconds, got 0"),
        ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets and security_groups need a vpc"),
        ({"security_groups": []}, "vpc_subnets and security_groups need a vpc"),
        ({"log_retention": 30}, "log_retention must be one of aws_logs.RetentionDays, got 30"),
        ({"architecture": "arm64"}, "architecture must be an aws_lambda.Architecture, got 'arm64'"),
        ({"vpc": "vpc-1"}, r"vpc must be an IVpc such as ec2\.Vpc, got 'vpc-1'"),
        ({"role": "arn:aws:iam::1:role/a"}, r"role must be an IRole such as iam\.Role, got 'arn"),
        ({"log_group": logs.LogGroup}, r"log_group must be an ILogGroup such as logs\.LogGroup"),
        ({"tracing": True}, r"tracing must be one of aws_lambda\.Tracing, got True"),
        ({"reserved_concurrent_executions": 0}, "reserved_.* must be a whole number .* got 0"),
        ({"environment": ["A=a"]}, "environment must be a mapping of name to string, got a list"),
        ({"environment": {"A-1": "a"}}, "a name in environment must be letters, .* got 'A-1'"),
        ({"environment": {"A": "a"}}, "at least two of them, and begin with a letter, got 'A'"),
        (
            {"environment": {"HTTPS_PROXY": "socks5://user:pass-7@proxy:1080"}},
            r"environment\['HTTPS_PROXY'\] must be an address such as http://.* got 'proxy:1080'",
        ),
        (
            {"environment": {"https_proxy": "https://proxy"}},
            "such as http://.* got 'https://proxy'",
        ),
        ({"environment": {"A1": 1}}, r"environment\['A1'\] must be a string, .* type 'int'"),
    ],
)
def test_refuses_a_setting_before_any_child_exists(
    stack: Stack, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Handler(stack, "Handler", **settings)

    assert stack.node.children == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"security_groups": ["sg-1"]}, r"ISecurityGroups such as .*, got \['sg-1'\]"),
        ({"security_groups": "sg-1"}, "ISecurityGroups such as .*, got 'sg-1'"),
        ({"vpc_subnets": "private"}, "vpc_subnets must be an aws_ec2.SubnetSelection, got 'priv"),
        (
            {"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)},
            "vpc_subnets must be private, got",
        ),
    ],
)
def test_refuses_a_setting_of_its_network_before_any_child_exists(
    stack: Stack, settings: dict[str, Any], message: str
) -> None:
    vpc = vpc_in(stack)

    with pytest.raises(ValueError, match=message):
        Handler(stack, "Handler", vpc=vpc, **settings)

    assert [child.node.id for child in stack.node.children] == ["Vpc"]


def test_refuses_a_retention_beside_a_log_group(stack: Stack) -> None:
    log_group = logs.LogGroup(stack, "Log")

    with pytest.raises(ValueError, match=r"log_retention must not be .* got ONE_WEEK: set it on"):
        Handler(stack, "Handler", log_group=log_group, log_retention=logs.RetentionDays.ONE_WEEK)


def test_refuses_a_vpc_from_which_it_would_reach_nothing(stack: Stack) -> None:
    public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, subnet_configuration=[public])

    with pytest.raises(ValueError, match="must have private subnets, got 'Stack/Vpc', which has"):
        Handler(stack, "Handler", vpc=vpc)

    assert stack.node.try_find_child("Handler") is None
