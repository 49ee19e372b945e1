"""Nested stacks: what an update leaves alone keeps its attributes, and a failed Create goes.

ministack updates the resources of a nested stack without their attributes, so that nothing could
refer to those that stay as they are, and forgets a nested stack whose Create fails.
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Mapping
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners

from lightsail_local.engine import failed_creates
from lightsail_local.engine.stack_events import STACK_TYPE
from lightsail_local.engine.wrapping import Wrapper, wrap

Properties = Mapping[str, Any]


def install() -> None:
    """Make nested stacks do so."""
    # `stacks` has its own name for it, and hands the attributes on.
    wrap("_update_resource", [provisioners], _update_resource)
    handlers = provisioners._RESOURCE_HANDLERS[STACK_TYPE]
    create, delete = handlers["create"], handlers["delete"]

    def create_or_remember(logical_id: str, properties: Properties, stack_name: str) -> Any:
        before = set(cloudformation._stacks)
        try:
            return create(logical_id, properties, stack_name)
        except Exception:
            # Only a Create that succeeds returns its name.
            new, start = set(cloudformation._stacks) - before, f"{stack_name}-{logical_id}-"
            for name in filter(lambda name: name.startswith(start), new):
                physical_id = cloudformation._stacks[name]["StackId"]
                failed_creates.remember(stack_name, logical_id, STACK_TYPE, physical_id, properties)
            raise

    def delete_with_failed(physical_id: str, properties: Properties) -> None:
        name = provisioners._nested_stack_lookup_name(physical_id)
        failed_creates.adopt(cloudformation._stacks.get(name, {}))
        delete(physical_id, properties)

    handlers.update(create=create_or_remember, delete=delete_with_failed)


def _update_resource(  # noqa: PLR0917 - ministack's signature
    original: Wrapper,
    resource_type: str,
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str,
) -> Any:
    attributes = cloudformation._stacks[stack_name]["_resources"][logical_id]["Attributes"]
    return original(resource_type, physical_id, old, new, stack_name, logical_id, attributes)
