"""A stack's events and resources, as a function sees them while the stack changes."""

import json
from typing import Any

import pytest

CLEAN_UP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
NO = [{"Status": "FAILED", "Reason": "No."}]


def answer(physical_id: str) -> list[dict[str, str]]:
    return [{"PhysicalResourceId": physical_id}]


def shown(request: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Give status and id of each resource, as they were when the function was asked."""
    return {
        each["LogicalResourceId"]: (each["ResourceStatus"], each["PhysicalResourceId"])
        for each in request["Resources"]
    }


def seen_events(request: dict[str, Any], resource: str) -> list[tuple[str, str]]:
    """Give status and id of a resource's events by then, oldest first."""
    return [
        (event["ResourceStatus"], event["PhysicalResourceId"])
        for event in reversed(request["Events"])
        if event["LogicalResourceId"] == resource
    ]


def looking(stacks: Any, stack: str, **properties: Any) -> dict[str, Any]:
    resource: dict[str, Any] = stacks.resource(stack, Look="yes", **properties)
    return resource


def test_a_resource_is_listed_without_an_id_while_it_is_created(stacks: Any) -> None:
    first = looking(stacks, "new", Create=answer("first"))
    second = {**looking(stacks, "new", Create=answer("second")), "DependsOn": "First"}

    stacks.create("new", stacks.of(First=first, Second=second))

    create_first, create_second = stacks.requests("new")
    assert shown(create_first) == {"First": ("CREATE_IN_PROGRESS", "")}
    assert shown(create_second) == {
        "First": ("CREATE_COMPLETE", "first"),
        "Second": ("CREATE_IN_PROGRESS", ""),
    }
    assert create_second["Stack"]["StackStatus"] == "CREATE_IN_PROGRESS"
    one = stacks.client.describe_stack_resource(StackName="new", LogicalResourceId="Second")
    assert one["StackResourceDetail"]["ResourceStatus"] == "CREATE_COMPLETE"


def test_what_could_not_be_created_is_listed_until_it_is_deleted(stacks: Any) -> None:
    half_made = [{**NO[0], "PhysicalResourceId": "half-made"}]
    template = stacks.of(Thing=looking(stacks, "half", Create=half_made))

    stacks.create("half", template, DisableRollback=True)

    (found,) = stacks.client.describe_stack_resources(StackName="half")["StackResources"]
    assert (found["ResourceStatus"], found["PhysicalResourceId"]) == ("CREATE_FAILED", "half-made")
    assert stacks.events("half")[-1][::2] == ("CREATE_FAILED", "half-made")
    stacks.client.rollback_stack(StackName="half")
    assert stacks.settled("half") == "ROLLBACK_COMPLETE"
    assert shown(stacks.requests("half")[-1]) == {"Thing": ("DELETE_IN_PROGRESS", "half-made")}
    assert stacks.ids("half") == {}


def test_an_update_has_the_id_of_before_and_the_new_one_once_it_is_answered(stacks: Any) -> None:
    first = looking(stacks, "replaced", Size=1, Create=answer("one"))
    stacks.create("replaced", stacks.of(Thing=first))
    changed = looking(stacks, "replaced", Size=2, Update=answer("two"))
    user = {**looking(stacks, "replaced"), "DependsOn": "Thing"}

    stacks.update("replaced", stacks.of(Thing=changed, User=user))

    _, update, create, delete = stacks.requests("replaced")
    assert shown(update) == {"Thing": ("UPDATE_IN_PROGRESS", "one")}
    assert seen_events(update, "Thing")[2:] == [("UPDATE_IN_PROGRESS", "one")]
    assert shown(create) == {
        "Thing": ("UPDATE_COMPLETE", "two"),
        "User": ("CREATE_IN_PROGRESS", ""),
    }
    assert seen_events(create, "Thing")[2:] == [
        ("UPDATE_IN_PROGRESS", "one"),
        ("UPDATE_IN_PROGRESS", "two"),
        ("UPDATE_COMPLETE", "two"),
    ]
    assert [each["Stack"]["StackStatus"] for each in (update, create, delete)] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        CLEAN_UP,
    ]
    assert shown(delete) == {
        "Thing": ("UPDATE_COMPLETE", "two"),
        "User": ("CREATE_COMPLETE", "made"),
    }
    assert stacks.events("replaced")[-2:] == [
        ("DELETE_IN_PROGRESS", "", "one"),
        ("DELETE_COMPLETE", "", "one"),
    ]
    assert stacks.statuses("replaced", "replaced")[-3:] == [
        "UPDATE_IN_PROGRESS",
        CLEAN_UP,
        "UPDATE_COMPLETE",
    ]


