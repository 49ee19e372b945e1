"""What the function's log says of a request."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any, Protocol

from .errors import HandlerError
from .mask import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_logger = logging.getLogger(__name__)

# Facts in words of ours: a secret such as `shop` must not make them unreadable.
_OWN_FACTS = frozenset(
    {"at", "container", "digest", "image", "images", "operation", "physical_id", "reason"}
    | {"service", "source", "stack_id", "status", "why"}
)
# The function's own secrets, which AWS quotes when it finds a signature wrong.
_OWN_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Log(Protocol):
    """Where the steps of a request are logged."""

    @property
    def mask(self) -> Callable[[str], str]:
        """What hides secrets in words from elsewhere."""

    @property
    def is_kept(self) -> bool:
        """Whether the log is still there when the request has failed."""

    @property
    def where(self) -> str:
        """How to get at the log, as the end of a sentence says it."""

    def __call__(self, step: str, /, **facts: object) -> None:
        """Log a step, with the names that belong to it."""


class RequestLog:
    """One line of JSON for each step of a request: the step, its facts, and the request's ids.

    The command line of the CDK prints these lines below a deployment that failed, so what tells
    the most comes first. Never the request itself: its ResponseURL is a signature.

    Attributes:
        mask: learns secrets; what comes from elsewhere shows none of them from then on.
        is_kept: whether the log is still there when the request has failed. After a failed Create
            CloudFormation deletes the log group with the rest of a new stack.
    """

    def __init__(self, event: Mapping[str, Any], clock: Callable[[], float]) -> None:
        self._ids = {
            "type": event.get("RequestType"),
            "resource": event.get("LogicalResourceId"),
            "stack": _stack_name(event.get("StackId")),
            "request": event.get("RequestId"),
        }
        self._clock = clock
        self._last = clock()
        self.is_kept = event.get("RequestType") != "Create"
        self.mask = Mask()
        for secret in (*map(os.environ.get, _OWN_SECRETS), _signature(event.get("ResponseURL"))):
            self.mask.hide(secret or "")

    @property
    def where(self) -> str:
        """How to get at the log, as the end of a sentence says it."""
        if not self.is_kept:
            return "deploy with --no-rollback to keep the log"
        group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        return f"its log is in {f'log group {group}' if group else 'the log of the function'}"

    def __call__(self, step: str, /, **facts: object) -> None:
        """Log a step, with the milliseconds since the step before."""
        now = self._clock()
        took, self._last = round((now - self._last) * 1000), now
        shown = {name: self._shown(fact, is_own=name in _OWN_FACTS) for name, fact in facts.items()}
        _logger.info("%s", json.dumps({"step": step, **shown, "ms": took, **self._ids}))

    def _shown(self, fact: Any, *, is_own: bool = False) -> Any:
        """Return a fact with each of its strings masked, unless they are words of ours."""
        if isinstance(fact, HandlerError):
            return fact.sentence(self.mask)
        if is_own:
            return fact
        if isinstance(fact, str):
            return self.mask(fact)
        if isinstance(fact, dict):
            return {name: self._shown(value) for name, value in fact.items()}
        if isinstance(fact, list | tuple):
            return [self._shown(value) for value in fact]
        return fact


def log_bare_lines() -> None:
    """Leave out what AWS Lambda puts before a line, which fills a terminal: a time and an id.

    The time is with the line anyway, and CloudFormation's own id is in it.
    """
    for handler in logging.getLogger().handlers:
        # Not one of tests, and not Lambda's for JSON.
        is_stream = isinstance(handler, logging.StreamHandler)
        if not is_stream and type(handler.formatter) is logging.Formatter:
            handler.setFormatter(logging.Formatter("%(message)s\n"))


def _stack_name(arn: object) -> object:
    """Return the name of a stack, or what is given instead of its ARN."""
    parts = str(arn).split("/")
    return parts[1] if len(parts) > 1 else arn


def _signature(url: object) -> str:
    """Return what signs an address, nothing for none."""
    return str(url).partition("?")[2]
