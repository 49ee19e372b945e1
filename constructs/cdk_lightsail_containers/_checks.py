"""Checks that constructs share, and values that are not known yet."""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import jsii
from aws_cdk import (
    CfnElement,
    Duration,
    IAnyProducer,
    Intrinsic,
    Stack,
    Token,
    Tokenization,
)
from aws_cdk.aws_lightsail import CfnContainer
from constructs import Construct, IValidation

from cdk_lightsail_containers_handler.properties.rules import check_service_name, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_cdk import IResolveContext
    from aws_cdk.interfaces import ResourceEnvironment
    from aws_cdk.interfaces.aws_lightsail import IContainerRef
    from constructs import IConstruct

_Kind = TypeVar("_Kind", bound=Construct)

# What the CDK puts in place of a value that its command line still has to look up, where our rules
# would refuse it: that of `ssm.StringParameter.value_from_lookup`, and that of the names of
# `ecr.Repository.from_lookup` and `iam.Role.from_lookup`. Others, such as `vpc-12345`, look like
# real values. The app cannot ask what is missing: only the assembly lists it.
# https://docs.aws.amazon.com/cdk/v2/guide/context.html
_LOOKUP_DUMMY = re.compile(r"dummy-value-for-.|\bDUMMY_ARN\b")


def new_path(scope: object, construct_id: object) -> str:
    """Return the path of a new construct after a check that it can be there."""
    if not isinstance(scope, Construct):
        raise ValueError(f"scope must be a construct such as a Stack, got {show(scope)}")
    if not isinstance(construct_id, str) or not construct_id:
        raise ValueError(f"id must be a string, got {show(construct_id)}")
    path = f"{scope.node.path}/{construct_id}".lstrip("/")
    if scope.node.try_find_child(construct_id) is not None:
        raise ValueError(f"construct {path!r} already exists: use it, or give this one another id")
    return path


@contextmanager
def errors_in(path: str) -> Iterator[None]:
    """Add a construct's path to an error, unless it has that of a construct within."""
    try:
        yield
    except ValueError as error:
        if not hasattr(error, "__notes__"):
            error.add_note(f"in construct {path!r}")
        raise


def check_known(value: object, check: Callable[[object, str], object], what: str) -> None:
    """Check a value that may be a string, unless it is not known yet."""
    if is_known(value):
        check(value, what)


def check_seconds(value: object, what: str, lowest: int, highest: int) -> None:
    """Check that a value is a Duration of whole seconds within a range."""
    rule = f"{what} must be a Duration of {lowest} to {highest} whole seconds"
    if not isinstance(value, Duration):
        raise ValueError(f"{rule}, got {value!r}")
    if value.is_unresolved():
        return
    seconds = value.to_seconds(integral=False)
    if not lowest <= seconds <= highest or seconds % 1:
        raise ValueError(f"{rule}, got {seconds:g} seconds")


def check_revision(revision: object) -> None:
    """Check that a revision, if there is one, is a string."""
    if revision is not None and not isinstance(revision, str):
        raise ValueError(f"revision must be a string, got {show(revision)}")


def is_known(value: object) -> bool:
    """Return whether a value that may be a string is known.

    A value that the CDK command line looks up is a dummy string in the first synthesis. The
    command line then synthesizes the app again with the real value.
    """
    return not is_token(value) and not is_lookup_dummy(value)


def is_lookup_dummy(value: object) -> bool:
    """Return whether a string contains a dummy for a value that is still to be looked up."""
    return isinstance(value, str) and bool(_LOOKUP_DUMMY.search(value))


def is_token(value: object) -> bool:
    """Return whether a value of any type is a token or contains one.

    `Token.is_unresolved` fails on values that jsii cannot send to Node: a `Path` or a member of an
    `Enum` raises there, and NaN ends the process.
    """
    if isinstance(value, str):
        # Each question to Node takes time, and most strings have nothing like a token.
        return "${Token[" in value and Token.is_unresolved(value)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return Token.is_unresolved(value)
    # The CDK asks whether a value has `resolve`. A `Path` has one, too, so ask for jsii first.
    is_of_jsii = hasattr(value, "__jsii_ref__") or hasattr(type(value), "__jsii_ifaces__")
    return is_of_jsii and not isinstance(value, type) and hasattr(value, "resolve")


def is_late(value: object) -> bool:
    """Return whether a value has a token that may be or hold a `Lazy`.

    A `Lazy` keeps the first value that it has, for every resource: only synthesis may resolve it.
    """
    if isinstance(value, list):
        # A list that is not known is written as one string.
        whole = Tokenization.reverse_list(value) if "#{Token[" in str(value) else None
        return is_late(whole) if whole else any(map(is_late, value))
    if not is_token(value):
        return False
    tokens = Tokenization.reverse_string(value).tokens if isinstance(value, str) else [value]
    return not all(isinstance(token, Intrinsic | CfnElement) for token in tokens)


