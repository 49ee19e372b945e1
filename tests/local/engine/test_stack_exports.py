"""Exports that another stack imports, such as the function's ARN of a shared `Handler`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}


def exporting(value: str | None, name: str = "token") -> str:
    output = {"Value": value, "Export": {"Name": name}}
    outputs = {"Token": output} if value else {"Other": {"Value": "x"}}
    return json.dumps({"Resources": {"Topic": TOPIC}, "Outputs": outputs})


@pytest.fixture
def pair(stacks: Any) -> Iterator[Any]:
    """A stack that exports, and one that imports."""
    stacks.create("owner", exporting("arn"))
    imported = {
        "Type": "AWS::SNS::Topic",
        "Properties": {"DisplayName": {"Fn::ImportValue": "token"}},
    }
    stacks.create("user", stacks.of(Topic=imported))
    yield stacks
    for stack in ("user", "owner"):
        stacks.client.delete_stack(StackName=stack)


def test_that_are_imported_keep_their_stack(pair: Any) -> None:
    with pytest.raises(ClientError, match="Export token is imported by stack user"):
        pair.client.delete_stack(StackName="owner")

    pair.delete("user")
    assert pair.update("owner", exporting("other")) == "UPDATE_COMPLETE"
    assert pair.delete("owner") == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("template", "change"), [(exporting(None), "deleted"), (exporting("other"), "updated")]
)
def test_that_are_imported_fail_an_update_that_changes_them(
    pair: Any, template: str, change: str
) -> None:
    assert pair.update("owner", template) == "UPDATE_ROLLBACK_COMPLETE"

    reasons = [reason for _, reason, _ in pair.events("owner", "owner")]
    assert f"Export token cannot be {change} as it is in use by user" in reasons
    # The clean-up is that of the rollback, not of an update that came to its end.
    assert "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" not in pair.statuses("owner", "owner")


def test_that_are_imported_may_stay_in_an_update(pair: Any) -> None:
    template = json.loads(exporting("arn"))
    template["Resources"]["Topic"] = TOPIC | {"Properties": {"DisplayName": "new"}}

    assert pair.update("owner", json.dumps(template)) == "UPDATE_COMPLETE"


def test_that_are_not_imported_may_change(stacks: Any) -> None:
    stacks.create("alone", exporting("arn", "unused"))

    assert stacks.update("alone", exporting("other", "unused")) == "UPDATE_COMPLETE"
    assert stacks.update("alone", exporting(None)) == "UPDATE_COMPLETE"
    assert stacks.delete("alone") == "DELETE_COMPLETE"


def test_that_another_stack_has_fail_the_stack(stacks: Any) -> None:
    stacks.create("first", exporting("arn", "shared"))

    assert stacks.create("second", exporting("other", "shared")) == "ROLLBACK_COMPLETE"

    reasons = [reason for _, reason, _ in stacks.events("second", "second")]
    assert "Export with name shared is already exported by stack first." in reasons
    stacks.delete("second")
    exports = stacks.client.list_exports()["Exports"]
    assert [one["Value"] for one in exports if one["Name"] == "shared"] == ["arn"]
    assert stacks.update("first", exporting("new", "shared")) == "UPDATE_COMPLETE"
    assert stacks.delete("first") == "DELETE_COMPLETE"
    assert stacks.create("third", exporting("arn", "shared")) == "CREATE_COMPLETE"
    stacks.delete("third")


def test_that_an_update_leaves_out_are_there_for_another_stack(stacks: Any) -> None:
    stacks.create("before", exporting("arn", "moved"))
    stacks.update("before", exporting(None))

    assert "moved" not in {one["Name"] for one in stacks.client.list_exports()["Exports"]}
    assert stacks.create("after", exporting("other", "moved")) == "CREATE_COMPLETE"
    stacks.delete("after")


def test_that_only_what_a_condition_leaves_out_names_are_not_imported(stacks: Any) -> None:
    stacks.create("named", exporting("arn", "not-imported"))
    value = {"Fn::ImportValue": "not-imported"}
    branch = {"Fn::If": ["Never", value, "x"]}
    left_out = {"Condition": "Never", "Type": TOPIC["Type"]}
    body = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Topic": TOPIC | {"Properties": {"DisplayName": branch}},
            "Other": left_out | {"Properties": {"DisplayName": value}},
        },
        "Outputs": {"Value": {"Value": value, "Condition": "Never"}},
    }
    stacks.create("names", json.dumps(body))

    assert stacks.update("named", exporting("other", "not-imported")) == "UPDATE_COMPLETE"
    assert stacks.delete("named") == "DELETE_COMPLETE"
    stacks.delete("names")
