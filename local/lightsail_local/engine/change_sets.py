"""Change sets that ministack takes for empty, or forgets to delete.

CloudFormation executes one that changes nothing but outputs, although it lists no change: `cdk
deploy` adds an output for another stack so, and `cdk orphan` reads attributes.
https://github.com/aws/aws-cdk/pull/2029

A stack that is not created yet gets another id from ministack with each change set. Those of the
id before would outlive the stack.
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Mapping
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers

from lightsail_local.engine.wrapping import Params, Response, Wrapper, wrap_action

_EXECUTABLE = {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}
_EMPTY = "The submitted information didn't contain changes."


def install() -> None:
    """Make the first executable, and let the others go with their stack."""
    wrap_action("CreateChangeSet", _create_change_set)


def named_change_set(params: Params) -> dict[str, Any]:
    """Return the change set that a request names, an empty one if there is none."""
    names = [handlers._p(params, name) for name in ("ChangeSetName", "StackName")]
    return changesets._find_change_set(*names)[1] or {}


def _create_change_set(original: Wrapper, params: Params) -> Response:
    reviewed = handlers._resolve_stack(handlers._p(params, "StackName")) or {}
    response: Response = original(params)
    if response[0] != 200:  # noqa: PLR2004 - HTTP's
        return response
    change_set = named_change_set(params)
    stack = cloudformation._stacks[change_set["StackName"]]
    if reviewed.get("StackStatus") == "REVIEW_IN_PROGRESS":
        for one in cloudformation._change_sets.values():
            if one["StackId"] == reviewed["StackId"]:
                one["StackId"] = stack["StackId"]
    is_empty = change_set["StatusReason"].startswith(_EMPTY)
    if is_empty and _outputs(stack, stack) != _outputs(change_set, stack):
        change_set.update(_EXECUTABLE)
    return response


def _outputs(of: Mapping[str, Any], stack: Mapping[str, Any]) -> Any:
    """Return the outputs of a stack or a change set, with the values of its parameters."""
    template, parameters = of["_template"], of["_resolved_params"]
    conditions = changesets._evaluate_conditions(template, parameters)
    outputs = {
        name: {"Properties": output}
        for name, output in (template.get("Outputs") or {}).items()
        if conditions.get(output.get("Condition"), True)
    }
    # ministack resolves the properties of resources only.
    stand_in = {**template, "Resources": outputs}
    identity = stack["StackName"], stack["StackId"]
    return changesets._resolve_props_for_diff(stand_in, parameters, *identity)
