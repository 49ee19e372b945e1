"""Change sets, as CloudFormation makes them and ministack does not."""

import json
from typing import Any

import pytest

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}


def template(outputs: dict[str, Any], **blocks: Any) -> str:
    return json.dumps({"Resources": {"Topic": TOPIC}, "Outputs": outputs, **blocks})


def described(stacks: Any, stack: str, body: str, **options: Any) -> dict[str, Any]:
    identity = {"StackName": stack, "ChangeSetName": "looked-at"}
    stacks.client.create_change_set(**identity, TemplateBody=body, **options)
    found: dict[str, Any] = stacks.client.describe_change_set(**identity)
    stacks.client.delete_change_set(**identity)
    return found


def outputs(stacks: Any, stack: str) -> dict[str, str]:
    (found,) = stacks.client.describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def test_an_output_alone_is_a_change_although_none_is_listed(stacks: Any) -> None:
    first, name = {"A": {"Value": "1"}}, {"Fn::GetAtt": ["Topic", "TopicName"]}
    stacks.create("outputs", template(first))
    both = template({**first, "Name": {"Value": name}})

    change_set = described(stacks, "outputs", both)
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert change_set["Changes"] == []

    assert stacks.change("outputs", both, "UPDATE") == "UPDATE_COMPLETE"
    assert set(outputs(stacks, "outputs")) == {"A", "Name"}
    assert described(stacks, "outputs", both)["Status"] == "FAILED"
    assert described(stacks, "outputs", template({}))["Status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("value", "status"), [("old", "FAILED"), ("new", "CREATE_COMPLETE")], ids=["same", "other"]
)
def test_a_parameter_changes_the_outputs_that_it_is_in(
    stacks: Any, value: str, status: str
) -> None:
    stack = f"parameter-{value}"
    body = template(
        {"A": {"Value": {"Ref": "Word"}}, "B": {"Value": "b", "Condition": "IsOther"}},
        Parameters={"Word": {"Type": "String", "Default": "old"}},
        Conditions={"IsOther": {"Fn::Equals": [{"Ref": "Word"}, "other"]}},
    )
    stacks.create(stack, body)

    given = [{"ParameterKey": "Word", "ParameterValue": value}]
    assert described(stacks, stack, body, Parameters=given)["Status"] == status


def test_a_stack_that_was_not_created_takes_all_its_change_sets_with_it(stacks: Any) -> None:
    for _ in range(2):
        for name in ("first", "second"):
            stacks.client.create_change_set(
                StackName="reviewed",
                ChangeSetName=name,
                ChangeSetType="CREATE",
                TemplateBody=template({}),
            )
        stacks.delete("reviewed")