def test_an_update_has_no_event_of_what_it_leaves_alone(stacks: Any) -> None:
    thing = stacks.resource("alone", Size=1)
    stacks.create("alone", stacks.of(Thing=thing))
    before = stacks.client.list_stack_resources(StackName="alone")["StackResourceSummaries"]

    stacks.update("alone", stacks.of(Thing=thing, Other=looking(stacks, "alone")))

    assert stacks.statuses("alone") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert stacks.statuses("alone", "Other") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    after = stacks.client.list_stack_resources(StackName="alone")["StackResourceSummaries"]
    assert after[:1] == before
    assert after[1]["ResourceStatus"] == "CREATE_COMPLETE"


def test_a_resource_that_an_update_cannot_create_has_failed_to_be_created(stacks: Any) -> None:
    stacks.create("grown", stacks.template("grown"))

    template = stacks.of(Thing=stacks.resource("grown"), Other=stacks.resource("grown", Create=NO))
    stacks.update("grown", template)

    assert stacks.statuses("grown", "Other") == [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]


def test_both_resources_of_one_id_are_listed_while_the_renamed_one_is_deleted(
    stacks: Any,
) -> None:
    thing = looking(stacks, "renamed", Create=answer("same"))
    stacks.create("renamed", stacks.of(Before=thing))

    stacks.update("renamed", stacks.of(After=thing))

    _, create, delete = stacks.requests("renamed")
    assert shown(create) == {
        "Before": ("CREATE_COMPLETE", "same"),
        "After": ("CREATE_IN_PROGRESS", ""),
    }
    assert shown(delete) == {
        "Before": ("DELETE_IN_PROGRESS", "same"),
        "After": ("CREATE_COMPLETE", "same"),
    }
    assert delete["Stack"]["StackStatus"] == CLEAN_UP
    assert seen_events(delete, "Before")[-1] == ("DELETE_IN_PROGRESS", "same")
    assert stacks.ids("renamed") == {"After": "same"}


def test_a_clean_up_that_cannot_delete_says_so_and_fails_no_update(stacks: Any) -> None:
    stacks.create("undeletable", stacks.of(Before=stacks.resource("undeletable", Delete=NO)))

    template = stacks.of(After=stacks.resource("undeletable"))
    assert stacks.update("undeletable", template) == "UPDATE_COMPLETE"

    assert stacks.statuses("undeletable", "Before")[2:] == ["DELETE_IN_PROGRESS", "DELETE_FAILED"]


def test_a_failed_update_keeps_its_id_and_a_rollback_is_listed(stacks: Any) -> None:
    first = looking(stacks, "failed", Size=1, Create=answer("one"))
    stacks.create("failed", stacks.of(Thing=first))

    stacks.update("failed", stacks.of(Thing=looking(stacks, "failed", Size=2, Update=NO)))

    back = stacks.requests("failed")[-1]
    assert shown(back) == {"Thing": ("UPDATE_IN_PROGRESS", "one")}
    assert seen_events(back, "Thing")[2:] == [
        ("UPDATE_IN_PROGRESS", "one"),
        ("UPDATE_FAILED", "one"),
        ("UPDATE_IN_PROGRESS", "one"),
    ]
    assert back["Stack"]["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"
    assert seen_events(back, "failed")[-1][0] == "UPDATE_ROLLBACK_IN_PROGRESS"


def test_a_replaced_resource_of_aws_begins_its_update_once(stacks: Any) -> None:
    def bucket(name: str) -> dict[str, Any]:
        return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}

    stacks.create("bucket", stacks.of(Thing=bucket("one-of-events")))

    stacks.update("bucket", stacks.of(Thing=bucket("two-of-events")))

    assert [event[::2] for event in stacks.events("bucket")[2:]] == [
        ("UPDATE_IN_PROGRESS", "one-of-events"),
        ("UPDATE_COMPLETE", "two-of-events"),
        ("DELETE_IN_PROGRESS", "one-of-events"),
        ("DELETE_COMPLETE", "one-of-events"),
    ]


def test_more_resources_and_events_than_a_page_holds_come_in_pages(stacks: Any) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "1"}}
    many = {f"P{number}": parameter for number in range(101)}
    stacks.create("many", json.dumps({"Resources": many}))
    page = stacks.client.list_stack_resources(StackName="many")
    assert "NextToken" in page

    rest = stacks.client.list_stack_resources(StackName="many", NextToken=page["NextToken"])

    listed = page["StackResourceSummaries"] + rest["StackResourceSummaries"]
    assert sorted(each["LogicalResourceId"] for each in listed) == sorted(many)
    pages = stacks.client.get_paginator("describe_stack_events").paginate(StackName="many")
    events = [event for page in pages for event in page["StackEvents"]]
    assert len(events) == 2 + 2 * len(many)
    assert events[0]["ResourceStatus"] == "CREATE_COMPLETE"
    assert events[0]["ResourceType"] == "AWS::CloudFormation::Stack"
    times = [event["Timestamp"] for event in events]
    assert times == sorted(times, reverse=True)


def test_a_stack_that_does_not_exist_lists_nothing(stacks: Any) -> None:
    with pytest.raises(stacks.client.exceptions.ClientError, match="does not exist"):
        stacks.client.list_stack_resources(StackName="none")
