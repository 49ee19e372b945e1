"""The times of a stack, as DescribeStacks has them."""

from datetime import UTC, datetime, timedelta
from typing import Any

FAILS = [{"Status": "FAILED", "Reason": "No."}]


def described(stacks: Any, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = stacks.client.describe_stacks(StackName=stack)["Stacks"][0]
    return found


def begun(stacks: Any, stack: str, status: str) -> datetime:
    """Give the time of the stack's last event of its own of a status."""
    events = stacks.client.describe_stack_events(StackName=stack)["StackEvents"]
    time: datetime = next(
        event["Timestamp"]
        for event in events
        if event["LogicalResourceId"] == stack and event["ResourceStatus"] == status
    )
    return time


def test_a_stack_that_was_never_updated_has_no_time_of_it(stacks: Any) -> None:
    before = datetime.now(UTC)

    stacks.create("new", stacks.template("new"))

    assert "LastUpdatedTime" not in described(stacks, "new")
    assert before - timedelta(milliseconds=1) <= described(stacks, "new")["CreationTime"]
    assert described(stacks, "new")["CreationTime"] <= datetime.now(UTC)


def test_a_change_set_creates_the_stack_and_its_execution_is_the_first_update(
    stacks: Any,
) -> None:
    stacks.client.create_change_set(
        StackName="set",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=stacks.template("set"),
    )
    created = described(stacks, "set")
    assert created["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert "LastUpdatedTime" not in created

    stacks.client.execute_change_set(StackName="set", ChangeSetName="first")
    assert stacks.settled("set") == "CREATE_COMPLETE"

    executed = described(stacks, "set")
    assert executed["CreationTime"] == created["CreationTime"]
    assert created["CreationTime"] < executed["LastUpdatedTime"]
    assert executed["LastUpdatedTime"] <= begun(stacks, "set", "CREATE_IN_PROGRESS")


def test_an_update_has_its_time_before_the_function_is_asked(stacks: Any) -> None:
    stacks.create("updated", stacks.template("updated", Size=1))
    before = datetime.now(UTC)

    template = stacks.template("updated", Size=2, Look="yes", Update=[{"Sleep": 0.1}])
    stacks.update("updated", template)

    seen = stacks.requests("updated")[1]["Stack"]["LastUpdatedTime"]
    after = described(stacks, "updated")
    assert str(after["LastUpdatedTime"]) == seen
    assert before - timedelta(milliseconds=1) <= after["LastUpdatedTime"] <= datetime.now(UTC)


def test_a_rollback_is_no_other_update_and_no_deletion(stacks: Any) -> None:
    stacks.create("back", stacks.template("back", Size=1))

    stacks.update("back", stacks.template("back", Size=2, Update=FAILS))

    after = described(stacks, "back")
    assert after["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert after["LastUpdatedTime"] <= begun(stacks, "back", "UPDATE_IN_PROGRESS")
    assert "DeletionTime" not in after


def test_a_creation_that_is_rolled_back_and_a_deletion_have_a_time_of_deletion(
    stacks: Any,
) -> None:
    stacks.create("failed", stacks.template("failed", Create=FAILS))
    rolled_back = described(stacks, "failed")
    assert rolled_back["StackStatus"] == "ROLLBACK_COMPLETE"
    assert rolled_back["DeletionTime"] <= begun(stacks, "failed", "ROLLBACK_IN_PROGRESS")

    assert stacks.delete("failed") == "DELETE_COMPLETE"

    deleted = described(stacks, rolled_back["StackId"])
    assert rolled_back["DeletionTime"] < deleted["DeletionTime"]


def test_each_stack_of_a_list_has_its_own_times(stacks: Any) -> None:
    stacks.create("one", stacks.template("one", Size=1))
    stacks.update("one", stacks.template("one", Size=2))
    stacks.create("other", stacks.template("other", Create=FAILS))

    found = {each["StackName"]: each for each in stacks.client.describe_stacks()["Stacks"]}

    assert "LastUpdatedTime" in found["one"]
    assert "DeletionTime" not in found["one"]
    assert "LastUpdatedTime" not in found["other"]
    assert "DeletionTime" in found["other"]
