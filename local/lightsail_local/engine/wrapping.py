"""Ministack's functions and actions, with something around them."""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from ministack.services.cloudformation import handlers

Wrapper = Callable[..., Any]
"""Is called with what it wraps, and then with the arguments; may be a coroutine function."""

Params = dict[str, Any]
"""A request to CloudFormation's API, as its actions take it."""

Response = tuple[int, dict[str, str], bytes]
"""What an action answers: status, headers and body."""


def wrap(name: str, modules: Sequence[ModuleType], wrapper: Wrapper) -> None:
    """Put `wrapper(original, ...)` in the place of a function, in each module that imports it."""
    wrapped = partial(wrapper, getattr(modules[0], name))
    for module in modules:
        setattr(module, name, wrapped)


def wrap_action(name: str, wrapper: Wrapper) -> None:
    """Put `wrapper(original, ...)` in the place of an action of CloudFormation's API."""
    handlers._ACTION_HANDLERS[name] = partial(wrapper, handlers._ACTION_HANDLERS[name])
