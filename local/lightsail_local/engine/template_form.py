"""The form of a template, at which ministack ends with a traceback or never.

CloudFormation says what is wrong with it. The sentences are those that people report, such as
https://github.com/cloudtools/troposphere/issues/709
https://github.com/aws-cloudformation/cfn-lint/issues/38
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Iterator, Mapping
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers

from lightsail_local.engine.wrapping import Wrapper, wrap

Template = Mapping[str, Any]

_BLOCKS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
_OPERANDS = {
    "Fn::And": (range(2, 11), "a list of at least 2 and at most 10 boolean parameters"),
    "Fn::Equals": (range(2, 3), "a list of 2 string parameters"),
    "Fn::Not": (range(1, 2), "one boolean parameter"),
    "Fn::Or": (range(2, 11), "a list of at least 2 and at most 10 boolean parameters"),
}
_SHORT_FORMS = ("Length", "ToJsonString", "Transform")


def install() -> None:
    """Read all of YAML that CloudFormation reads, and check what was read."""
    for name in _SHORT_FORMS:
        construct = engine._construct_cfn_tag(f"Fn::{name}")
        engine.CfnLoader.add_constructor(f"!{name}", construct)
    wrap("_parse_template", [engine, handlers, changesets], _parse_template)
    # The first step that reads a block.
    wrap("_resolve_parameters", [handlers, changesets], _resolve_parameters)


def check_blocks(template: Template) -> None:
    """Check the parts of a template that every function here reads.

    Raises:
        ValueError: One is missing or of another kind, in CloudFormation's words.
    """
    for block in _BLOCKS:
        if path := next(_nulls(template.get(block, {}), f"/{block}"), None):
            raise ValueError(f"[{path}] 'null' values are not allowed in templates")
        if not isinstance(template.get(block, {}), dict):
            raise ValueError(f"Template format error: {block} must be an object.")
    if not template.get("Resources"):
        raise ValueError("Template format error: At least one Resources member must be defined.")


def check_members(template: Template) -> None:
    """Check the members of a template that has all that transforms add.

    Raises:
        ValueError: One is of another kind, in CloudFormation's words.
    """
    for block in _BLOCKS:
        if not all(isinstance(member, dict) for member in template.get(block, {}).values()):
            raise ValueError(f"Template format error: Any {block} member must be an object.")
    for resource in template["Resources"].values():
        if not isinstance(resource.get("Type"), str):
            raise ValueError(
                "Template format error: Every Resources object must contain a Type member."
            )
        dependencies = resource.get("DependsOn", [])
        if not isinstance(dependencies, (list, str)):
            raise ValueError(
                "Template format error: DependsOn must be a string or list of strings."
            )
        if not all(isinstance(dependency, str) for dependency in dependencies):
            raise ValueError("Template format error: Every DependsOn value must be a string.")
    for block in ("Resources", "Outputs"):
        for member in template.get(block, {}).values():
            if not isinstance(member.get("Condition", ""), str):
                raise ValueError("Template format error: Every Condition member must be a string.")
            _check_refs(member)
    conditions = template.get("Conditions", {})
    _check_operands(conditions)
    for name in conditions:
        _check_is_no_circle(conditions, name, ())


def objects_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield each object in a part of a template, the outer ones first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects_in(item)


def _parse_template(original: Wrapper, body: str) -> Any:
    return _with_text_keys(original(body))


def _resolve_parameters(original: Wrapper, template: Template, *args: Any) -> Any:
    # A later step says why a transform failed.
    if not isinstance(template, engine._TransformFailed):
        check_blocks(template)
    return original(template, *args)


def _with_text_keys(value: Any) -> Any:
    """Return a value whose keys are text, which a number in YAML is not, such as an account."""
    if isinstance(value, list):
        return [_with_text_keys(item) for item in value]
    if isinstance(value, dict):
        return {
            str(key).lower() if isinstance(key, bool) else str(key): _with_text_keys(item)
            for key, item in value.items()
        }
    return value


def _nulls(value: Any, path: str) -> Iterator[str]:
    """Yield the path of each null in a value."""
    if value is None:
        yield path
    elif isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _nulls(item, f"{path}/{key}")


def _check_refs(value: Any) -> None:
    for part in objects_in(value):
        if len(part) == 1 and not isinstance(part.get("Ref", ""), str):
            raise ValueError("Template error: every Ref object must have a single String value.")


def _check_operands(conditions: Mapping[str, Any]) -> None:
    for part in objects_in(conditions):
        for function, (counts, wanted) in _OPERANDS.items():
            given = part.get(function)
            is_right = isinstance(given, list) and len(given) in counts
            if function in part and not is_right:
                raise ValueError(f"Template error: every {function} object requires {wanted}.")


def _check_is_no_circle(conditions: Mapping[str, Any], name: str, before: tuple[str, ...]) -> None:
    if name in before:
        circle = ", ".join(sorted(before[before.index(name) :]))
        raise ValueError(f"Template format error: Circular dependency of conditions [{circle}]")
    for other in _conditions_in(conditions.get(name)):
        _check_is_no_circle(conditions, other, (*before, name))


def _conditions_in(value: Any) -> Iterator[str]:
    """Yield the names of the conditions that a condition has."""
    for part in objects_in(value):
        if isinstance(part.get("Condition"), str):
            yield part["Condition"]
