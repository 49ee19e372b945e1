"""The API's own model, as botocore has it: what requests and answers have to look like."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator


@cache
def _service() -> Any:
    return botocore.session.get_session().get_service_model("lightsail")


def is_operation(name: str) -> bool:
    """Return whether Lightsail has an operation, whether or not we do."""
    return name in _service().operation_names


def request_problem(operation: str, parameters: object) -> str:
    """Return what is wrong with an operation's parameters, an empty string if nothing."""
    return _problem(_service().operation_model(operation).input_shape, parameters)


def answer_problem(operation: str, answer: object) -> str:
    """Return what is wrong with an operation's answer, an empty string if nothing."""
    return _problem(_service().operation_model(operation).output_shape, answer)


def _problem(shape: Any, value: object) -> str:
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        return str(report.generate_report())
    return "; ".join(_unchecked(shape, value, ""))


def _unchecked(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield what botocore leaves to the service: upper limits, enumerations, timestamps.

    Patterns are left out: the model's group their alternatives wrongly, so that `ab_!` passes
    for a service's name.
    """
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _unchecked(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from _unchecked(shape.member, member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from _unchecked(shape.key, key, f"{path}.{key}")
            yield from _unchecked(shape.value, member, f"{path}.{key}")
    elif shape.type_name == "timestamp" and not isinstance(value, int | float):
        yield f"{path}: {value!r} is no number of seconds since the epoch"
    elif shape.metadata.get("enum") and value not in shape.enum:
        yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
    elif _size(value) > shape.metadata.get("max", float("inf")):
        yield f"{path}: {value!r} is more than {shape.metadata['max']}"


def _size(value: Any) -> float:
    return len(value) if isinstance(value, str) else value
