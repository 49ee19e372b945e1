"""Requests of every shape: exactly one answer that CloudFormation can read, or a refusal."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reliability.fuzz.wire_targets import check_event

from json_shapes import changed, values
from resource_properties import DEPLOYED, IMAGES
from stack_requests import STACK_ID


def event(kind: str, properties: dict[str, Any], resource: str, **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": "https://answers.example/",
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "LogicalResourceId": "Image",
        "ResourceType": f"Custom::Lightsail{resource}",
        "ResourceProperties": {"ServiceTimeout": "3600", **properties},
        **more,
    }


IMAGE, DEPLOYMENT = "ContainerImage", "ContainerServiceDeployment"
OLD = {"PhysicalResourceId": ":shop.web.1", "OldResourceProperties": IMAGES[0]}
HANDED = {"HandOver": {"Count": 1, "Began": 1.0, "State": {"Version": 1, "Settled": 1}}}
EVENTS = [
    *(event("Create", properties, IMAGE) for properties in IMAGES),
    event("Update", IMAGES[1], IMAGE, **OLD),
    event("Delete", IMAGES[0], IMAGE, PhysicalResourceId=":shop.web.1"),
    event("Create", DEPLOYED, DEPLOYMENT),
    event("Update", DEPLOYED, DEPLOYMENT, PhysicalResourceId="shop", **HANDED),
    event("Create", IMAGES[2], IMAGE, **HANDED),
]


@settings(max_examples=200)
@given(st.one_of(*map(changed, EVENTS), values))
def test_of_any_shape_are_answered_once_or_refused(given: Any) -> None:
    check_event(given)


@pytest.mark.parametrize("given", EVENTS, ids=lambda given: json.dumps(given)[:60])
def test_as_they_should_be_are_answered_once(given: dict[str, Any]) -> None:
    check_event(json.loads(json.dumps(given)))
