"""What the function may do for an image, and for how long."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, NestedStack, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from cdk_lightsail_containers import ContainerService, ContainerWebService, Handler, ImageSource
from stacks import (
    EVERY_FUNCTION,
    PUSHES,
    allowed_in,
    deployment_in,
    granted,
    image_in,
    only,
    own_policy,
    service_in,
    statement_for,
)

FUNCTION = "AWS::Lambda::Function"
IMAGE = "Custom::LightsailContainerImage"
POLICY = "AWS::IAM::Policy"
WEB = ImageSource.from_registry("nginx:1.27")
READS = {
    "Action": ["lightsail:GetContainerImages", "lightsail:GetContainerServices"],
    "Effect": "Allow",
    "Resource": "*",
}


def policies_of(stack: Stack) -> dict[str, dict[str, Any]]:
    """The policies of images, by logical id."""
    found = Template.from_stack(stack).find_resources(POLICY)
    return {name: dict(policy) for name, policy in found.items() if "DefaultPolicy" not in name}


def test_may_register_and_delete_on_the_arn_of_a_service_of_the_stack(stack: Stack) -> None:
    service = service_in(stack)

    image_in(stack, service=service)

    assert own_policy(stack) == [
        {
            "Action": ["lightsail:DeleteContainerImage", "lightsail:RegisterContainerImage"],
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": [stack.get_logical_id(service), "ContainerArn"]},
        },
        READS,
    ]


def test_may_register_on_the_services_of_the_account_when_only_a_name_is_known(
    placed_stack: Stack,
) -> None:
    image_in(
        placed_stack, service=ContainerService.from_service_name(placed_stack, "Service", "shop")
    )

    images, reads = own_policy(placed_stack)
    assert images["Resource"]["Fn::Join"][1] == [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":lightsail:eu-central-1:111122223333:ContainerService/*",
    ]
    assert reads == READS


def test_may_push_and_hand_over_to_itself_where_the_image_has_a_source(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_registry("nginx"))

    (function_id,) = Template.from_stack(stack).find_resources(FUNCTION)
    assert statement_for(stack, "lambda:InvokeFunction") == {
        "Action": "lambda:InvokeFunction",
        "Effect": "Allow",
        "Resource": {"Fn::GetAtt": [function_id, "Arn"]},
    }
    assert statement_for(stack, "lightsail:GetContainerImages") == {
        "Action": ["lightsail:CreateContainerServiceRegistryLogin", *READS["Action"]],
        "Effect": "Allow",
        "Resource": "*",
    }
    assert len(own_policy(stack)) == 3
    assert granted(stack) == PUSHES


def test_only_an_image_that_has_a_source_may_push(stack: Stack) -> None:
    service = service_in(stack)

    image_in(stack, "Web", service=service, source=ImageSource.from_registry("nginx"))
    image_in(stack, "Worker", service=service, label="worker")

    assert len(own_policy(stack, "Web")) == 3
    assert own_policy(stack, "Worker")[1:] == [READS]


def test_the_image_is_made_after_its_policy_and_deleted_before_it(stack: Stack) -> None:
    for name in ("shop", "blog"):
        image_in(stack, f"Image-{name}", service=service_in(stack, name))

    images = Template.from_stack(stack).find_resources(IMAGE)
    policies = policies_of(stack)
    waits = {name: set(image["DependsOn"]) & set(policies) for name, image in images.items()}
    assert len(policies) == len(images) == 2
    assert all(policy.startswith(image[:9]) for image, (policy,) in waits.items())


def test_nothing_in_the_policy_changes_with_another_image_of_the_stack(stack: Stack) -> None:
    alone = Stack(App(), "Stack")
    for one in (alone, stack):
        image_in(one, "First", service=service_in(one))

    image_in(stack, "Second", service=service_in(stack, "blog"))

    assert own_policy(stack, "First") == own_policy(alone, "First")


def test_the_policy_is_one_of_the_function_s_role(stack: Stack) -> None:
    image_in(stack)

    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    (policy,) = policies_of(stack).values()
    assert policy["Properties"]["Roles"] == [{"Ref": role}]
    assert only(stack, FUNCTION)["Properties"]["Role"] == {"Fn::GetAtt": [role, "Arn"]}


def test_an_image_waits_for_what_a_resource_of_the_app_grants_it(stack: Stack) -> None:
    repository = ecr.Repository(stack, "Repository")

    image_in(stack, source=ImageSource.from_ecr_repository(repository))

    ((policy, content),) = policies_of(stack).items()
    assert "ecr:BatchGetImage" in str(content)
    (image,) = Template.from_stack(stack).find_resources(IMAGE).values()
    assert policy in image["DependsOn"]


def test_what_an_image_is_granted_may_come_after_another_image_of_the_function(
    stack: Stack,
) -> None:
    first = ContainerWebService(stack, "First", service_name="first", source=WEB, port=80)
    parameter = ssm.StringParameter(stack, "Url", string_value=first.url)
    ContainerWebService(
        stack, "Next", service_name="next", source=WEB, port=80, secrets={"URL": parameter}
    )

    assert not in_a_circle(Template.from_stack(stack).to_json()["Resources"])


def test_what_an_image_is_granted_may_come_after_one_of_a_nested_stack(stack: Stack) -> None:
    handler = Handler(stack, "Handler")
    nested = NestedStack(stack, "Nested")
    ContainerWebService(nested, "Api", service_name="api", source=WEB, port=80, handler=handler)
    secret = secretsmanager.Secret(nested, "Token")
    ContainerWebService(
        stack,
        "Site",
        service_name="site",
        source=WEB,
        port=80,
        handler=handler,
        secrets={"TOKEN": secret},
    )

    assert not in_a_circle(Template.from_stack(stack).to_json()["Resources"])


def in_a_circle(resources: dict[str, Any]) -> list[str]:
    """Return the resources of a template that wait for one another."""
    waits = {
        name: {
            *resource.get("DependsOn", ()),
            *re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', json.dumps(resource)),
        }
        & resources.keys()
        for name, resource in resources.items()
    }
    while free := [name for name, others in waits.items() if not others & waits.keys()]:
        for name in free:
            del waits[name]
    return list(waits)


def test_an_image_waits_for_what_its_source_is_granted(stack: Stack) -> None:
    arn = "arn:aws:ecr:us-east-1:111122223333:repository/web"
    repository = ecr.Repository.from_repository_attributes(
        stack, "Repository", repository_arn=arn, repository_name="web"
    )

    image_in(stack, source=ImageSource.from_ecr_repository(repository))

    ((function_id, function),) = Template.from_stack(stack).find_resources(FUNCTION).items()
    (pulls,) = (
        name
        for name, policy in Template.from_stack(stack).find_resources(POLICY).items()
        if "ecr:BatchGetImage" in str(policy)
    )
    # The image refers to the function, which waits.
    assert pulls in function["DependsOn"]
    assert only(stack, IMAGE)["Properties"]["ServiceToken"] == {"Fn::GetAtt": [function_id, "Arn"]}


def test_the_function_waits_for_no_policy_of_an_image(stack: Stack) -> None:
    image_in(stack, source=ImageSource.from_registry("nginx"))

    # The other way round nothing could ever be made.
    assert not set(only(stack, FUNCTION)["DependsOn"]) & set(policies_of(stack))


SOURCES = {
    "secret": lambda stack: ImageSource.from_registry(
        "acme/web", credentials=secretsmanager.Secret(stack, "Secret")
    ),
    "encrypted secret": lambda stack: ImageSource.from_registry(
        "acme/web",
        credentials=secretsmanager.Secret(stack, "Secret", encryption_key=kms.Key(stack, "Key")),
    ),
    "repository": lambda stack: ImageSource.from_ecr_repository(
        ecr.Repository(stack, "Repository")
    ),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_a_function_of_another_stack_reads_what_is_made_in_this_one(
    make: Callable[[Stack], ImageSource],
) -> None:
    app = App()
    shared, stack = Stack(app, "Shared"), Stack(app, "Stack")

    image_in(stack, handler=Handler(shared, "Handler"), source=make(stack))

    app.synth()
    (policy,) = policies_of(stack)
    assert policy in only(stack, IMAGE)["DependsOn"]
    assert len(own_policy(stack)) > 3
    assert allowed_in(shared) == EVERY_FUNCTION


def test_a_function_of_another_stack_may_see_the_status_of_both() -> None:
    app = App()
    shared, stack = Stack(app, "Shared"), Stack(app, "Stack")

    image_in(stack, handler=Handler(shared, "Handler"))

    for of_stack in (shared, stack):
        seen = statement_for(of_stack, "cloudformation:DescribeStacks")
        assert seen["Resource"] == {"Ref": "AWS::StackId"}


def test_a_role_of_the_account_s_own_is_told_what_it_must_allow(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Stack")
    role = "Stack/LightsailContainersHandler/Role"
    iam.Role.customize_roles(stack, use_precreated_roles={role: "my-role"})

    image_in(stack, source=ImageSource.from_ecr_repository(ecr.Repository(stack, "Repository")))

    app.synth()
    report = (tmp_path / "iam-policy-report.txt").read_text()
    assert "lightsail:RegisterContainerImage" in report
    assert "ecr:BatchGetImage" in report


def test_a_role_of_the_account_s_own_is_told_what_was_added_later(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Stack")
    role = "Stack/LightsailContainersHandler/Role"
    iam.Role.customize_roles(stack, use_precreated_roles={role: "my-role"})
    deployment = deployment_in(stack)

    deployment.add_secret("TOKEN", secretsmanager.Secret(stack, "Secret"))

    app.synth()
    assert "secretsmanager:GetSecretValue" in (tmp_path / "iam-policy-report.txt").read_text()


def test_another_service_is_another_policy() -> None:
    found = []
    for name in ("shop", "blog"):
        stack = Stack(App(), "Stack")
        service = lightsail.CfnContainer(stack, "Service", service_name=name, power="nano", scale=1)
        image_in(stack, service=service)
        ((logical_id, policy),) = policies_of(stack).items()
        found.append((logical_id, policy["Properties"]["PolicyName"]))

    (before, name_before), (after, name_after) = found
    assert before != after
    assert name_before != name_after


def test_a_service_whose_name_is_known_only_when_it_is_deployed_has_its_policy(
    stack: Stack,
) -> None:
    name = CfnParameter(stack, "Name").value_as_string

    image_in(stack, service=ContainerService.from_service_name(stack, "Service", name))

    assert len(policies_of(stack)) == 1


def test_images_of_two_stacks_with_one_function_have_policies_of_two_names() -> None:
    app = App()
    handler = Handler(Stack(app, "Shared"), "Handler")
    stacks = [Stack(app, name) for name in ("One", "Two")]

    for stack in stacks:
        image_in(stack, handler=handler)

    names = {only(stack, POLICY)["Properties"]["PolicyName"] for stack in stacks}
    assert len(names) == 2
