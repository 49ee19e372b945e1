"""Calls to Lightsail whose refusals are answers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from .waiting import Waiting

# What says something about the call itself. Others, AccessDeniedException for one, say something
# about the caller or the day.
_REFUSALS = frozenset({"InvalidInputException", "NotFoundException"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_SERVER_ERROR = 500
_TRIES = 8


class CallFailed(Exception):
    """A call came to nothing that answers a question."""

    def __init__(self, operation: str, code: str, text: str) -> None:
        super().__init__(f"{operation}: {code}: {text}")
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Said:
    """What Lightsail said to a call: its answer, or the name and sentence of a refusal."""

    operation: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    text: str = ""
    named: tuple[str, ...] = ()  # by the call, such as a label and a digest

    @property
    def is_refused(self) -> bool:
        """Whether it was not carried out."""
        return bool(self.code)

    def carried_out(self) -> Mapping[str, Any]:
        """Return what was answered.

        Raises:
            CallFailed: it was refused.
        """
        if self.is_refused:
            raise CallFailed(self.operation, self.code, self.text)
        return self.answer

    def is_like(self, other: Said) -> bool:
        """Return whether it is the same refusal, of another label or digest."""
        return self.is_refused and self._form == other._form

    @property
    def _form(self) -> tuple[str, str]:
        """The refusal without what the call named."""
        text = self.text
        values = {*self.named, *(value.removeprefix("sha256:") for value in self.named)}
        for value in sorted(values, key=len, reverse=True):
            text = text.replace(value, "...")
        return self.code, text

    def __str__(self) -> str:
        """Return it as evidence."""
        return f"{self.operation}: {f'{self.code}: {self.text}' if self.code else 'done'}"


class Lightsail:
    """Lightsail, asked with patience.

    Its client, boto3's, repeats nothing by itself. It counts its calls, and those that were
    throttled.
    """

    def __init__(self, client: Any, waiting: Waiting) -> None:
        self._client = client
        self.waiting = waiting
        self.calls = 0
        self.throttled = 0

    def ask(self, operation: str, **parameters: Any) -> Said:
        """Return what Lightsail says to a call, a refusal too.

        Raises:
            CallFailed: it said nothing about the call.
        """
        attempt, may_be_done = 0, False
        is_deletion = operation.startswith("Delete")
        is_repeatable = is_deletion or operation.startswith("Get")
        while True:
            attempt += 1
            try:
                said = self.once(operation, **parameters)
            except CallFailed as failure:
                is_lost = is_repeatable and _is_passing(failure)
                if attempt == _TRIES or not (is_lost or is_throttled(failure)):
                    raise
                may_be_done = may_be_done or (is_deletion and is_lost)
            else:
                # What a deletion whose answer was lost did is not there any more.
                is_done = may_be_done and said.code == "NotFoundException"
                return Said(operation=operation) if is_done else said
            longest = min(10.0, 0.5 * 2.0**attempt)
            self.waiting.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - no secret

    def tell(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Return the answer of a call that has to be carried out.

        Raises:
            CallFailed: it was not.
        """
        return self.ask(operation, **parameters).carried_out()

    def services(self) -> list[Mapping[str, Any]]:
        """Return the account's services: the one read that tells of one that is not there."""
        return list(self.tell("GetContainerServices").get("containerServices", []))

    def service_names(self) -> set[str]:
        """Return the names of the account's services."""
        return {one["containerServiceName"] for one in self.services()}

    def images(self, service: str) -> list[Mapping[str, Any]]:
        """Return the images of a service, in the order of the answer."""
        answer = self.tell("GetContainerImages", serviceName=service)
        return list(answer.get("containerImages", []))

    def deployments(self, service: str) -> list[Mapping[str, Any]]:
        """Return the deployments of a service, in the order of the answer."""
        answer = self.tell("GetContainerServiceDeployments", serviceName=service)
        return list(answer.get("deployments", []))

    def once(self, operation: str, **parameters: Any) -> Said:
        """Send a call, and do not repeat it.

        Raises:
            CallFailed: it said nothing about the call, or was throttled.
        """
        self.calls += 1
        try:
            answer = getattr(self._client, xform_name(operation))(**parameters)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            text = str(error.response.get("Error", {}).get("Message", ""))
            if code in _REFUSALS:
                named = tuple(one for one in parameters.values() if isinstance(one, str))
                return Said(operation=operation, code=code, text=text, named=named)
            self.throttled += code in _THROTTLED
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raise CallFailed(
                operation, code if status < _SERVER_ERROR else f"{status}", text
            ) from error
        except BotoCoreError as error:
            raise CallFailed(operation, type(error).__name__, str(error)) from error
        return Said(operation=operation, answer=answer)


def is_throttled(failure: CallFailed) -> bool:
    """Return whether a call failed because there were too many."""
    return failure.code in _THROTTLED


def _is_passing(failure: CallFailed) -> bool:
    """Return whether a failure is of the server's or of the network's."""
    return failure.code.isdecimal() or isinstance(failure.__cause__, BotoCoreError)
