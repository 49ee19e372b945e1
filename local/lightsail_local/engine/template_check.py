"""Names in a template that stand for nothing, which ministack takes as they are.

CloudFormation refuses such a template at once, before there is a stack or a change set:
https://repost.aws/knowledge-center/cloudformation-template-validation
"""

# ruff: noqa: SLF001 - ministack has no public way to do this, and its version is pinned

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, provisioners

from lightsail_local.engine.template_form import check_blocks, check_members, objects_in
from lightsail_local.engine.wrapping import Wrapper, wrap

Template = Mapping[str, Any]
Conditions = Mapping[str, bool]

_PSEUDO_PARAMETERS = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)
# Not `${!Literal}`.
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def install() -> None:
    """Check templates before ministack looks at their conditions, and once it knows them."""
    wrap("_evaluate_conditions", [handlers, changesets], _evaluate_conditions)
    wrap("validate_template_support", [handlers, changesets], _validate)
    # The first step of a nested stack that has the template; it knows no conditions yet.
    wrap("_check_nested_stack_capabilities", [provisioners], _check_nested)


def check(template: Template, conditions: Conditions) -> None:
    """Check that a template has the form of one, and every name in it stands for something.

    Args:
        template: It, transformed.
        conditions: Its conditions; none if they are not known.

    Raises:
        ValueError: It has not, or one does not, in CloudFormation's words.
    """
    if isinstance(template, engine._TransformFailed):
        return
    check_blocks(template)
    if handlers._uses_macro(template):
        # A macro may still add what a name stands for.
        return
    check_members(template)
    _check_conditions(template)
    resources = template["Resources"]
    for block in ("Resources", "Outputs"):
        members = template.get(block, {})
        for member in members.values():
            _check_member(template, block, member)
        _check_references(template, block, members, resources)
        # A reference to what its condition leaves out is refused where it is used.
        used = used_members(template, block, conditions)
        _check_references(template, block, used, _present(resources, conditions))


def used_members(template: Template, block: str, conditions: Conditions) -> list[Any]:
    """Return the members of a block that no condition leaves out.

    Args:
        template: It, transformed.
        block: Resources or Outputs.
        conditions: Its conditions; none if they are not known.

    Returns:
        Them, with the branch of each Fn::If whose condition is known.
    """
    members = _present(template.get(block, {}), conditions)
    return [_chosen(member, conditions) for member in members.values()]


def _evaluate_conditions(original: Wrapper, template: Template, *args: Any) -> Any:
    check(template, {})
    return original(template, *args)


def _validate(original: Wrapper, template: Template, conditions: Conditions, **kwargs: Any) -> None:
    check(template, conditions)
    original(template, conditions, **kwargs)


def _check_nested(original: Wrapper, stack_name: str, template: Template) -> None:
    check(template, {})
    original(stack_name, template)


def _present(members: Mapping[str, Any], conditions: Conditions) -> dict[str, Any]:
    """Return the members that no condition leaves out."""
    return {
        name: member
        for name, member in members.items()
        if conditions.get(member.get("Condition"), True)
    }


def _chosen(value: Any, conditions: Conditions) -> Any:
    """Return a value with the branch of each Fn::If whose condition is known."""
    match value:
        case list():
            return [_chosen(item, conditions) for item in value]
        case {"Fn::If": [str() as name, yes, no]} if name in conditions:
            return _chosen(yes if conditions[name] else no, conditions)
        case dict():
            return {key: _chosen(item, conditions) for key, item in value.items()}
    return value


def _check_conditions(template: Template) -> None:
    conditions = template.get("Conditions", {})
    parameters = {*template.get("Parameters", {}), *_PSEUDO_PARAMETERS}
    found = list(_references(conditions))
    of_conditions = {name for function, name, _ in found if function == "Condition"}
    if missing := sorted(of_conditions - set(conditions)):
        raise ValueError(
            f"Template format error: Unresolved condition dependencies [{', '.join(missing)}] "
            "in the Conditions block of the template"
        )
    of_values = {name for function, name, _ in found if function in ("Ref", "Fn::GetAtt")}
    if missing := sorted(of_values - parameters):
        raise ValueError(
            f"Template format error: Unresolved dependencies [{', '.join(missing)}]. "
            "Cannot reference resources in the Conditions block of the template"
        )


def _check_member(template: Template, block: str, member: Mapping[str, Any]) -> None:
    """Check what a resource or an output names without a function."""
    condition = member.get("Condition")
    if condition is not None and condition not in template.get("Conditions", {}):
        raise ValueError(
            f"Template format error: Unresolved condition dependency {condition} "
            f"in the {block} block of the template"
        )
    dependencies = member.get("DependsOn", [])
    if isinstance(dependencies, str):
        dependencies = [dependencies]
    _check_resolved(block, set(dependencies) - set(template["Resources"]))


def _check_references(
    template: Template, block: str, value: Any, resources: Collection[str]
) -> None:
    unresolved = set()
    parameters = {*template.get("Parameters", {}), *_PSEUDO_PARAMETERS}
    for function, name, attribute in _references(value):
        match function:
            case "Fn::If" if name not in template.get("Conditions", {}):
                raise ValueError(
                    f"Template error: unresolved condition dependency {name} in Fn::If"
                )
            case "Fn::FindInMap" if name not in template.get("Mappings", {}):
                raise ValueError(
                    f"Template error: Mapping named '{name}' is not present in the 'Mappings' "
                    "section of template."
                )
            case "Fn::GetAtt" if name not in resources:
                raise ValueError(
                    f"Template error: instance of Fn::GetAtt references undefined resource {name}"
                )
            case "Fn::Sub" if attribute and name not in resources:
                raise ValueError(
                    "Template error: instance of Fn::Sub references invalid resource attribute "
                    f"{name}.{attribute}"
                )
            case "Ref" | "Fn::Sub" if name not in parameters:
                unresolved.add(name)
    _check_resolved(block, unresolved - set(resources))


def _check_resolved(block: str, unresolved: Collection[str]) -> None:
    if unresolved:
        raise ValueError(
            f"Template format error: Unresolved resource dependencies "
            f"[{', '.join(sorted(unresolved))}] in the {block} block of the template"
        )


def _references(value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield function, name and attribute of all that a part of a template refers to."""
    for part in objects_in(value):
        for function, argument in part.items():
            yield from _named_by(function, argument)


def _named_by(function: str, argument: Any) -> Iterator[tuple[str, str, str]]:
    match function, argument:
        case (("Ref" | "Condition"), str()):
            yield function, argument, ""
        case ("Fn::If", [str() as name, *_]) | ("Fn::FindInMap", [str() as name, _, _]):
            yield function, name, ""
        case ("Fn::GetAtt", [str() as name, *_]):
            yield function, name, ""
        case "Fn::GetAtt", str():
            yield function, argument.partition(".")[0], ""
        case "Fn::Sub", str():
            yield from _variables(argument, {})
        case "Fn::Sub", [str() as text, dict() as given]:
            yield from _variables(text, given)


def _variables(text: str, given: Collection[str]) -> Iterator[tuple[str, str, str]]:
    for variable in _VARIABLE.findall(text):
        if variable not in given:
            name, _, attribute = variable.partition(".")
            yield "Fn::Sub", name, attribute
