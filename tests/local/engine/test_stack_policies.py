"""Stack policies, which the local cloud does not enforce."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

POLICY = '{"Statement": []}'


@pytest.mark.parametrize("name", ["StackPolicyBody", "StackPolicyURL"])
def test_are_refused_in_a_sentence(stacks: Any, name: str) -> None:
    body = stacks.template("with-policy")
    with pytest.raises(ClientError) as caught:
        stacks.create("with-policy", body, **{name: POLICY})
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "ValidationError",
        "Message": f"The local cloud does not enforce stack policies: leave {name} out",
    }


@pytest.mark.parametrize("name", ["StackPolicyBody", "StackPolicyDuringUpdateBody"])
def test_are_refused_for_a_stack_that_is_there(stacks: Any, name: str) -> None:
    stack = f"there-{name}"
    stacks.create(stack, stacks.template(stack))

    with pytest.raises(ClientError, match=f"leave {name} out"):
        stacks.update(stack, stacks.template(stack, Size=2), **{name: POLICY})
    with pytest.raises(ClientError, match="leave StackPolicyBody out"):
        stacks.client.set_stack_policy(StackName=stack, StackPolicyBody=POLICY)

    assert stacks.update(stack, stacks.template(stack, Size=2)) == "UPDATE_COMPLETE"
