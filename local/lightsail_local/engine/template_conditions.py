"""What conditions compare; ministack only knows parameters and Fn::Select there.

In CloudFormation it may also be a pseudo parameter, such as the Region, or what a function makes:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

from collections.abc import Mapping
from functools import partial
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, stacks

from lightsail_local.engine.wrapping import Wrapper, wrap

Template = Mapping[str, Any]
Parameters = Mapping[str, Any]

_CONDITION_FUNCTIONS = frozenset({*engine._CONDITION_FUNCTIONS, "Condition"})


def install() -> None:
    """Give ministack the values that are compared, wherever it looks at conditions."""
    modules = [engine, handlers, changesets, stacks]
    wrap("_evaluate_conditions", modules, _evaluate_conditions)


def _evaluate_conditions(original: Wrapper, template: Template, parameters: Parameters) -> Any:
    conditions = _resolved(template.get("Conditions") or {}, template, parameters)
    return original({**template, "Conditions": conditions}, parameters)


def _resolved(value: Any, template: Template, parameters: Parameters) -> Any:
    """Return conditions, or a part of them, with the values that are compared."""
    resolve = partial(_resolved, template=template, parameters=parameters)
    match value:
        case list():
            return [resolve(item) for item in value]
        case {"Ref": str() as name} if name in parameters:
            # ministack compares a list as the text that was given.
            return value
        case dict() if len(value) == 1 and not _CONDITION_FUNCTIONS & set(value):
            (function,) = value
            if function == "Ref" or function.startswith("Fn::"):
                # The stack's name and id are not known here.
                mappings, unknown = (
                    template.get("Mappings") or {},
                    ("AWS::StackName", "AWS::StackId"),
                )
                return engine._resolve_refs(value, {}, parameters, {}, mappings, *unknown)
    if isinstance(value, dict):
        return {name: resolve(item) for name, item in value.items()}
    return value
