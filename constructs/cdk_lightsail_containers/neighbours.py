"""The constructs that are deployed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from aws_cdk import Stack
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Callable

_Kind = TypeVar("_Kind", bound=Construct)


def check_alone(
    scope: Construct,
    kind: type[_Kind],
    is_same: Callable[[_Kind], bool],
    sentence: str,
) -> None:
    """Raise the `ValueError` that says that a stack has another construct for the same thing.

    A stack and the nested stacks in it are deployed as one; other stacks below it are not.

    Args:
        scope: where the construct is going to be; or itself.
        kind: the constructs that may be the other one.
        is_same: whether one of them is.
        sentence: what is said, before the path of the other one.
    """
    stack = _deployed_stack(scope)
    for construct in stack.node.find_all():
        if (
            isinstance(construct, kind)
            and construct is not scope
            and is_same(construct)
            and _deployed_stack(construct).node.path == stack.node.path
        ):
            raise ValueError(f"{sentence} again after {construct.node.path!r}")


def _deployed_stack(construct: Construct) -> Stack:
    stack = Stack.of(construct)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack
