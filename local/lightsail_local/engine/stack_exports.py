"""Exports that another stack imports: an update keeps them, which ministack does not ask of it.

A deletion of the whole stack is refused by ministack.
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
