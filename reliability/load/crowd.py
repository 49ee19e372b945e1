"""Many stacks at once before one local Lightsail, each with a function of its own."""

from __future__ import annotations

import json
import time as real_time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

import stack_requests
from cdk_lightsail_containers_handler import main
from lightsail_local.behaviour import Behaviour
from lightsail_local.sample_image import push_sample_image
from lightsail_local.server import LightsailServer
from response_url import ResponseUrl, response_url
from stack_requests import Context, Handler

from .shared_time import SharedTime

MANY = 20
SECONDS = 900.0
HOUR = 3600.0
IMAGE_TYPE = "Custom::LightsailContainerImage"

Answer = dict[str, Any]
Properties = dict[str, Any]


class Broken(Exception):  # noqa: N818 - says what became of a case
    """Something did not hold."""


@dataclass(kw_only=True, eq=False)
class Member:
    """A stack of one resource, as CloudFormation carries it on.

    Args:
        number: tells the stacks apart.
        handler: its function.
        handed_over: what its function has invoked itself with.
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
    handed_over: list[dict[str, Any]]
    time: SharedTime
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
            # It compares this with the time of day when it hands over again, and that has stood
            # still: here passes what will have passed then.
            handed["HandOver"]["Began"] = real_time.time() - (self.time.now - began + self.seconds)
            self.handler(handed, Context(self.time, self.seconds))
        answers = self.response.answers_to(event["RequestId"])
        if len(answers) != 1:
            raise Broken(f"{kind} of stack {self.number} has {len(answers)} answers")
        if self.time.now - began > HOUR:
            raise Broken(f"CloudFormation had given {kind} of stack {self.number} up")
        self.answers += answers
        return answers[0]


class _Lambda:
    """AWS Lambda's client: keeps what a function invokes itself with."""

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
        response: where all answers arrive.
        members: the stacks.
    """

    lightsail: LightsailServer
    time: SharedTime
    response: ResponseUrl
    members: list[Member]

    def at_once(self, act: Callable[[Member], Answer | None]) -> list[Answer]:
        """Have every stack do something at once, and return the answers in their order."""
        acts = [lambda member=member: act(member) for member in self.members]
        return [answer for answer in self.time.at_once(acts) if answer]

    def client(self) -> Any:
        """Return a client of somebody else."""
        return boto3.client("lightsail", endpoint_url=self.lightsail.url)

    def store(self, count: int, label: str = "old") -> None:
        """Have so many images registered by somebody else, whatever the limits."""
        with self._at_its_best(missing_digest="accepted", stored_images=1000):
            client = self.client()
            for number in range(count):
                client.register_container_image(
                    serviceName="shop", label=label, digest=stack_requests.digest(1000 + number)
                )
        self.time.now += 60

    def deploy(self, images: Mapping[str, int]) -> None:
        """Have somebody deploy images, given by their names and the numbers of their digests."""
        for number in images.values():
            push_sample_image(self.lightsail.url, str(number))
        self.client().create_container_service_deployment(
            serviceName="shop",
            containers={f"c{number}": {"image": name} for number, name in enumerate(images)},
        )
        self.time.now += 60

    def images(self) -> set[str]:
        """Return the names of the images that are registered by now."""
        with self._at_its_best():
            found = self.client().get_container_images(serviceName="shop")["containerImages"]
        return {image["image"] for image in found}

    def deployments(self) -> dict[int, Mapping[str, Any]]:
        """Return the service's deployments by their versions."""
        with self._at_its_best():
            found = self.client().get_container_service_deployments(serviceName="shop")
        return {one["version"]: one for one in found["deployments"]}

    def living(self) -> set[str]:
        """Return the physical ids of the stacks that have a resource."""
        return {member.physical_id for member in self.members if member.physical_id}

    def calls(self) -> Counter[str]:
        """Return how often each operation was called, and `refused` for what was throttled."""
        counted = Counter(request.operation for request in self.lightsail.requests)
        counted["refused"] = sum(
            request.error == "ThrottlingException" for request in self.lightsail.requests
        )
        return counted

    @contextmanager
    def _at_its_best(self, **settings: Any) -> Iterator[None]:
        """Have Lightsail answer at once and truly, for who only looks on."""
        behaviour = self.lightsail.behaviour
        settings = {"stale_seconds": 0, "calls_per_second": 0, "throttle_every": 0, **settings}
        before = {name: getattr(behaviour, name) for name in settings}
        vars(behaviour).update(settings)
        yield
        vars(behaviour).update(before)


@contextmanager
def crowd(
    count: int = MANY,
    *,
    resource_type: str = IMAGE_TYPE,
    seconds: float = SECONDS,
    **behaviour: Any,
) -> Iterator[Crowd]:
    """Run a local Lightsail with a service `shop`, and stacks that have nothing yet.

    Args:
        count: how many stacks.
        resource_type: that of their resources.
        seconds: how long an invocation of a function may take.
        behaviour: Lightsail's; it registers every digest unless told otherwise.
    """
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
                handed_over=handed_over,
                time=time,
                response=response,
                resource_type=resource_type,
                seconds=seconds,
            )

        given = Crowd(
            lightsail=lightsail,
            time=time,
            response=response,
            members=[member(number) for number in range(1, count + 1)],
        )
        given.client().create_container_service(serviceName="shop", power="nano", scale=1)
        time.now += 60
        yield given
