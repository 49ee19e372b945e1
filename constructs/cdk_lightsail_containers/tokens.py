"""Values that are known only when a stack is deployed, or when the app is synthesized again."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from aws_cdk import Stack, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

# The CDK's stand-ins for what its command line is still to look up that our rules would refuse:
# those of `ssm.StringParameter.value_from_lookup`, and of the names of `ecr.Repository.from_lookup`
# and `iam.Role.from_lookup`. The others, such as `vpc-12345` or `dummy1a`, have the form of what
# they stand for. The app cannot ask what is still missing: only the assembly says it.
# https://docs.aws.amazon.com/cdk/v2/guide/context.html
_LOOKUP_DUMMY = re.compile(r"dummy-value-for-.|\bDUMMY_ARN\b")


def check_known(value: object, check: Callable[[object, str], object], what: str) -> None:
    """Check a value that may be a string, unless it is not known yet."""
    if is_known(value):
        check(value, what)


def is_known(value: object) -> bool:
    """Return whether a value is known, if it may be a string.

    What the CDK command line looks up is a dummy string when the app is synthesized first. The
    command line then synthesizes the app again, with the value.
    """
    return not is_token(value) and not is_lookup_dummy(value)


def is_lookup_dummy(value: object) -> bool:
    """Return whether a value has a dummy in it, in the place of what is still to be looked up."""
    return isinstance(value, str) and bool(_LOOKUP_DUMMY.search(value))


def is_token(value: object) -> bool:
    """Return whether a value, of whatever type, is a token or has one in it.

    `Token.is_unresolved` takes what jsii can hand over to Node alone: a `Path` or a member of an
    `Enum` is a traceback to it, and NaN its end.
    """
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return Token.is_unresolved(value)
    # The CDK's own question is whether it can be resolved; so can a `Path`, to another path.
    is_of_jsii = hasattr(value, "__jsii_ref__") or hasattr(type(value), "__jsii_ifaces__")
    return is_of_jsii and not isinstance(value, type) and hasattr(value, "resolve")


def template_text(scope: IConstruct, value: object) -> str:
    """Return what the template of a construct's stack has for a value, as a text.

    A token may hide much that is known already, such as that it is of a private registry.
    """
    if isinstance(value, str) and not is_token(value):
        return value
    resolved = template_value(scope, value)
    return "" if resolved is None else json.dumps(resolved)


def template_value(scope: IConstruct, value: object) -> object:
    """Return what the template of a construct's stack has for a value, if that is known yet."""
    try:
        return Stack.of(scope).resolve(value)
    except RuntimeError:
        # A token that cannot be resolved before the app is synthesized.
        return None
