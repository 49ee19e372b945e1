"""Requests of CloudFormation to the handler, with a local Lightsail behind it."""

import functools
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from cdk_lightsail_containers_handler import main, resources
from fake_cloudformation import FakeCloudFormation
from fake_time import FakeTime
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.lightsail.domains import nowhere
from lightsail_local.samples.sample_image import push_sample_image, sample_image
from lightsail_local.server import LightsailServer
from response_url import ResponseUrl, response_url
from world.environment import Context

STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/7e2f"
Handler = Callable[[Any, Any], None]
NUMBERS = itertools.count(1)


@functools.cache
def digest(number: int) -> str:
    """Return the digest of an image; the same number is the same image."""
    return sample_image(str(number)).digest


def request(kind: str, url: str, **changes: Any) -> dict[str, Any]:
    """Return a request of CloudFormation; changes are given in CloudFormation's words.

    Args:
        kind: Create, Update or Delete.
        url: where its answer arrives.
        changes: properties, PhysicalResourceId or ResourceType; None takes a property away.
    """
    event: dict[str, Any] = {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": STACK_ID,
        "RequestId": f"request-{next(NUMBERS)}",
        "LogicalResourceId": "Image",
        "ResourceType": "Custom::LightsailContainerImage",
        "ResourceProperties": {
            "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:handler",
            "ServiceTimeout": "3600",
            "ServiceName": "shop",
            "Label": "web",
            "Digest": digest(1),
            "RemovalPolicy": "Delete",
        },
    }
    for name, value in changes.items():
        of_event = name in {"PhysicalResourceId", "ResourceType"}
        target = event if of_event else event["ResourceProperties"]
        if value is None:
            target.pop(name)
        else:
            target[name] = value
    return event


@dataclass(kw_only=True)
class Stack:
    """A stack's side of the handler: requests in, answers out.

    Args:
        lightsail: the Lightsail that the handler calls, with a service `shop`.
        cloudformation: what the handler reads of the stack.
        response: where its answers arrive.
        time: passes when the handler or Lightsail's states need it.
        clients: what the handler gets for services other than Lightsail.
        urls: where it finds services other than Lightsail.
        is_dated: whether ResponseURLs say when they were signed, as those of AWS do.
        before: what happens right before an operation of Lightsail is carried out, once.
        entry: the function's entry point.
    """

    lightsail: LightsailServer
    cloudformation: FakeCloudFormation
    response: ResponseUrl
    time: FakeTime
    handler: Handler = field(init=False, repr=False)
    seconds: float = 300.0
    is_dated: bool = True
    clients: dict[str, Any] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    entry: Any = main.make_handler
    _client: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.handler = self.new_handler()

    def new_handler(self, url: str = "", **config: Any) -> Handler:
        """Return a handler as a cold start makes it."""
        settings = resources.CLIENT_CONFIG.merge(Config(**config))

        def make_client(service: str, **options: Any) -> Any:
            if service in self.clients:
                return self.clients[service]
            fake = self.cloudformation if service == "cloudformation" else self.lightsail
            endpoint = url or self.urls.get(service) or fake.url
            return boto3.client(service, endpoint_url=endpoint, config=settings, **options)

        return self.entry(make_client, self.time.clock, self.time.sleep, today=self.time.clock)

    def context(self) -> Context:
        """Return what AWS Lambda says of an invocation that begins now."""
        return Context(self.time, self.seconds)

    def request(self, kind: str, **changes: Any) -> dict[str, Any]:
        """Return a request whose answer arrives at this stack, signed now."""
        date = datetime.fromtimestamp(self.time.now, UTC).strftime("%Y%m%dT%H%M%SZ")
        dated = f"{self.response.url}&X-Amz-Date={date}"
        return request(kind, dated if self.is_dated else self.response.url, **changes)

    def becomes(self, status: str) -> None:
        """Bring the stack to a status."""
        self.cloudformation.show(STACK_ID, status)

    def lists(self, physical_id: str, status: str, name: str = "Image", **options: str) -> None:
        """Show a resource of the stack in CloudFormation."""
        self.cloudformation.list(STACK_ID, name, physical_id, status, **options)

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send a request to the handler, and return its answer."""
        before = len(self.response.taken)
        self.handler(event, self.context())
        answers = self.response.answers[before:]
        assert len(answers) == 1, answers
        return answers[0]

    def create(self, **changes: Any) -> dict[str, Any]:
        return self.send(self.request("Create", **changes))

    def update(self, physical_id: str, **changes: Any) -> dict[str, Any]:
        return self.send(self.request("Update", PhysicalResourceId=physical_id, **changes))

    def delete(self, physical_id: str, **changes: Any) -> dict[str, Any]:
        return self.send(self.request("Delete", PhysicalResourceId=physical_id, **changes))

    def client(self) -> Any:
        """Return a client of another user, always the same one: to make it takes milliseconds."""
        if self._client is None:
            self._client = boto3.client("lightsail", endpoint_url=self.lightsail.url)
        return self._client

    def images(self) -> list[str]:
        """The registered images, sorted, once every read has caught up."""
        self.time.now += 60
        found = self.client().get_container_images(serviceName="shop")["containerImages"]
        return sorted(image["image"] for image in found)

    def calls(self, operation: str) -> int:
        """How many requests for an operation have reached Lightsail."""
        return sum(1 for request in self.lightsail.requests if request.operation == operation)

    def deploy(self, *images: str) -> None:
        """Deploy images to the service as another user does, and wait."""
        for number in range(1, 5):
            push_sample_image(self.lightsail.url, str(number))
        self.client().create_container_service_deployment(
            serviceName="shop",
            containers={f"c{number}": {"image": name} for number, name in enumerate(images)},
        )
        self.time.now += 3600


@contextmanager
def stack(resolve: Callable[[str], str | None] = nowhere, **behaviour: Any) -> Iterator[Stack]:
    """Run a local Lightsail with a service `shop`, that registers every digest.

    Args:
        resolve: finds what a CNAME record outside of Lightsail says.
        **behaviour: how Lightsail behaves.
    """
    time = FakeTime()
    before: dict[str, Callable[[], None]] = {}
    settings = {"missing_digest": "accepted", "service_seconds": 0, "deployment_seconds": 1}
    with (
        LightsailServer(
            Behaviour(**{**settings, **behaviour}),
            clock=time.clock,
            resolve=resolve,
            on_request=lambda request: before.pop(request.operation, lambda: None)(),
        ) as lightsail,
        FakeCloudFormation(time.clock).served() as cloudformation,
        response_url() as response,
    ):
        given = Stack(
            lightsail=lightsail,
            cloudformation=cloudformation,
            response=response,
            time=time,
            before=before,
        )
        given.client().create_container_service(serviceName="shop", power="nano", scale=1)
        time.now += 3600
        given.becomes("CREATE_IN_PROGRESS")
        time.now += 10
        yield given
