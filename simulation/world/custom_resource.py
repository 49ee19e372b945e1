"""The requests of CloudFormation to the function, and what becomes of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .aws import FUNCTION_ARN
from .function import Function
from .world import Put, World

BROKEN = "AWS::CloudFormation::Broken"
"""A resource that fails after two minutes, as others do."""
CERTIFICATE = "AWS::Lightsail::Certificate"
"""A resource of CloudFormation's own; it never changes, since its name changes with the rest."""
BROKEN_REASON = "the resource is broken: fix it"
NO_ANSWER = "CloudFormation did not receive a response from your Custom Resource."

_BROKEN_SECONDS = 120.0


@dataclass
class Resource:
    """A resource as CloudFormation knows it."""

    kind: str
    properties: Mapping[str, Any]
    physical_id: str
    attributes: Mapping[str, str]


@dataclass
class Outcome:
    """What became of an operation on a stack.

    Args:
        status: as CloudFormation shows it.
        reasons: why, if it failed.
    """

    status: str
    reasons: list[str] = field(default_factory=list)


@dataclass
class Exchange:
    """A request, and everything that was put to its ResponseURL.

    Args:
        event: the request.
        ends: until when CloudFormation waits for the answer.
        puts: the answers.
        rolled_back: what has become of the stack, if it was rolled back at once, without a wait
            for the answer.
        rolled_back_during: the operation that the function had called, and that was carried out
            only afterwards, or answered.
    """

    event: Mapping[str, Any]
    ends: float
    puts: list[Put]
    rolled_back: Outcome | None = None
    rolled_back_during: str = ""

    def first(self) -> dict[str, Any] | None:
        """Return the answer that CloudFormation takes: the first one, if it came in time."""
        in_time = [put.body for put in self.puts if put.at <= self.ends]
        return json.loads(in_time[0]) if in_time else None


class Failed(Exception):
    """A resource has failed; what is known of it goes along."""

    def __init__(self, reason: str, physical_id: str) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


class Cancelled(Exception):
    """The stack was rolled back while a request was being carried out."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


class Requests:
    """A stack's requests.

    Args:
        stack: the stack's name.
        world: where the answers arrive.
        function: carries the requests out.

    Attributes:
        arn: the stack's ARN.
        exchanges: all requests so far.
    """

    arn: str

    def __init__(self, stack: str, world: World, function: Function) -> None:
        self.exchanges: list[Exchange] = []
        self._stack = stack
        self._world = world
        self._function = function
        self._numbers = itertools.count(1)

    def put(
        self, name: str, kind: str, wanted: Mapping[str, Any], old: Resource | None
    ) -> Resource:
        """Create or update a resource.

        Raises:
            Failed: it has failed.
            Cancelled: the stack was rolled back meanwhile.
        """
        if kind == BROKEN:
            self._world.clock.sleep(_BROKEN_SECONDS)
            self._function.run_what_is_due()
            raise Failed(BROKEN_REASON, name)
        if kind == CERTIFICATE:
            return self._request_certificate(name, wanted)
        event: dict[str, Any] = {"RequestType": "Update" if old else "Create"}
        if old:
            event["PhysicalResourceId"] = old.physical_id
            event["OldResourceProperties"] = old.properties
        did = str(event["RequestType"]).upper()
        self._list(name, kind, old.physical_id if old else "", f"{did}_IN_PROGRESS")
        answer = self._ask(event, name, kind, wanted)
        is_done = answer["Status"] == "SUCCESS"
        status = f"{did}_COMPLETE" if is_done else f"{did}_FAILED"
        self._list(name, kind, answer["PhysicalResourceId"], status)
        if not is_done:
            raise Failed(str(answer["Reason"]), str(answer["PhysicalResourceId"]))
        return Resource(kind, wanted, answer["PhysicalResourceId"], answer["Data"])

    def clean_up(
        self, name: str, old: Resource, tries: int = 1, *, is_listed: bool = True
    ) -> str | None:
        """Delete a resource, and return why that failed.

        Args:
            name: its name.
            old: what is deleted.
            tries: how often.
            is_listed: whether the resource itself goes, and not what it stood for before.
        """
        if old.kind == BROKEN:
            return None
        if is_listed:
            self._list(name, old.kind, old.physical_id, "DELETE_IN_PROGRESS")
        if old.kind == CERTIFICATE:
            self._world.call("DeleteCertificate", certificateName=old.physical_id)
            if is_listed:
                self._list(name, old.kind, old.physical_id, "DELETE_COMPLETE")
            return None
        event = {"RequestType": "Delete", "PhysicalResourceId": old.physical_id}
        answer: dict[str, Any] = {}
        for _ in range(tries):
            answer = self._ask(event, name, old.kind, old.properties)
            if answer["Status"] == "SUCCESS":
                if is_listed:
                    self._list(name, old.kind, old.physical_id, "DELETE_COMPLETE")
                return None
        return str(answer["Reason"])

    def show_cancelled(self, exchange: Exchange) -> None:
        """Show in CloudFormation that it has cancelled a request."""
        event = exchange.event
        physical_id = event.get("PhysicalResourceId", "")
        name, kind = event["LogicalResourceId"], event["ResourceType"]
        self._list(name, kind, physical_id, f"{event['RequestType'].upper()}_FAILED")

    def _request_certificate(self, name: str, wanted: Mapping[str, Any]) -> Resource:
        self._world.request_certificate(wanted)
        certificate = str(wanted["CertificateName"])
        self._list(name, CERTIFICATE, certificate, "CREATE_COMPLETE")
        return Resource(CERTIFICATE, wanted, certificate, {})

    def _list(self, name: str, kind: str, physical_id: str, status: str) -> None:
        self._world.aws.cloudformation.list(self.arn, name, physical_id, status, kind)

    def _ask(
        self, event: Mapping[str, Any], name: str, kind: str, properties: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Send a request, and return its answer, or what stands for one that did not come."""
        self._function.run_what_is_due()
        url, token = self._world.new_response_url()
        clock = self._world.clock
        ends = clock.now + float(properties["ServiceTimeout"])
        whole = {
            **event,
            "ResponseURL": url,
            "StackId": self.arn,
            "RequestId": f"{self._stack}-{next(self._numbers)}",
            "LogicalResourceId": name,
            "ResourceType": kind,
            "ResourceProperties": {"ServiceToken": FUNCTION_ARN, **properties},
        }
        exchange = Exchange(whole, ends, self._world.puts[token])
        self.exchanges.append(exchange)
        self._function.invoke(whole)
        while not exchange.puts:
            due = self._function.next_due()
            if due is None or due > ends:
                clock.sleep_until(ends)
                break
            self._function.run_next()
            if exchange.rolled_back:
                raise Cancelled(exchange.rolled_back)
        return exchange.first() or {
            "Status": "FAILED",
            "Reason": NO_ANSWER,
            "PhysicalResourceId": event.get("PhysicalResourceId") or self.invented(name),
        }

    def invented(self, name: str) -> str:
        """Return the physical id of a resource that has none."""
        return f"{self._stack}-{name}-A1B2C3D4E5F6"
