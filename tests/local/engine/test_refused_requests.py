"""Requests that the local cloud would carry out without a part of them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

POLICY = '{"Statement": []}'


@pytest.mark.parametrize("name", ["StackPolicyBody", "StackPolicyURL"])
def test_a_stack_policy_is_refused_in_a_sentence(stacks: Any, name: str) -> None:
    body = stacks.template("with-policy")
    with pytest.raises(ClientError) as caught:
        stacks.create("with-policy", body, **{name: POLICY})
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "ValidationError",
        "Message": f"The local cloud does not enforce stack policies: leave {name} out",
    }


@pytest.mark.parametrize("name", ["StackPolicyBody", "StackPolicyDuringUpdateBody"])
def test_a_stack_policy_is_refused_for_a_stack_that_is_there(stacks: Any, name: str) -> None:
    stack = f"there-{name}"
    stacks.create(stack, stacks.template(stack))

    with pytest.raises(ClientError, match=f"leave {name} out"):
        stacks.update(stack, stacks.template(stack, Size=2), **{name: POLICY})
    with pytest.raises(ClientError, match="leave StackPolicyBody out"):
        stacks.client.set_stack_policy(StackName=stack, StackPolicyBody=POLICY)

    assert stacks.update(stack, stacks.template(stack, Size=2)) == "UPDATE_COMPLETE"


TRIGGER = {
    "Arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors",
    "Type": "AWS::CloudWatch::Alarm",
}


def test_a_change_set_that_reverts_drift_is_refused(stacks: Any) -> None:
    stacks.create("drifted", stacks.template("drifted"))
    expected = "does not revert drift: leave DeploymentMode REVERT_DRIFT out"

    with pytest.raises(ClientError, match=expected):
        stacks.change(
            "drifted", stacks.template("drifted"), "UPDATE", DeploymentMode="REVERT_DRIFT"
        )


def test_an_alarm_that_triggers_a_rollback_is_refused_and_no_alarm_is_not(stacks: Any) -> None:
    none: dict[str, Any] = {"RollbackTriggers": []}
    stacks.create("watched", stacks.template("watched"), RollbackConfiguration=none)

    with pytest.raises(ClientError, match="watches no alarms: leave RollbackTriggers out"):
        stacks.update(
            "watched",
            stacks.template("watched", Size=2),
            RollbackConfiguration={"RollbackTriggers": [TRIGGER]},
        )
