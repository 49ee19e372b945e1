"""Properties of Lightsail's resource types are checked before a resource is made or changed.

CloudFormation checks them against the published schemas, and takes a string for a number and the
like. The sentences are those of its validator:
https://github.com/aws-cloudformation/cloudformation-resource-schema
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from lightsail_local.engine.resource_schemas import SCHEMAS, Schema

Properties = Mapping[str, Any]

_TYPES = {"array": list, "boolean": bool, "integer": int, "object": dict, "string": str}
_TYPE_NAMES = {
    bool: "Boolean",
    dict: "JSONObject",
    float: "Double",
    int: "Integer",
    list: "JSONArray",
    str: "String",
    type(None): "Null",
}


class PropertyError(ValueError):
    """The properties of a resource are not what its schema says, in CloudFormation's words."""


def install() -> None:
    """Put the check before Create and Update of each type, which are registered already."""
    for resource_type, schema in SCHEMAS.items():
        handlers = provisioners._RESOURCE_HANDLERS[resource_type]
        handlers["create"] = _checked_create(schema, handlers["create"])
        handlers["update"] = _checked_update(schema, handlers["update"])
        handlers["update_with_logical_id"] = True


def check(logical_id: str, properties: Properties, schema: Schema) -> Properties:
    """Check properties against a schema, and return them with the types that it names.

    Args:
        logical_id: The resource, which the error names.
        properties: Its properties.
        schema: What they may be.

    Raises:
        PropertyError: The properties are something else.
    """
    problems: list[str] = []
    checked: Properties = _checked(properties, schema, "#", problems)
    if problems:
        raise PropertyError(
            f"Properties validation failed for resource {logical_id} with message: "
            + "\n".join(problems)
        )
    return checked


def _checked_create(schema: Schema, create: Callable[..., object]) -> Callable[..., object]:
    def checked(logical_id: str, properties: Properties, stack_name: str) -> object:
        return create(logical_id, check(logical_id, properties, schema), stack_name)

    return checked


def _checked_update(schema: Schema, update: Callable[..., object]) -> Callable[..., object]:
    def checked(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> object:
        # What there was is not refused any more.
        before = _checked(old, schema, "#", [])
        return update(physical_id, before, check(logical_id, new, schema), stack_name)

    return checked


def _checked(value: Any, schema: Schema, path: str, problems: list[str]) -> Any:
    """Return a value with the type that its schema names, and add what is wrong to problems."""
    value = _coerced(value, schema["type"])
    expected, found = _TYPES[schema["type"]], type(value)
    if found is not expected:
        names = f"{_TYPE_NAMES[expected]}, found: {_TYPE_NAMES[found]}"
        problems.append(f"{path}: expected type: {names}")
    elif isinstance(value, dict):
        return _checked_object(value, schema, path, problems)
    elif isinstance(value, list):
        items = [
            _checked(item, schema["items"], f"{path}/{index}", problems)
            for index, item in enumerate(value)
        ]
        if len({json.dumps(item, sort_keys=True) for item in items}) < len(items):
            problems.append(f"{path}: array items are not unique")
        return items
    elif isinstance(value, str):
        problems += _problems_of_string(value, schema, path)
    else:
        problems += _problems_of_number(value, schema, path)
    return value


def _coerced(value: Any, wanted: str) -> Any:
    """Return a scalar as the type that is wanted, if it can be read as one."""
    if wanted == "string" and isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, str):
        if wanted == "integer" and re.fullmatch(r"-?\d+", value):
            return int(value)
        if wanted == "boolean" and value.lower() in {"true", "false"}:
            return value.lower() == "true"
    return value


def _checked_object(
    value: Properties, schema: Schema, path: str, problems: list[str]
) -> dict[str, Any]:
    known = schema["properties"]
    problems += [
        f"{path}: required key [{name}] not found"
        for name in schema["required"]
        if name not in value
    ]
    problems += [
        f"{path}: extraneous key [{name}] is not permitted" for name in value if name not in known
    ]
    return {
        name: _checked(item, known[name], f"{path}/{name}", problems)
        for name, item in value.items()
        if name in known
    }


def _problems_of_string(value: str, schema: Schema, path: str) -> list[str]:
    problems = []
    if len(value) < schema.get("minLength", 0):
        problems.append(f"{path}: expected minLength: {schema['minLength']}, actual: {len(value)}")
    if len(value) > schema.get("maxLength", len(value)):
        problems.append(f"{path}: expected maxLength: {schema['maxLength']}, actual: {len(value)}")
    if not re.search(schema.get("pattern", ""), value):
        problems.append(_constraint(path, "pattern"))
    if value not in schema.get("enum", [value]):
        problems.append(_constraint(path, "enum"))
    return problems


def _problems_of_number(value: int, schema: Schema, path: str) -> list[str]:
    problems = []
    if value < schema.get("minimum", value):
        problems.append(_constraint(path, "minimum"))
    if value > schema.get("maximum", value):
        problems.append(_constraint(path, "maximum"))
    return problems


def _constraint(path: str, keyword: str) -> str:
    """Return what is said where the sentence would have to quote the value."""
    return f"{path}: failed validation constraint for keyword [{keyword}]"