def template_text(scope: IConstruct, value: object) -> str:
    """Return a value as the template of a construct's stack has it, as a string.

    A token often contains parts that are known, such as the host name of a private registry.
    """
    if isinstance(value, str) and not is_token(value):
        return value
    resolved = template_value(scope, value)
    return "" if resolved is None else json.dumps(resolved)


def template_value(scope: IConstruct, value: object) -> object:
    """Return a value as the template of a construct's stack has it, None if that is not known."""
    stack = scope if isinstance(scope, Stack) else Stack.of(scope)
    try:
        return stack.resolve(value)
    except RuntimeError:
        # A token that cannot be resolved before the app is synthesized.
        return None


def resource_of(service: IContainerRef) -> CfnContainer | None:
    """Return the resource of a container service that the app creates, or None."""
    child = service if isinstance(service, CfnContainer) else service.node.default_child
    return child if isinstance(child, CfnContainer) else None


def service_name_of(service: IContainerRef) -> str:
    """Return the name of a container service, as a plain string if it is known."""
    resource = resource_of(service)
    # The reference to a resource is always a token.
    return service.container_ref.service_name if resource is None else resource.service_name


def check_service(scope: Construct, service: IContainerRef) -> None:
    """Check that a service is a container service of the stack's account and Region."""
    if isinstance(service, type) or not hasattr(service, "container_ref"):
        rule = (
            "service must be a ContainerService, a CfnContainer or ContainerService.from_...(...)"
        )
        raise ValueError(f"{rule}, got {service!r}")
    check_place(scope, service, service.env, "service")
    check_known(service_name_of(service), check_service_name, "service_name")


def check_place(
    scope: Construct, given: IConstruct, place: Stack | ResourceEnvironment, what: str
) -> None:
    """Check that a construct is not known to be in another account or Region.

    The function calls Lightsail in the account and Region of its stack.
    """
    stack = Stack.of(scope)
    for ours, theirs in ((stack.account, place.account), (stack.region, place.region)):
        if differ(ours, theirs):
            rule = f"{what} must be of the account and Region of its stack"
            raise ValueError(f"{rule}, got {given.node.path!r} of {theirs}, not of {ours}")


def differ(ours: str, theirs: str) -> bool:
    """Return whether two accounts or Regions are known to differ."""
    return ours != theirs and not is_token(ours) and not is_token(theirs)


def is_same_stack(one: IConstruct, other: IConstruct) -> bool:
    """Return whether two constructs are in the same stack."""
    ours, theirs = Stack.of(one), Stack.of(other)
    # A stack that Node has made is another object each time.
    return ours is theirs or ours.node.path == theirs.node.path


def is_deployed_together(one: Construct, other: Construct) -> bool:
    """Return whether two constructs are in one stack or its nested stacks."""
    return deployed_stack(one).node.path == deployed_stack(other).node.path


def find_in_deployment(
    scope: Construct, kind: type[_Kind], is_same: Callable[[_Kind], bool]
) -> _Kind | None:
    """Find another construct that is deployed together with this one.

    A stack and the nested stacks in it are deployed together; other stacks below it are not.

    Args:
        scope: the construct, or the scope that it is going to have.
        kind: the class of the other construct.
        is_same: whether a construct of that class is the one to find.
    """
    stack = deployed_stack(scope)
    for construct in stack.node.find_all():
        if (
            isinstance(construct, kind)
            and construct is not scope
            and is_same(construct)
            and is_deployed_together(construct, stack)
        ):
            return construct
    return None


def deployed_stack(construct: Construct) -> Stack:
    stack = Stack.of(construct)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack


@jsii.implements(IValidation)
class SynthesisCheck:
    """Repeats a check at synthesis, for what changes or becomes known after the construction.

    Args:
        check: raises a `ValueError` for a broken rule.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def validate(self) -> list[str]:
        """Return the broken rule, which the CDK shows with the construct's path."""
        try:
            self._check()
        except ValueError as error:
            return [str(error)]
        return []


@jsii.implements(IAnyProducer)
class LatestValue:
    """Gives a property the value that it has at synthesis.

    Args:
        value: returns the value.
    """

    def __init__(self, value: Callable[[], object]) -> None:
        self._value = value

    def produce(self, context: IResolveContext) -> object:  # noqa: ARG002 - the CDK's signature
        """Return the value."""
        return self._value()
