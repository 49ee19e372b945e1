"""Many stacks at once before one local Lightsail, each with a function of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

import stack_requests
from cdk_lightsail_containers_handler import main
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from fake_cloudformation import FakeCloudFormation
from fake_time import ThreadTime
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import push_sample_image
from lightsail_local.server import LightsailServer
from response_url import ResponseUrl, response_url

from .member import MANY, Answer, Member

SECONDS = 900.0


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
    time: ThreadTime
    response: ResponseUrl
    members: list[Member]

    def at_once(self, act: Callable[[Member], Answer | None]) -> list[Answer]:
        """Do something with every stack at once, and return the answers in their order."""
        acts = [lambda member=member: act(member) for member in self.members]
        return [answer for answer in self.time.at_once(acts) if answer]

    def client(self) -> Any:
        """Return a client of another user."""
        return boto3.client("lightsail", endpoint_url=self.lightsail.url)

    def store(self, count: int, label: str = "old") -> None:
        """Register so many images as another user, without limits."""
        with self._at_its_best(missing_digest="accepted", stored_images=1000):
            client = self.client()
            for number in range(count):
                client.register_container_image(
                    serviceName="shop", label=label, digest=stack_requests.digest(1000 + number)
                )
        self.time.now += 60

    def deploy(self, images: Mapping[str, int]) -> None:
        """Deploy images as another user, given by their names and the numbers of their digests."""
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
        """Let Lightsail answer at once and truly, for a look from outside."""
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
    resource_type: str = CONTAINER_IMAGE_TYPE,
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
    time = ThreadTime()
    settings = {"missing_digest": "accepted", "service_seconds": 0, "deployment_seconds": 1}
    with (
        LightsailServer(Behaviour(**{**settings, **behaviour}), clock=time.clock) as lightsail,
        response_url() as response,
        FakeCloudFormation(time.clock).served() as cloudformation,
    ):

        def member(number: int) -> Member:
            handed_over: list[dict[str, Any]] = []

            def make_client(service: str, **options: Any) -> Any:
                if service == "lambda":
                    return _Lambda(handed_over)
                url = cloudformation.url if service == "cloudformation" else lightsail.url
                return boto3.client(service, endpoint_url=url, config=main.CLIENT_CONFIG, **options)

            cloudformation.show(f"{stack_requests.STACK_ID}-{number}", "UPDATE_IN_PROGRESS")
            return Member(
                number=number,
                handler=main.make_handler(make_client, time.clock, time.sleep, today=time.clock),
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
