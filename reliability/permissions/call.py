"""A call to AWS as its permissions see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call.

    Args:
        action: the action that it takes, such as `s3:GetObject`.
        resource: the ARN that it is made on; `*` for an action that accepts none.
        context: the condition keys that it comes with; some have several values.
        step: when in the life of the stack it was made.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    step: str = ""
