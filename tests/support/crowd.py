"""Many stacks at once before one local Lightsail, each with a function of its own."""

import json
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

import stack_requests
from cdk_lightsail_containers_handler import main
from lightsail_local.behaviour import Behaviour
from lightsail_local.server import LightsailServer
from response_url import ResponseUrl, response_url
from shared_time import SharedTime
from stack_requests import Context, Handler

MANY = 20
SECONDS = 900.0
HOUR = 3600.0
IMAGE = "Custom::LightsailContainerImage"
DEPLOYMENT = "Custom::LightsailContainerServiceDeployment"
Answer = dict[str, Any]


@dataclass(kw_only=True, eq=False)
class Member:
    """A stack of one resource, as CloudFormation carries it on.

    Args:
        number: tells the stacks apart.
        handler: its function.
        time: passes when nobody of the crowd has anything to do.
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
    time: SharedTime
    response: ResponseUrl
    resource_type: str
    seconds: float = SECONDS
    physical_id: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    handed_over: list[dict[str, Any]] = field(default_factory=list)

    def create(self, properties: dict[str, Any]) -> Answer:
        """Create the resource; after a failure it is deleted, and there is none."""
        answer = self._send("Create", None, properties)
        if answer["Status"] == "SUCCESS":
            self.physical_id, self.properties = answer["PhysicalResourceId"], properties
        else:
            self._send("Delete", answer["PhysicalResourceId"], properties)
        return answer

    def update(self, properties: dict[str, Any]) -> Answer:
        """Update the resource, and delete what it has replaced; a failure is rolled back."""
        old_id, old = self.physical_id, self.properties
        answer = self._send("Update", old_id, properties, old)
        if answer["Status"] == "SUCCESS":
            self.physical_id, self.properties = answer["PhysicalResourceId"], properties
            replaced = old_id, old
        else:
            failed_id = answer["PhysicalResourceId"]
            back = self._send("Update", failed_id, old, properties)
            assert back["Status"] == "SUCCESS", back
            self.physical_id, replaced = back["PhysicalResourceId"], (failed_id, properties)
        if replaced[0] != self.physical_id:
            self._send("Delete", *replaced)
        return answer

    def delete(self) -> Answer:
        """Delete the resource."""
        answer = self._send("Delete", self.physical_id, self.properties)
        assert answer["Status"] == "SUCCESS", answer
        self.physical_id = None
        return answer

    def _send(
        self,
        kind: str,
        physical_id: str | None,
        properties: dict[str, Any],
        old: dict[str, Any] | None = None,
    ) -> Answer:
        """Have the function carry a request out in as many invocations as it takes."""
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
            handed = self.handed_over.pop()
            # What it counts by the real time of day has passed here.
            handed["HandOver"]["Began"] = real_time.time() - (self.time.now - began)
            self.handler(handed, Context(self.time, self.seconds))
        answers = [
            answer for answer in self.response.answers if answer["RequestId"] == event["RequestId"]
        ]
        assert len(answers) == 1, answers
        assert self.time.now - began <= HOUR, "CloudFormation had given it up"
        self.answers += answers
        return answers[0]


class _Lambda:
    """AWS Lambda's client: keeps the invocation that a function asks for."""

    def __init__(self, payloads: list[dict[str, Any]]) -> None:
        self._payloads = payloads

    def invoke(self, *, Payload: bytes, **_: str) -> None:  # noqa: N803 - boto3's
        self._payloads.append(json.loads(Payload))


@dataclass(kw_only=True)
class Crowd:
    """Many stacks of one service `shop`.

    Args:
        lightsail: where it is.
        time: passes when no stack has anything to do.
        members: the stacks.
    """

    lightsail: LightsailServer
    time: SharedTime
    members: list[Member]

    def at_once(self, act: Callable[[Member], Answer]) -> list[Answer]:
        """Have every stack do something at once, and return the answers in their order."""
        return self.time.at_once([lambda member=member: act(member) for member in self.members])

    def client(self) -> Any:
        """Return a client of somebody else."""
        return boto3.client("lightsail", endpoint_url=self.lightsail.url)

    def images(self) -> dict[str, str]:
        """Return the digests of the registered images by their names."""
        service = self.lightsail.lightsail.service("shop")
        return {image.name: image.digest for image in service.images}

    def living(self) -> set[str]:
        """Return the physical ids of the stacks that have a resource."""
        return {member.physical_id for member in self.members if member.physical_id}

    def calls(self, operation: str) -> int:
        """Return how many requests for an operation have reached Lightsail."""
        return sum(1 for request in self.lightsail.requests if request.operation == operation)


@contextmanager
def crowd(
    count: int = MANY, *, resource_type: str = IMAGE, seconds: float = SECONDS, **behaviour: Any
) -> Iterator[Crowd]:
    """Run a local Lightsail with a service `shop`, that registers every digest."""
    time = SharedTime()
    settings = {"missing_digest": "accepted", "service_seconds": 0, "deployment_seconds": 1}
    with (
        LightsailServer(Behaviour(**{**settings, **behaviour}), clock=time.clock) as lightsail,
        response_url() as response,
    ):

        def member(number: int) -> Member:
            handed_over: list[dict[str, Any]] = []

            def make_client(service: str, **options: Any) -> Any:
                if service == "lambda":
                    return _Lambda(handed_over)
                return boto3.client(
                    service, endpoint_url=lightsail.url, config=main.CLIENT_CONFIG, **options
                )

            return Member(
                number=number,
                handler=main.make_handler(make_client, time.clock, time.sleep),
                time=time,
                response=response,
                resource_type=resource_type,
                seconds=seconds,
                handed_over=handed_over,
            )

        given = Crowd(
            lightsail=lightsail, time=time, members=[member(number) for number in range(count)]
        )
        given.client().create_container_service(serviceName="shop", power="nano", scale=1)
        time.now += 60
        yield given


def image(label: str, number: int, **more: Any) -> dict[str, Any]:
    """Return the properties of an image."""
    return {
        "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:handler",
        "ServiceTimeout": "960",
        "ServiceName": "shop",
        "Label": label,
        "Digest": stack_requests.digest(number),
        "RemovalPolicy": "Delete",
        **more,
    }
