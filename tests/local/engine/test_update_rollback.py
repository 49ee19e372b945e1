"""What a function and its stack get to see when an update is rolled back."""

import json
from pathlib import Path
from typing import Any

import pytest

from patience import wait_until

NO = [{"Status": "FAILED", "Reason": "No."}]


def answer(physical_id: str) -> list[dict[str, str]]:
    return [{"PhysicalResourceId": physical_id}]


def broken(stacks: Any, stack: str) -> dict[str, Any]:
    """A resource that fails the update that creates it, once Thing is done."""
    half_made = [{**NO[0], "PhysicalResourceId": "half-made"}]
    return {**stacks.resource(stack, Create=half_made), "DependsOn": "Thing"}


def replaced(stacks: Any, stack: str, back: str, **options: Any) -> str:
    """Let an update replace `one` with `two` and fail; going back is answered with an id."""
    first = stacks.template(stack, Size=1, Create=answer("one"), Update=answer(back))
    assert stacks.create(stack, first) == "CREATE_COMPLETE"
    thing = stacks.resource(stack, Size=2, Update=answer("two"))
    template = stacks.of(Thing=thing, Broken=broken(stacks, stack))
    status: str = stacks.update(stack, template, **options)
    return status


BACK_AND_CLEANED_UP = [
    ("Create", "Thing", None, "1", None),
    ("Update", "Thing", "one", "2", "1"),
    ("Create", "Broken", None, None, None),
    ("Update", "Thing", "two", "1", "2"),
    ("Delete", "Broken", "half-made", None, None),
    ("Delete", "Thing", "two", "2", None),
]


