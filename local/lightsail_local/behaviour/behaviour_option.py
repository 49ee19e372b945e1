"""The option of the command that says how Lightsail behaves: `KEY=VALUE`."""

import argparse
import math
from typing import Any, Literal, get_args, get_origin, get_type_hints

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.behaviour.failure import Failure

# Pages without a line would never come to the end of a log.
_LOWEST = {"log_page_size": 1}
_EXPLAINED = "`python3 -m pydoc lightsail_local.behaviour.behaviour` explains each of them."


def behaviour_help() -> str:
    """Show each key with its default and its values."""
    defaults = vars(Behaviour())
    rows = [
        (f"{key}={_written(defaults[key])}", _possible(kind))
        for key, kind in _behaviour_types().items()
    ]
    width = max(len(default) for default, _ in rows)
    lines = [f"  {default:<{width}}  {values}" for default, values in rows]
    return "\n".join(["behaviour, with its defaults and its values:", *lines, "", _EXPLAINED])


def parse_behaviour(text: str) -> tuple[str, Any]:
    """Read `KEY=VALUE`, the value as the type of that field of `Behaviour`."""
    key, equals, value = text.partition("=")
    types = _behaviour_types()
    if not equals or key not in types:
        raise argparse.ArgumentTypeError(f"KEY is one of {', '.join(types)}, got {text!r}")
    try:
        return key, _converted(value, types[key], lowest=_LOWEST.get(key, 0))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{key} is {error}, got {value!r}") from error


def _behaviour_types() -> dict[str, Any]:
    return get_type_hints(Behaviour)


def _written(value: Any) -> str:
    """Write a field's value as `_converted` reads it."""
    if isinstance(value, dict):
        return ",".join(f"{image}={failure}" for image, failure in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _possible(kind: Any) -> str:
    """Tell the values of a field's type."""
    if get_origin(kind) is Literal:
        return ", ".join(get_args(kind))
    if get_origin(kind) is dict:
        return f"IMAGE={'|'.join(get_args(Failure))},..."
    return {bool: "true, false", float: "seconds", int: "number"}[kind]


def _converted(value: str, kind: Any, *, lowest: int) -> Any:
    """Convert to a field's type, or raise a `ValueError` that says what is expected."""
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value
    if get_origin(kind) is dict:
        return dict(_failing_image(item) for item in value.split(",") if item)
    if kind is bool:
        if value not in ("true", "false"):
            raise ValueError("true or false")
        return value == "true"
    try:
        number = kind(value)
    except ValueError:
        number = math.nan
    if not lowest <= number < math.inf:
        raise ValueError(f"a {'finite' if kind is float else 'whole'} number, {lowest} or more")
    return number


def _failing_image(item: str) -> tuple[str, str]:
    image, _, failure = item.rpartition("=")
    if not image or failure not in get_args(Failure):
        raise ValueError(_possible(dict[str, Failure]))
    return image, failure
