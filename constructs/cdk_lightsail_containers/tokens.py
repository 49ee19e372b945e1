"""Values that are known only when a stack is deployed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from aws_cdk import Stack, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct


def check_known(value: object, check: Callable[[object, str], object], what: str) -> None:
    """Check a value, unless it is a token, which can hide any."""
    if not is_token(value):
        check(value, what)


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


def template_text(scope: Construct, value: object) -> str:
    """Return what the template of a construct's stack has for a value, as a text.

    A token may hide much that is known already, such as that it is a reference to a secret.
    """
    if isinstance(value, str) and not is_token(value):
        return value
    try:
        return json.dumps(Stack.of(scope).resolve(value))
    except RuntimeError:
        # One that is not to be asked before the app is synthesized.
        return ""
