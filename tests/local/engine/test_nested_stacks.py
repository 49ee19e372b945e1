"""Stacks within stacks, as `NestedStack` of the CDK makes them."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

Nest = Callable[..., dict[str, Any]]


@pytest.fixture
def nested(stacks: Any) -> Nest:
    """Give a resource that is a stack of a template."""

    def make(name: str, template: str) -> dict[str, Any]:
        with contextlib.closing(stacks.service("s3")) as s3:
            s3.create_bucket(Bucket="templates")
            s3.put_object(Bucket="templates", Key=name, Body=template)
        url = f"https://s3.amazonaws.com/templates/{name}"
        return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}

    return make


def group(name: str) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}


def test_what_an_update_leaves_alone_can_be_referred_to(stacks: Any, nested: Nest) -> None:
    first = stacks.of(Group=group("kept"))
    stacks.create("outer", stacks.of(Inner=nested("first", first)))
    parameter = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Group", "Arn"]}},
    }

    second = stacks.of(Group=group("kept"), Parameter=parameter)
    assert stacks.update("outer", stacks.of(Inner=nested("second", second))) == "UPDATE_COMPLETE"
    # Once more: it has kept them for the next update too.
    third = stacks.of(Group=group("kept"), Parameter=parameter, Other=group("other"))
    assert stacks.update("outer", stacks.of(Inner=nested("third", third))) == "UPDATE_COMPLETE"

    assert stacks.delete("outer") == "DELETE_COMPLETE"


def test_one_that_cannot_be_created_is_deleted_with_all_that_it_left(
    stacks: Any, nested: Nest
) -> None:
    failed = [{"Status": "FAILED", "Reason": "No.", "PhysicalResourceId": "half-made"}]
    thing = {**stacks.resource("half", Create=failed), "DependsOn": "Group"}
    template = stacks.of(Inner=nested("half", stacks.of(Group=group("left"), Thing=thing)))

    assert stacks.create("half", template) == "ROLLBACK_COMPLETE"

    assert stacks.request_types("half") == ["Create", "Delete"]
    assert stacks.requests("half")[-1]["PhysicalResourceId"] == "half-made"
    with contextlib.closing(stacks.service("logs")) as logs:
        assert logs.describe_log_groups(logGroupNamePrefix="left")["logGroups"] == []


def test_one_without_a_template_leaves_nothing(stacks: Any, nested: Nest) -> None:
    inner = nested("there", stacks.of(Group=group("none")))
    inner["Properties"]["TemplateURL"] += "-not"

    assert stacks.create("empty", stacks.of(Inner=inner)) == "ROLLBACK_COMPLETE"

    assert stacks.delete("empty") == "DELETE_COMPLETE"


def test_one_that_refers_to_nothing_fails(stacks: Any, nested: Nest) -> None:
    inner = stacks.of(Group={**group("unresolved"), "DependsOn": "Nope"})

    assert stacks.create("typo", stacks.of(Inner=nested("typo", inner))) == "ROLLBACK_COMPLETE"

    reason = "Template format error: Unresolved resource dependencies [Nope] in the Resources"
    assert reason in stacks.reason("typo", resource="Inner")
