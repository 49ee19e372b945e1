"""Rules for exports that ministack does not have.

An account has an export's name once in a Region, and an update keeps an export that another stack
imports. A deletion of the whole stack is refused by ministack. What a condition leaves out imports
nothing, and an export that an update leaves out is gone.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

from lightsail_local.engine.template_check import used_members
from lightsail_local.engine.wrapping import Wrapper, wrap


def install() -> None:
    """Look at a stack's exports once its resources are made, when its outputs are."""
    wrap("_resolve_stack_outputs", [stacks], _resolve)
    wrap("_imported_export_names", [handlers], _imported_names)


def _resolve(original: Wrapper, *args: Any) -> tuple[list[Any], dict[str, Any]]:
    outputs, exports = original(*args)
    stack_id = args[-1]
    for name in exports:
        owner = cloudformation._exports.get(name, {}).get("StackId", stack_id)
        if owner != stack_id:
            stack = owner.split("/")[1]
            raise ValueError(f"Export with name {name} is already exported by stack {stack}.")
    own = {
        name: export
        for name, export in cloudformation._exports.items()
        if export["StackId"] == stack_id
    }
    for name, export in own.items():
        importer = _importer(name) if exports.get(name) != export else None
        if importer is not None:
            change = "updated" if name in exports else "deleted"
            raise ValueError(f"Export {name} cannot be {change} as it is in use by {importer}")
    # Nothing fails the operation after this.
    for name in set(own) - set(exports):
        del cloudformation._exports[name]
    return outputs, exports


def _importer(name: str) -> str | None:
    """Return a stack that imports an export, None if none does."""
    for importer, stack in cloudformation._stacks.items():
        is_there = stack["StackStatus"] != "DELETE_COMPLETE"
        if is_there and name in handlers._imported_export_names(stack, importer):
            return str(importer)
    return None


def _imported_names(original: Wrapper, stack: dict[str, Any], name: str) -> Any:
    template = dict(stack.get("_template", {}))
    for block in ("Resources", "Outputs"):
        template[block] = used_members(template, block, stack.get("_conditions", {}))
    return original({**stack, "_template": template}, name)
