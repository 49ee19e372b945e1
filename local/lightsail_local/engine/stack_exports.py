"""Two rules for exports that ministack does not have.

An account has an export's name once in a Region, and an update keeps an export that another stack
imports. A deletion of the whole stack is refused by ministack.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

from lightsail_local.engine.wrapping import Wrapper, wrap


def install() -> None:
    """Look at a stack's exports once its resources are made, when its outputs are."""
    wrap("_resolve_stack_outputs", [stacks], _resolve)


def _resolve(original: Wrapper, *args: Any) -> tuple[list[Any], dict[str, Any]]:
    outputs, exports = original(*args)
    stack_id = args[-1]
    for name in exports:
        owner = cloudformation._exports.get(name, {}).get("StackId", stack_id)
        if owner != stack_id:
            stack = owner.split("/")[1]
            raise ValueError(f"Export with name {name} is already exported by stack {stack}.")
    for name, export in cloudformation._exports.items():
        if export["StackId"] == stack_id and exports.get(name) != export:
            change = "updated" if name in exports else "deleted"
            for importer, stack in cloudformation._stacks.items():
                is_there = stack["StackStatus"] != "DELETE_COMPLETE"
                if is_there and name in handlers._imported_export_names(stack, importer):
                    raise ValueError(
                        f"Export {name} cannot be {change} as it is in use by {importer}"
                    )
    return outputs, exports