def test_a_replaced_resource_is_updated_back_and_what_replaced_it_is_deleted(stacks: Any) -> None:
    assert replaced(stacks, "back", "one") == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence("back") == BACK_AND_CLEANED_UP
    assert stacks.ids("back") == {"Thing": "one"}
    assert stacks.statuses("back", "back")[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    ids = [(status, physical_id) for status, _, physical_id in stacks.events("back")]
    assert ids[2:] == [
        ("UPDATE_IN_PROGRESS", "one"),
        ("UPDATE_IN_PROGRESS", "two"),
        ("UPDATE_COMPLETE", "two"),
        ("UPDATE_IN_PROGRESS", "two"),
        ("UPDATE_IN_PROGRESS", "one"),
        ("UPDATE_COMPLETE", "one"),
        ("DELETE_IN_PROGRESS", "two"),
        ("DELETE_COMPLETE", "two"),
    ]


def test_a_replaced_resource_keeps_the_new_id_if_it_answers_with_it(stacks: Any) -> None:
    assert replaced(stacks, "stays", "two") == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence("stays") == BACK_AND_CLEANED_UP[:-1]
    assert stacks.ids("stays") == {"Thing": "two"}


def test_a_replaced_resource_may_be_replaced_again_on_the_way_back(stacks: Any) -> None:
    assert replaced(stacks, "third", "three") == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence("third") == BACK_AND_CLEANED_UP
    assert stacks.ids("third") == {"Thing": "three"}


def test_without_rollback_the_same_happens_once_the_stack_is_rolled_back(stacks: Any) -> None:
    assert replaced(stacks, "later", "one", DisableRollback=True) == "UPDATE_FAILED"
    assert stacks.sequence("later") == BACK_AND_CLEANED_UP[:3]

    stacks.client.rollback_stack(StackName="later")

    assert stacks.settled("later") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.sequence("later") == BACK_AND_CLEANED_UP


@pytest.mark.parametrize(
    ("given", "requests"),
    [
        ("one", [("Update", "Thing", "one", "1", "2")]),
        # https://github.com/aws/aws-cdk/issues/13527
        ("bad", [("Update", "Thing", "bad", "1", "2"), ("Delete", "Thing", "bad", "2", None)]),
    ],
)
def test_a_failed_update_is_sent_back_with_the_id_of_its_answer(
    stacks: Any, given: str, requests: list[object]
) -> None:
    stack = f"failed-{given}"
    first = stacks.template(stack, Size=1, Create=answer("one"), Update=answer("one"))
    stacks.create(stack, first)

    failing = stacks.template(stack, Size=2, Update=[{**NO[0], "PhysicalResourceId": given}])
    assert stacks.update(stack, failing) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence(stack)[1:] == [("Update", "Thing", "one", "2", "1"), *requests]
    assert stacks.ids(stack) == {"Thing": "one"}


def test_an_update_without_a_usable_answer_is_sent_back_with_the_id_of_before(stacks: Any) -> None:
    stacks.create("useless", stacks.template("useless", Size=1, Create=answer("one")))

    template = stacks.template("useless", Size=2, Update=[{"PhysicalResourceId": ""}])
    assert stacks.update("useless", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence("useless")[2:] == [("Update", "Thing", "one", "1", "2")]


def test_an_update_in_place_that_is_replaced_on_the_way_back_loses_what_it_was(
    stacks: Any,
) -> None:
    first = stacks.template("moved", Size=1, Create=answer("one"), Update=answer("three"))
    stacks.create("moved", first)
    thing = stacks.resource("moved", Size=2)

    template = stacks.of(Thing=thing, Broken=broken(stacks, "moved"))
    assert stacks.update("moved", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence("moved")[-1] == ("Delete", "Thing", "one", "2", None)
    assert stacks.ids("moved") == {"Thing": "three"}


@pytest.fixture
def stuck(stacks: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Give a stack whose rollback failed, and the file that has its resource fail."""
    stack, breaks = f"stuck-{len(request.node.name)}", tmp_path / "breaks"
    first = {"Size": 1, "Breaks": str(breaks), "Update": answer("one")}
    stacks.create(stack, stacks.template(stack, Create=answer("one"), **first))
    breaks.touch()
    thing = stacks.resource(stack, Size=2, Update=answer("two"))
    template = stacks.of(Thing=thing, Broken=broken(stacks, stack))
    assert stacks.update(stack, template) == "UPDATE_ROLLBACK_FAILED"
    return stack, breaks


def test_a_rollback_that_fails_deletes_nothing_and_goes_on_when_it_is_continued(
    stacks: Any, stuck: Any
) -> None:
    stack, breaks = stuck
    assert stacks.sequence(stack) == BACK_AND_CLEANED_UP[:4]
    assert stacks.ids(stack) == {"Thing": "two", "Broken": "half-made"}
    found = stacks.client.describe_stacks(StackName=stack)["Stacks"][0]
    assert "failed to update: [Thing]" in found["StackStatusReason"]

    stacks.client.continue_update_rollback(StackName=stack)
    assert stacks.settled(stack) == "UPDATE_ROLLBACK_FAILED"
    breaks.unlink()
    stacks.client.continue_update_rollback(StackName=stack)
    assert stacks.settled(stack) == "UPDATE_ROLLBACK_COMPLETE"

    again = BACK_AND_CLEANED_UP[3]
    assert stacks.sequence(stack)[4:] == [again, again, *BACK_AND_CLEANED_UP[4:]]
    assert stacks.ids(stack) == {"Thing": "one"}


def test_a_resource_that_is_skipped_stays_what_the_update_made_of_it(
    stacks: Any, stuck: Any
) -> None:
    stack, _ = stuck

    stacks.client.continue_update_rollback(StackName=stack, ResourcesToSkip=["Thing"])

    assert stacks.settled(stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.sequence(stack)[4:] == [("Delete", "Broken", "half-made", None, None)]
    assert stacks.ids(stack) == {"Thing": "two"}
    assert stacks.reason(stack, "UPDATE_COMPLETE") == "Resource rollback skipped by user"


def test_everything_is_back_before_anything_is_deleted_and_dependents_are_deleted_first(
    stacks: Any,
) -> None:
    def two(size: int, **answers: Any) -> dict[str, Any]:
        first = stacks.resource("order", Size=size, **answers)
        return {"Thing": first, "User": {**first, "DependsOn": "Thing"}}

    stacks.create("order", stacks.of(**two(1, Create=answer("one"), Update=answer("one"))))
    made = {**stacks.resource("order", Create=answer("made")), "DependsOn": "User"}
    last = {**broken(stacks, "order"), "DependsOn": "Made"}

    template = stacks.of(**two(2, Update=answer("two")), Made=made, Broken=last)
    assert stacks.update("order", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert [(kind, resource) for kind, resource, *_ in stacks.sequence("order")[6:]] == [
        ("Update", "Thing"),
        ("Update", "User"),
        ("Delete", "Broken"),
        ("Delete", "Made"),
        ("Delete", "User"),
        ("Delete", "Thing"),
    ]


def test_what_cannot_be_deleted_or_is_retained_fails_no_rollback(stacks: Any) -> None:
    stacks.create("left", stacks.template("left"))
    unchanged = stacks.resource("left")
    undeletable = stacks.resource("left", Delete=NO)
    retained = {**stacks.resource("left"), "DeletionPolicy": "Retain"}
    last = {**broken(stacks, "left"), "DependsOn": ["Undeletable", "Retained"]}

    template = stacks.of(Thing=unchanged, Undeletable=undeletable, Retained=retained, Broken=last)
    assert stacks.update("left", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.statuses("left", "Undeletable")[-1] == "DELETE_FAILED"
    assert stacks.statuses("left", "Retained")[-1] == "DELETE_SKIPPED"
    assert stacks.ids("left") == {"Thing": "made"}
    assert "Update" not in stacks.request_types("left")


def bucket(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": name},
        "DeletionPolicy": "Delete",
    }


@pytest.fixture
def s3(stacks: Any) -> Any:
    client = stacks.service("s3")
    yield client
    client.close()


def names(s3: Any) -> set[str]:
    return {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_a_replaced_resource_of_aws_is_there_still_and_its_replacement_is_deleted(
    stacks: Any, s3: Any
) -> None:
    stacks.create("buckets", stacks.of(Thing=bucket("of-before")))

    template = stacks.of(Thing=bucket("replacing"), Broken=broken(stacks, "buckets"))
    assert stacks.update("buckets", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.ids("buckets") == {"Thing": "of-before"}
    assert "of-before" in names(s3)
    assert "replacing" not in names(s3)


def test_an_imported_resource_leaves_the_stack_and_stays(stacks: Any) -> None:
    parameters = stacks.service("ssm")
    parameters.put_parameter(Name="imported", Type="String", Value="1")
    stacks.create("importing", stacks.template("importing"))
    imported = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "imported", "Type": "String", "Value": "1"},
        "DeletionPolicy": "RetainExceptOnCreate",
    }
    last = {**broken(stacks, "importing"), "DependsOn": "Imported"}
    template = stacks.of(Thing=stacks.resource("importing"), Imported=imported, Broken=last)

    status = stacks.change("importing", template, "UPDATE", ImportExistingResources=True)

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.statuses("importing", "Imported")[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "IMPORT_ROLLBACK_COMPLETE",
    ]
    assert stacks.ids("importing") == {"Thing": "made"}
    assert parameters.get_parameter(Name="imported")["Parameter"]["Value"] == "1"
    parameters.close()


def test_a_resource_whose_properties_cannot_be_resolved_is_sent_nothing(stacks: Any) -> None:
    stacks.create("unresolved", stacks.template("unresolved", Size=1))
    thing = stacks.resource("unresolved", Size={"Fn::GetAtt": ["Other", "None"]})

    template = stacks.of(Thing=thing, Other=stacks.resource("unresolved"))
    assert stacks.update("unresolved", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert [
        kind for kind, resource, *_ in stacks.sequence("unresolved") if resource == "Thing"
    ] == ["Create"]
    assert stacks.statuses("unresolved")[-2:] == ["UPDATE_FAILED", "UPDATE_COMPLETE"]


def rollback_reason(stacks: Any, stack: str) -> str:
    reason: str = stacks.reason(stack, "UPDATE_ROLLBACK_IN_PROGRESS", resource=stack)
    return reason


def test_the_stack_says_why_it_is_rolled_back(stacks: Any) -> None:
    replaced(stacks, "why", "one")
    assert rollback_reason(stacks, "why") == (
        "The following resource(s) failed to create: [Broken]. "
    )

    template = stacks.template("why", Size=3, Update=NO)
    stacks.update("why", template)
    assert rollback_reason(stacks, "why") == (
        "The following resource(s) failed to update: [Thing]. "
    )


def test_an_output_that_cannot_be_resolved_rolls_the_update_back(stacks: Any) -> None:
    first = stacks.template("outputs", Size=1, Create=answer("one"), Update=answer("one"))
    stacks.create("outputs", first)
    template = json.loads(stacks.template("outputs", Size=2, Update=answer("two")))
    template["Outputs"] = {"None": {"Value": {"Fn::GetAtt": ["Thing", "None"]}}}

    assert stacks.update("outputs", json.dumps(template)) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.sequence("outputs") == [
        each for each in BACK_AND_CLEANED_UP if "Broken" not in each
    ]
    assert rollback_reason(stacks, "outputs") == "Rollback requested"


def test_an_update_that_is_cancelled_is_rolled_back(stacks: Any) -> None:
    slow = [{"PhysicalResourceId": "two", "Sleep": 1}]
    first = stacks.template("cancelled", Size=1, Create=answer("one"), Update=answer("one"))
    stacks.create("cancelled", first)
    thing = stacks.resource("cancelled", Size=2, Update=slow)
    template = stacks.of(Thing=thing, Broken=broken(stacks, "cancelled"))
    stacks.client.update_stack(StackName="cancelled", TemplateBody=template)
    wait_until(lambda: "Update" in stacks.request_types("cancelled"))

    stacks.client.cancel_update_stack(StackName="cancelled")

    assert stacks.settled("cancelled") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.sequence("cancelled") == [
        each for each in BACK_AND_CLEANED_UP if "Broken" not in each
    ]
    assert rollback_reason(stacks, "cancelled") == "User Initiated"
