"""What CloudFormation says of a template that is none, and what it reads in YAML."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from botocore.exceptions import ClientError

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "shop"}}
EQUAL = {"Fn::Equals": ["a", "a"]}
OBJECT = "Template format error: Any {} member must be an object."
CIRCLE = "Template format error: Circular dependency of conditions [A, B]"
NO_RESOURCE = "Template format error: At least one Resources member must be defined."
NO_TYPE = "Template format error: Every Resources object must contain a Type member."
CONDITION = "Template format error: Every Condition member must be a string."
DEPENDS_ON = "Template format error: DependsOn must be a string or list of strings."
OPERANDS = "Template error: every {} object requires {}."
MANY = "a list of at least 2 and at most 10 boolean parameters"


def template(**blocks: Any) -> dict[str, Any]:
    return {"Resources": {"Topic": TOPIC}, **blocks}


def topic(**attributes: Any) -> dict[str, Any]:
    return template(Resources={"Topic": TOPIC | attributes})


def conditions(**given: Any) -> dict[str, Any]:
    return template(Conditions=given)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"Outputs": {}}, NO_RESOURCE),
        ({"Resources": {}}, NO_RESOURCE),
        ({"Resources": None}, "[/Resources] 'null' values are not allowed in templates"),
        (template(Outputs=None), "[/Outputs] 'null' values are not allowed in templates"),
        (
            topic(DependsOn=["Topic", None]),
            "[/Resources/Topic/DependsOn/1] 'null' values are not allowed in templates",
        ),
        ({"Resources": [TOPIC]}, "Template format error: Resources must be an object."),
        (template(Parameters=["a"]), "Template format error: Parameters must be an object."),
        ({"Resources": {"Topic": "a"}}, OBJECT.format("Resources")),
        (template(Outputs={"A": "a"}), OBJECT.format("Outputs")),
        (conditions(A=True), OBJECT.format("Conditions")),
        ({"Resources": {"Topic": {}}}, NO_TYPE),
        (topic(Type=["AWS::SNS::Topic"]), NO_TYPE),
        (topic(DependsOn={"Ref": "Topic"}), DEPENDS_ON),
        (
            topic(DependsOn=[{"Fn::If": ["A", "Topic", "Topic"]}]),
            "Template format error: Every DependsOn value must be a string.",
        ),
        (topic(Condition={"Ref": "A"}), CONDITION),
        (template(Outputs={"A": {"Value": "a", "Condition": True}}), CONDITION),
        (
            topic(Properties={"DisplayName": {"Fn::Join": ["", [{"Ref": ["a"]}]]}}),
            "Template error: every Ref object must have a single String value.",
        ),
        (
            conditions(A={"Fn::Not": [{"Fn::Equals": ["a"]}]}),
            OPERANDS.format("Fn::Equals", "a list of 2 string parameters"),
        ),
        (conditions(A={"Fn::Not": "a"}), OPERANDS.format("Fn::Not", "one boolean parameter")),
        (conditions(A={"Fn::And": [EQUAL]}), OPERANDS.format("Fn::And", MANY)),
        (conditions(A={"Fn::Or": [EQUAL] * 11}), OPERANDS.format("Fn::Or", MANY)),
        (conditions(A={"Condition": "B"}, B={"Fn::Not": [{"Condition": "A"}]}), CIRCLE),
        (conditions(C={"Condition": "A"}, A={"Condition": "B"}, B={"Condition": "A"}), CIRCLE),
    ],
)
def test_is_said_before_there_is_a_stack(stacks: Any, body: dict[str, Any], sentence: str) -> None:
    text = json.dumps(body)
    for call in (
        lambda: stacks.client.validate_template(TemplateBody=text),
        lambda: stacks.client.create_stack(StackName="none", TemplateBody=text),
        lambda: stacks.client.create_change_set(
            StackName="none", ChangeSetName="a", ChangeSetType="CREATE", TemplateBody=text
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"] == {
            **caught.value.response["Error"],
            "Code": "ValidationError",
            "Message": sentence,
        }
    with pytest.raises(ClientError, match="does not exist"):
        stacks.client.describe_stacks(StackName="none")


def test_a_transform_that_failed_says_so_itself(stacks: Any) -> None:
    loop = {"Fn::ForEach::Topics": ["Name", ["A"], {"${Name}": TOPIC}]}
    body = json.dumps({"Resources": loop, "Outputs": None})

    with pytest.raises(ClientError, match="ForEach"):
        stacks.client.create_stack(StackName="loop", TemplateBody=body)


def test_short_forms_and_numbers_for_names_are_read(stacks: Any) -> None:
    body = """
        Transform: AWS::LanguageExtensions
        Mappings:
          Accounts:
            123456789012: {name: other}
          Numbers:
            here: {2: two, true: yes it is}
        Resources:
          Topic:
            Type: AWS::SNS::Topic
            Properties:
              DisplayName: !ToJsonString {length: !Length [a, b]}
        Outputs:
          Two: {Value: !FindInMap [Numbers, here, "2"]}
          Yes it is: {Value: !FindInMap [Numbers, here, "true"]}
          Other: {Value: !FindInMap [Accounts, "123456789012", name]}
    """
    assert stacks.create("short", dedent(body)) == "CREATE_COMPLETE"

    (stack,) = stacks.client.describe_stacks(StackName="short")["Stacks"]
    assert {one["OutputValue"] for one in stack["Outputs"]} == {"two", "yes it is", "other"}
