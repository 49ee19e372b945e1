"""Stacks that are deployed in express mode, as `cdk deploy --express` does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

FAILS = [{"Status": "FAILED", "Reason": "No."}]
EXPRESS = {"Mode": "EXPRESS"}
WITH_ROLLBACK = {"Mode": "EXPRESS", "DisableRollback": False}


def config(stacks: Any, stack: str) -> Any:
    (found,) = stacks.client.describe_stacks(StackName=stack)["Stacks"]
    return found.get("DeploymentConfig")


@pytest.mark.parametrize(
    ("given", "created", "updated"),
    [
        ({"DeploymentConfig": EXPRESS}, "CREATE_FAILED", "UPDATE_FAILED"),
        ({"DeploymentConfig": WITH_ROLLBACK}, "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
        (
            {"DeploymentConfig": {"Mode": "STANDARD"}},
            "ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
        ),
        (
            {"DeploymentConfig": EXPRESS, "DisableRollback": False},
            "ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
        ),
        ({}, "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
    ],
    ids=["express", "with rollback", "standard", "not disabled", "without"],
)
def test_a_failure_rolls_back_only_if_asked_for(
    stacks: Any, given: dict[str, Any], created: str, updated: str, request: Any
) -> None:
    stack = request.node.callspec.id.replace(" ", "-")
    fails = stacks.template(stack, Size=2, Create=FAILS, Update=FAILS)

    assert stacks.create(f"{stack}-new", fails, **given) == created
    stacks.create(stack, stacks.template(stack))
    assert stacks.update(stack, fails, **given) == updated

    assert config(stacks, stack) == given.get("DeploymentConfig")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"DeploymentConfig": EXPRESS}, "CREATE_FAILED"),
        ({"DeploymentConfig": WITH_ROLLBACK}, "ROLLBACK_COMPLETE"),
        ({"DeploymentConfig": EXPRESS, "OnStackFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE"),
    ],
    ids=["express", "with-rollback", "on-failure"],
)
def test_a_change_set_keeps_the_mode(
    stacks: Any, given: dict[str, Any], status: str, request: Any
) -> None:
    stack = f"change-{request.node.callspec.id}"
    stacks.client.create_change_set(
        StackName=stack,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=stacks.template(stack, Create=FAILS),
        **given,
    )
    change_set = stacks.client.describe_change_set(StackName=stack, ChangeSetName="first")
    assert change_set["DeploymentConfig"] == given["DeploymentConfig"]

    stacks.client.execute_change_set(StackName=stack, ChangeSetName="first")

    assert stacks.settled(stack) == status
    assert config(stacks, stack) == given["DeploymentConfig"]


def test_the_next_deployment_has_a_mode_of_its_own(stacks: Any) -> None:
    stacks.create("modes", stacks.template("modes"), DeploymentConfig=EXPRESS)

    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.update("modes", stacks.template("modes"))
    assert config(stacks, "modes") == EXPRESS

    stacks.update("modes", stacks.template("modes", Size=2))
    assert config(stacks, "modes") is None


def test_a_stack_that_failed_so_cannot_be_rolled_back(stacks: Any) -> None:
    stacks.create("stuck", stacks.template("stuck"))
    stacks.update("stuck", stacks.template("stuck", Size=2, Update=FAILS), DeploymentConfig=EXPRESS)

    with pytest.raises(ClientError, match="RollbackStack is not supported"):
        stacks.client.rollback_stack(StackName="stuck")

    next_one = stacks.template("stuck", Size=3)
    assert stacks.change("stuck", next_one, "UPDATE", DeploymentConfig=EXPRESS) == "UPDATE_COMPLETE"


def test_what_is_not_there_is_not_found(stacks: Any) -> None:
    for call in (stacks.client.execute_change_set, stacks.client.describe_change_set):
        with pytest.raises(ClientError, match="does not exist"):
            call(StackName="nowhere", ChangeSetName="none")
    with pytest.raises(ClientError, match="does not exist"):
        stacks.client.rollback_stack(StackName="nowhere")
