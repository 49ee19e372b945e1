"""Finds secrets that CloudFormation would send to the function in clear text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from aws_cdk import CfnOutput, CfnParameter, CfnStack, Stack

from ._checks import is_late, template_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs import Construct, IConstruct

_Kind = TypeVar("_Kind", bound="Construct")

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure)\b")
# Of access keys, Cognito user pool clients, IVS channels and AppSync API keys, and of custom
# resources that use the same names. No schema marks secret attributes.
_SECRET_ATTRIBUTES = {"ApiKey", "ClientSecret", "SecretAccessKey", "StreamKey"}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
_SUBSTITUTED = re.compile(r"\$\{([\w:.]+)\}")
_OUTPUTS = "Outputs."


def is_secret_reference(value: object) -> bool:
    """Return whether a string contains a dynamic reference to a secret."""
    return isinstance(value, str) and bool(_DYNAMIC_REFERENCE.search(value))


def secrets_among(
    scope: IConstruct, values: Mapping[str, object], *, is_synthesis: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield the name of each value that contains a secret, with a description of the secret.

    Args:
        scope: a construct of the template's stack.
        values: by name, with tokens.
        is_synthesis: whether the app is complete; before that, values that may change are left out.
    """
    stack = Stack.of(scope)
    if not is_synthesis:
        values = {name: value for name, value in values.items() if not is_late(value)}
    # First all values at once: each search for references goes through the whole stack.
    if any(_secrets(stack, list(values.values()))):
        for name, value in values.items():
            yield from ((name, secret) for secret in _secrets(stack, value))


def _secrets(stack: Stack, value: object) -> Iterator[str]:
    """Describe the secrets in a value, including those that come through another stack."""
    parts = list(_parts(template_value(stack, value)))
    if any(map(is_secret_reference, parts)):
        yield "a dynamic reference"
    references = sorted(references_in(parts))
    for name, attribute in references:
        if attribute.rpartition(".")[-1] in _SECRET_ATTRIBUTES:
            yield f"attribute {attribute!r} of {name!r}"
    yield from _secret_parameters(stack, {name for name, attribute in references if not attribute})
    for output in (
        *_outputs_of_nested_stacks(stack, references),
        *_outputs_of_other_stacks(stack, [one for part in parts for one in _imports(part)]),
    ):
        yield from _secrets(Stack.of(output), output.value)


def references_in(value: object) -> set[tuple[str, str]]:
    """Return the logical ids that a value of a template names, each with its attribute.

    Pseudo parameters such as `AWS::Region` are none.
    """
    found = {reference for part in _parts(value) for reference in _references(part)}
    return {(name, attribute) for name, attribute in found if not name.startswith("AWS::")}


def _secret_parameters(stack: Stack, names: set[str]) -> Iterator[str]:
    """Describe the parameters of these names that are secret or that receive a secret."""
    if not names:
        return
    for parameter in _own(stack, CfnParameter):
        name = stack.resolve(parameter.logical_id)
        if name in names and parameter.no_echo:
            yield f"NoEcho parameter {name!r}"
    parent, resource = stack.nested_stack_parent, stack.nested_stack_resource
    if parent is not None and isinstance(resource, CfnStack):
        passed = template_value(parent, resource.parameters)
        if isinstance(passed, dict):
            yield from _secrets(parent, [passed[name] for name in sorted(names & passed.keys())])


def _outputs_of_nested_stacks(
    stack: Stack, references: Sequence[tuple[str, str]]
) -> Iterator[CfnOutput]:
    """Yield the outputs of nested stacks that these references name."""
    if not any(attribute.startswith(_OUTPUTS) for _, attribute in references):
        return
    for nested in _of_kind(stack, Stack):
        resource = nested.nested_stack_resource
        name = None if resource is None else stack.resolve(resource.logical_id)
        for output in _own(nested, CfnOutput):
            if (name, _OUTPUTS + nested.resolve(output.logical_id)) in references:
                yield output


def _outputs_of_other_stacks(stack: Stack, imports: Sequence[object]) -> Iterator[CfnOutput]:
    """Yield the outputs of the app that a value imports."""
    for output in _of_kind(stack.node.root, CfnOutput) if imports else ():
        exporting = Stack.of(output)
        name = exporting.resolve(output.export_name)
        if name in imports or (
            [exporting.stack_name, exporting.resolve(output.logical_id)] in imports
        ):
            yield output


def _own(stack: Stack, kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield the constructs of a kind that are in a stack's own template."""
    return (one for one in _of_kind(stack, kind) if Stack.of(one).node.path == stack.node.path)


def _of_kind(scope: IConstruct, kind: type[_Kind]) -> Iterator[_Kind]:
    return (one for one in scope.node.find_all() if isinstance(one, kind))


def _parts(value: object) -> Iterator[object]:
    """Yield a value of a template and all its parts."""
    yield value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _parts(part)


def _references(part: object) -> Iterator[tuple[str, str]]:
    """Yield the logical ids that this part itself names, each with its attribute."""
    match part:
        case {"Ref": str(name)}:
            yield name, ""
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            yield name, attribute
        case {"Fn::GetAtt": str(name)}:
            yield _parted(name)
        case {"Fn::Sub": str(text)}:
            yield from map(_parted, _SUBSTITUTED.findall(text))
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from (_parted(one) for one in _SUBSTITUTED.findall(text) if one not in variables)


def _parted(name: str) -> tuple[str, str]:
    logical_id, _, attribute = name.partition(".")
    return logical_id, attribute


def _imports(part: object) -> Iterator[object]:
    """Yield what this part itself imports: an export's name, or stack and output."""
    match part:
        case {"Fn::ImportValue": name}:
            yield name
        case {"Fn::GetStackOutput": {"StackName": stack_name, "OutputName": name}}:
            yield [stack_name, name]
