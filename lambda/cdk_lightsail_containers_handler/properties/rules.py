"""Rules that values of several resources share, and reading values of any JSON shape."""

import re
from collections.abc import Mapping

BEYOND_TIMEOUT_SECONDS = 57
"""How much older than the function's timeout a request may be when the function begins it.

AWS Lambda repeats a minute later what failed, and a hand-over or an answer fails four seconds
before the timeout at the latest. What ran into its timeout was answered before, and is not
repeated: it would be older.
"""

# The pattern in Lightsail's API model groups its alternatives wrongly; this is what it enforces.
_NAME = re.compile(r"[a-z0-9]{1,2}|[a-z0-9][a-z0-9-]+[a-z0-9]")


def check_service_name(value: object, what: str = "service_name") -> str:
    """Validate the name of a container service and return it."""
    return check_name(value, what, 63)


def check_name(value: object, what: str, limit: int) -> str:
    """Validate a name as Lightsail takes it and return it."""
    if isinstance(value, str) and len(value) <= limit and _NAME.fullmatch(value):
        return value
    rule = f"{what} must be 1-{limit} lowercase letters, digits and inner hyphens"
    raise ValueError(f"{rule}, got {show(value)}")


def check_number(value: object, what: str, lowest: int, highest: int) -> int:
    """Validate a whole number of a range and return it."""
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return value
    rule = f"{what} must be a whole number from {lowest} to {highest}"
    raise ValueError(f"{rule}, got {show(value)}")


def sent_number(value: object) -> object:
    """Return the number in a string: CloudFormation sends every scalar as a string."""
    is_text = isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value)
    return int(value) if is_text else value  # type: ignore[call-overload]


def mapping(value: object, what: str) -> Mapping[str, object]:
    """Validate a mapping and return it."""
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"{what} must be an object, got {show(value)}")


def text(value: object, what: str) -> str:
    """Validate a string that is not empty and return it."""
    if isinstance(value, str) and value:
        return value
    raise ValueError(f"{what} must be a string, got {show(value)}")


def any_text(value: object) -> str:
    """Validate a string of an answer and return it."""
    if isinstance(value, str):
        return value
    raise TypeError("what should be a string is none")


def required(given: Mapping[str, object], name: str) -> object:
    """Validate a property and return it."""
    if name not in given:
        raise ValueError(f"{name} is missing from the resource properties")
    return given[name]


def show(value: object) -> str:
    """Return a value as a message shows it: quoted, and never longer than a line."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."  # noqa: PLR2004 - a line of a message
