"""What conditions of a template compare."""

from __future__ import annotations

import json
from typing import Any

import pytest

LIST = {"Ref": "Names"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Fn::Sub": "${AWS::AccountId}-${Name}"}, "000000000000-shop"),
        ({"Fn::Join": ["-", ["my", {"Ref": "Name"}]]}, "my-shop"),
        ({"Fn::Join": ["-", LIST]}, "a-b"),
        ({"Fn::Select": [1, LIST]}, "b"),
        ({"Fn::Select": [1, {"Fn::Split": ["h", {"Ref": "Name"}]}]}, "op"),
        ({"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "stage"]}, "production"),
        ({"Ref": "Name"}, "shop"),
        (LIST, "a,b"),
        ("shop", {"Ref": "Name"}),
    ],
)
def test_is_what_functions_and_pseudo_parameters_stand_for(
    stacks: Any, value: Any, expected: Any, request: Any
) -> None:
    stack = f"compares-{request.node.callspec.indices['value']}"
    resources = {
        name: {"Type": "AWS::SNS::Topic", "Condition": name} for name in ("Is", "IsNot", "Both")
    }
    body = {
        "Parameters": {
            "Name": {"Type": "String", "Default": "shop"},
            "Names": {"Type": "CommaDelimitedList", "Default": "a,b"},
        },
        "Mappings": {"Map": {"us-east-1": {"stage": "production"}}},
        "Conditions": {
            "IsNot": {"Fn::Not": [{"Condition": "Is"}]},
            "Is": {"Fn::Equals": [value, expected]},
            "Both": {"Fn::And": [{"Condition": "Is"}, {"Fn::Equals": [True, "True"]}]},
        },
        "Resources": resources,
        # Nothing stands for it if the resource is left out.
        "Outputs": {"Arn": {"Value": {"Ref": "Is"}}},
    }

    assert stacks.create(stack, json.dumps(body)) == "CREATE_COMPLETE"

    assert set(stacks.ids(stack)) == {"Is", "Both"}
