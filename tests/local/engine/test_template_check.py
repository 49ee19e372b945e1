"""Names in templates that stand for nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

UNRESOLVED = "Template format error: Unresolved resource dependencies [Nope] in the {} block"


def topic(display_name: Any = "shop", **attributes: Any) -> dict[str, Any]:
    properties = {"DisplayName": display_name}
    return {"Type": "AWS::SNS::Topic", "Properties": properties, **attributes}


def template(display_name: Any = "shop", **blocks: Any) -> str:
    given = {"Resources": {"Topic": topic(display_name)}, **blocks}
    return json.dumps(given)


def problem(stacks: Any, body: str) -> str:
    with pytest.raises(ClientError) as caught:
        stacks.client.validate_template(TemplateBody=body)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nope"},
        {"Fn::Sub": "a ${Nope}"},
        {"Fn::Sub": ["${There} ${Nope}", {"There": "x"}]},
        {"Fn::Sub": ["${There}", {"There": {"Ref": "Nope"}}]},
        {"Fn::Join": ["", ["a", {"Ref": "Nope"}]]},
    ],
    ids=["ref", "sub", "sub with variables", "in a variable", "nested"],
)
@pytest.mark.parametrize("block", ["Resources", "Outputs"])
def test_a_reference_to_nothing_is_refused(stacks: Any, block: str, value: Any) -> None:
    outputs = {"Outputs": {"Name": {"Value": value}}}
    body = template(value) if block == "Resources" else template(**outputs)

    assert problem(stacks, body) == f"{UNRESOLVED.format(block)} of the template"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            {"Fn::GetAtt": ["Nope", "Arn"]},
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            {"Fn::GetAtt": "Nope.Arn"},
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            {"Fn::Sub": "${Nope.Arn}"},
            "Template error: instance of Fn::Sub references invalid resource attribute Nope.Arn",
        ),
        (
            {"Fn::If": ["Nope", "a", "b"]},
            "Template error: unresolved condition dependency Nope in Fn::If",
        ),
        (
            {"Fn::FindInMap": ["Nope", {"Ref": "AWS::Region"}, "name"]},
            "Template error: Mapping named 'Nope' is not present",
        ),
    ],
    ids=["list", "string", "sub", "if", "map"],
)
def test_so_is_what_a_function_needs(stacks: Any, value: Any, sentence: str) -> None:
    assert problem(stacks, template(value)).startswith(sentence)


@pytest.mark.parametrize("dependency", ["Nope", ["Other", "Nope"]])
def test_so_is_a_dependency_on_nothing(stacks: Any, dependency: Any) -> None:
    resources = {"Topic": topic(DependsOn=dependency), "Other": topic()}

    assert problem(stacks, template(Resources=resources)) == (
        f"{UNRESOLVED.format('Resources')} of the template"
    )


@pytest.mark.parametrize("block", ["Resources", "Outputs"])
def test_so_is_a_condition_that_is_not_there(stacks: Any, block: str) -> None:
    member = topic(Condition="Nope") | {"Value": "x"}

    assert problem(stacks, template(**{"Resources": {"Topic": topic()}, block: {"A": member}})) == (
        f"Template format error: Unresolved condition dependency Nope in the {block} block of "
        "the template"
    )


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (
            {"Fn::Not": [{"Condition": "Nope"}]},
            "Template format error: Unresolved condition dependencies [Nope]",
        ),
        (
            {"Fn::Equals": [{"Ref": "Topic"}, "a"]},
            "Template format error: Unresolved dependencies [Topic]. Cannot reference resources",
        ),
    ],
)
def test_so_is_a_condition_of_something_else(stacks: Any, condition: Any, sentence: str) -> None:
    body = template(Conditions={"Is": condition})
    assert problem(stacks, body).startswith(sentence)

    with pytest.raises(ClientError, match="in the Conditions block of the template"):
        stacks.client.create_stack(StackName="conditions", TemplateBody=body)


def test_no_stack_and_no_change_set_comes_of_it(stacks: Any) -> None:
    body = template({"Ref": "Nope"})
    for call in (
        lambda: stacks.client.create_stack(StackName="refused", TemplateBody=body),
        lambda: stacks.client.create_change_set(
            StackName="refused", ChangeSetName="a", ChangeSetType="CREATE", TemplateBody=body
        ),
    ):
        with pytest.raises(ClientError, match="Unresolved resource dependencies"):
            call()
        with pytest.raises(ClientError, match="does not exist"):
            stacks.client.describe_stacks(StackName="refused")


def test_an_update_is_refused_before_it_begins(stacks: Any) -> None:
    stacks.create("updated", template())

    with pytest.raises(ClientError, match="Unresolved resource dependencies"):
        stacks.client.update_stack(StackName="updated", TemplateBody=template({"Ref": "Nope"}))

    (stack,) = stacks.client.describe_stacks(StackName="updated")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_resource_that_its_condition_leaves_out_is_nothing_to_what_stays(stacks: Any) -> None:
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    left_out = topic(Condition="Never")
    reference = {"Ref": "Nope"}
    chosen = {"Fn::If": ["Never", reference, {"Ref": "AWS::StackName"}]}
    others = {"Chosen": topic(chosen, DependsOn="Nope"), "Out": topic(reference, Condition="Never")}
    fine = template(Conditions=conditions, Resources={"Nope": left_out, **others})
    assert stacks.create("left-out", fine) == "CREATE_COMPLETE"

    resources = {"Nope": left_out, **others, "Topic": topic(reference)}
    with pytest.raises(ClientError) as caught:
        stacks.client.update_stack(
            StackName="left-out", TemplateBody=template(Conditions=conditions, Resources=resources)
        )
    assert caught.value.response["Error"]["Message"] == (
        f"{UNRESOLVED.format('Resources')} of the template"
    )


def test_what_stands_for_something_is_taken(stacks: Any) -> None:
    values = [
        {"Ref": "Name"},
        {"Ref": "AWS::StackId"},
        {"Fn::GetAtt": ["First", "TopicName"]},
        {"Fn::Sub": "${AWS::Region} ${!Literal} ${First} ${First.TopicName} ${Name}"},
        {"Fn::Sub": ["${Given.name}", {"Given.name": {"Ref": "Name"}}]},
        {"Fn::If": ["Always", {"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "a"]}, "b"]},
        # No function: a property may be called so.
        {"Condition": "StringEquals"},
    ]
    body = template(
        Parameters={"Name": {"Type": "String", "Default": "shop"}},
        Mappings={"Map": {"us-east-1": {"a": "b"}}},
        Conditions={
            "Always": {"Fn::Equals": [{"Ref": "Name"}, "shop"]},
            "Too": {"Fn::And": [{"Condition": "Always"}, {"Condition": "Always"}]},
        },
        Resources={
            "First": topic(Condition="Too"),
            "Parameter": {
                "Type": "AWS::SSM::Parameter",
                "DependsOn": ["First"],
                "Properties": {"Type": "String", "Value": {"Fn::Join": ["", values]}},
            },
        },
        Outputs={"Arn": {"Value": {"Ref": "First"}, "Condition": "Always"}},
    )

    assert stacks.create("names", body) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "given",
    [
        {"Transform": "AWS::Serverless-2016-10-31"},
        {"Outputs": {"Fn::Transform": {"Name": "AWS::Include"}}},
    ],
)
def test_what_a_macro_may_add_is_not_missed(stacks: Any, given: dict[str, Any]) -> None:
    stacks.client.validate_template(TemplateBody=template({"Ref": "Nope"}, **given))


def test_a_transform_that_failed_says_so_itself(stacks: Any) -> None:
    loop = {"Fn::ForEach::Topics": ["Name", ["A"], {"${Name}": topic({"Ref": "Nope"})}]}

    with pytest.raises(ClientError, match="ForEach"):
        stacks.client.create_stack(StackName="loop", TemplateBody=template(Resources=loop))
