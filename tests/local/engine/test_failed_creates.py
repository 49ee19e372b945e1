import json
import re
from typing import Any

FAILED = [{"Status": "FAILED", "Reason": "No.", "PhysicalResourceId": "half-made"}]
DELETED = ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_sends_a_delete_with_the_id_of_the_failed_create(stacks: Any) -> None:
    assert stacks.create("plain", stacks.template("plain", Create=FAILED)) == "ROLLBACK_COMPLETE"

    create, delete = stacks.requests("plain")
    assert (create["RequestType"], delete["RequestType"]) == ("Create", "Delete")
    assert delete["PhysicalResourceId"] == "half-made"
    assert delete["ResourceProperties"] == create["ResourceProperties"]
    assert delete["RequestId"] != create["RequestId"]
    assert stacks.statuses("plain") == DELETED


def test_invents_an_id_for_the_delete_of_a_create_that_gave_none(stacks: Any) -> None:
    without = [{**FAILED[0], "PhysicalResourceId": None}]
    template = stacks.template("silent", Create=without)

    assert stacks.create("silent", template) == "ROLLBACK_COMPLETE"

    delete = stacks.requests("silent")[-1]
    assert delete["RequestType"] == "Delete"
    assert re.fullmatch("silent-Thing-[A-Z0-9]{12}", delete["PhysicalResourceId"])


def test_rollback_fails_if_the_delete_does(stacks: Any) -> None:
    template = stacks.template(
        "stuck", Create=FAILED, Delete=[{"Status": "FAILED", "Reason": "In use."}]
    )

    assert stacks.create("stuck", template) == "ROLLBACK_FAILED"

    assert "Message returned: In use." in stacks.reason("stuck", "DELETE_FAILED")


def test_deletes_what_failed_before_what_it_was_made_after(stacks: Any) -> None:
    first = stacks.resource("order", Name="first")
    second = {**stacks.resource("order", Create=FAILED), "DependsOn": "First"}
    template = json.dumps({"Resources": {"First": first, "Thing": second}})

    assert stacks.create("order", template) == "ROLLBACK_COMPLETE"

    deleted = [
        request["LogicalResourceId"]
        for request in stacks.requests("order")
        if request["RequestType"] == "Delete"
    ]
    assert deleted == ["Thing", "First"]


def test_sends_the_delete_when_an_update_that_created_it_is_rolled_back(stacks: Any) -> None:
    first = stacks.resource("grown", Name="first")
    stacks.create("grown", json.dumps({"Resources": {"First": first}}))
    second = stacks.resource("grown", Create=FAILED)

    template = json.dumps({"Resources": {"First": first, "Thing": second}})
    assert stacks.update("grown", template) == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.request_types("grown") == ["Create", "Create", "Delete"]
    assert stacks.statuses("grown")[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert stacks.delete("grown") == "DELETE_COMPLETE"
    assert stacks.request_types("grown") == ["Create", "Create", "Delete", "Delete"]


def test_without_rollback_the_delete_comes_when_the_stack_is_deleted(stacks: Any) -> None:
    template = stacks.template("kept", Create=FAILED)
    assert stacks.create("kept", template, DisableRollback=True) == "CREATE_FAILED"
    assert stacks.request_types("kept") == ["Create"]

    assert stacks.delete("kept") == "DELETE_COMPLETE"

    assert stacks.requests("kept")[-1]["PhysicalResourceId"] == "half-made"
    assert stacks.request_types("kept") == ["Create", "Delete"]


def test_without_rollback_the_delete_comes_when_the_stack_is_rolled_back(stacks: Any) -> None:
    template = stacks.template("later", Create=FAILED)
    stacks.create("later", template, DisableRollback=True)

    stacks.client.rollback_stack(StackName="later")

    assert stacks.settled("later") == "ROLLBACK_COMPLETE"
    assert stacks.request_types("later") == ["Create", "Delete"]
    assert stacks.statuses("later") == DELETED


def test_without_rollback_the_next_update_deletes_and_creates_anew(stacks: Any) -> None:
    stacks.create("again", stacks.template("again", Create=FAILED), DisableRollback=True)

    assert stacks.update_failed("again", stacks.template("again")) == "UPDATE_COMPLETE"

    assert stacks.request_types("again") == ["Create", "Delete", "Create"]
    assert stacks.statuses("again")[2:4] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_the_next_update_goes_on_though_what_failed_cannot_be_deleted(stacks: Any) -> None:
    stuck = [{"Status": "FAILED", "Reason": "In use."}]
    template = stacks.template("left", Create=FAILED, Delete=stuck)
    stacks.create("left", template, DisableRollback=True)

    assert stacks.update_failed("left", stacks.template("left")) == "UPDATE_COMPLETE"

    assert "Message returned: In use." in stacks.reason("left", "DELETE_FAILED")


def test_sends_one_delete_only_for_a_create_that_succeeded(stacks: Any) -> None:
    stacks.create("whole", stacks.template("whole"))

    assert stacks.delete("whole") == "DELETE_COMPLETE"

    assert stacks.request_types("whole") == ["Create", "Delete"]
