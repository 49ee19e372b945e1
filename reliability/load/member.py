"""One stack of many, and what it sends its function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import stack_requests
from fake_time import ThreadTime
from reliability.broken import Broken
from response_url import ResponseUrl
from stack_requests import Context, Handler

MANY = 20
HOUR = 3600.0

Answer = dict[str, Any]
Properties = dict[str, Any]


@dataclass(kw_only=True, eq=False)
class Member:
    """A stack of one resource, as CloudFormation carries it on.

    Args:
        number: tells the stacks apart.
        handler: its function.
        handed_over: what its function has invoked itself with.
        time: passes when no one of the crowd has anything to do.
        response: where the answers of all arrive.
        resource_type: its resource's.
        seconds: how long an invocation of its function may take.

    Attributes:
        physical_id: its resource's; None while there is none.
        properties: what its resource was last made with.
        answers: all answers to its requests, oldest first.
    """

    number: int
    handler: Handler
    handed_over: list[dict[str, Any]]
    time: ThreadTime
    response: ResponseUrl
    resource_type: str
    seconds: float
    physical_id: str | None = None
    properties: Properties = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def put(self, properties: Properties) -> Answer:
        """Create or update the resource, and do what follows on that."""
        if self.physical_id is None:
            return self._create(properties)
        return self._update(properties)

    def delete(self) -> Answer | None:
        """Delete the resource, if there is one."""
        if self.physical_id is None:
            return None
        answer = self._send("Delete", self.physical_id, self.properties)
        if answer["Status"] == "SUCCESS":
            self.physical_id = None
        return answer

    def _create(self, properties: Properties) -> Answer:
        answer = self._send("Create", None, properties)
        if answer["Status"] == "SUCCESS":
            self.physical_id, self.properties = answer["PhysicalResourceId"], properties
        else:
            self._send("Delete", answer["PhysicalResourceId"], properties)
        return answer

    def _update(self, properties: Properties) -> Answer:
        """Update the resource, and delete what it has replaced; a failure is rolled back."""
        old_id, old = self.physical_id, self.properties
        answer = self._send("Update", old_id, properties, old)
        left = old_id, old
        if answer["Status"] == "SUCCESS":
            self.physical_id, self.properties = answer["PhysicalResourceId"], properties
        else:
            back = self._send("Update", answer["PhysicalResourceId"], old, properties)
            self.physical_id = back["PhysicalResourceId"]
            left = answer["PhysicalResourceId"], properties
        if left[0] != self.physical_id:
            self._send("Delete", *left)
        return answer

    def _send(
        self,
        kind: str,
        physical_id: str | None,
        properties: Properties,
        old: Properties | None = None,
    ) -> Answer:
        """Send a request to the function, and invoke it as often as it takes."""
        event = stack_requests.request(kind, self.response.url)
        event |= {
            "StackId": f"{event['StackId']}-{self.number}",
            "ResourceType": self.resource_type,
            "ResourceProperties": properties,
        }
        if physical_id is not None:
            event["PhysicalResourceId"] = physical_id
        if old is not None:
            event["OldResourceProperties"] = old
        began = self.time.now
        self.handler(event, Context(self.time, self.seconds))
        while self.handed_over:
            self.handler(self.handed_over.pop(), Context(self.time, self.seconds))
        answers = self.response.answers_to(event["RequestId"])
        if len(answers) != 1:
            raise Broken(f"{kind} of stack {self.number} has {len(answers)} answers")
        if self.time.now - began > HOUR:
            raise Broken(f"CloudFormation had given {kind} of stack {self.number} up")
        self.answers += answers
        return answers[0]
