"""What a stack is deployed to: the function, the account that it calls, and CloudFormation."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from aws_cdk import Stack

import fake_registry
import fake_s3
import stack_requests
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from fake_registry import PASSWORD, USERNAME, FakeRegistry
from lightsail_local.endpoints import DEFAULT_ACCOUNT

from . import ecr
from .aws import Aws, Stored, running_aws
from .images import ArchivedImages, Images, PushedImages, RegistryImages
from .template import Template

REGIONS = ("us-east-1", "eu-central-1")
OTHER_ACCOUNT = "111122223333"
SECRET = json.dumps({"username": USERNAME, "password": PASSWORD})


class World:
    """A function's whole world.

    Args:
        requests: the function and its Lightsail.
        aws: the account.
        public: a registry that anybody may pull from.
        private: one with a login.
        amazon: those of Amazon ECR.
        folder: for files that assets are made of.

    Attributes:
        images: where the images of the stack come from.
        template: the stack's, once it is deployed.
    """

    images: Images
    template: Template

    def __init__(
        self,
        requests: stack_requests.Stack,
        aws: Aws,
        *,
        public: FakeRegistry,
        private: FakeRegistry,
        amazon: FakeRegistry,
        folder: Path,
    ) -> None:
        self.requests = requests
        self.aws = aws
        self.public = public
        self.private = private
        self.amazon = amazon
        self.folder = folder
        self._handler = requests.new_handler(aws.url)

    def deploy(self, stack: Stack) -> None:
        """Fill the stack's template in, and have there what else it makes."""
        self.template = Template(stack, self.aws.service_arns)
        for name, properties in self.template.resources("AWS::SecretsManager::Secret"):
            self.aws.secrets[name] = Stored(value=SECRET, key=properties.get("KmsKeyId", ""))
        for name, properties in self.template.resources("AWS::SSM::Parameter"):
            self.aws.parameters[name] = Stored(value=properties["Value"])
        for _, properties in self.template.resources(CONTAINER_IMAGE_TYPE):
            self.images = self._images(properties)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Give the calls that follow a name."""
        self.aws.step = name
        yield
        ecr.record(self.aws, self.amazon)

    def event(self, kind: str, resource: str, physical_id: str = "", **changes: Any) -> Any:
        """Return a request for the one resource of a type, as the template has it, and changes."""
        ((logical_id, properties),) = self.template.resources(resource)
        event = stack_requests.request(kind, self.requests.response.url, ResourceType=resource)
        event["LogicalResourceId"] = logical_id
        event["ResourceProperties"] = {**properties, **changes}
        if physical_id:
            event["PhysicalResourceId"] = physical_id
        return event

    def succeed(self, event: Any) -> str:
        """Have a request carried out, and return the physical id."""
        return self._send(event, "SUCCESS")

    def fail(self, event: Any) -> str:
        """Have a request fail, and return the physical id."""
        return self._send(event, "FAILED")

    def _send(self, event: Any, status: str) -> str:
        """Have the function carry a request out, in as many invocations as it takes."""
        response, waiting = self.requests.response, [event]
        before = len(response.taken)
        while waiting:
            self._handler(waiting.pop(), self.requests.context())
            waiting, self.aws.invocations[:] = list(self.aws.invocations), []
        (answer,) = response.answers[before:]
        if answer["Status"] != status:
            raise AssertionError(f"{self.aws.step}: {answer}")
        if status == "SUCCESS" and event["RequestType"] != "Delete":
            self.template.attributes[event["LogicalResourceId"]] = answer["Data"]
        return str(answer["PhysicalResourceId"])

    def _images(self, properties: dict[str, Any]) -> Images:
        source = properties.get("Source", {})
        if "Key" in source:
            return ArchivedImages(s3=self.aws.s3, key=source["Key"])
        if "Image" not in source:
            return PushedImages(url=self.requests.lightsail.url)
        registries = {one.host: one for one in (self.public, self.private)}
        registry = registries.get(source["Image"].partition("/")[0], self.amazon)
        return RegistryImages(
            registry=registry,
            tag=source["Image"].rpartition(":")[2],
            is_signed="SignedBy" in properties,
        )


@contextmanager
def running_world() -> Iterator[World]:
    """Run everything, with the container services `shop` and `site`."""
    accounts = (DEFAULT_ACCOUNT, OTHER_ACCOUNT)
    hosts = [f"{one}.dkr.ecr.{region}.amazonaws.com" for one in accounts for region in REGIONS]
    with ExitStack() as running:
        requests = running.enter_context(
            stack_requests.stack(missing_digest="refused", busy_service="refused")
        )
        requests.client().create_container_service(serviceName="site", power="nano", scale=1)
        requests.time.now += 60
        s3 = running.enter_context(fake_s3.fake_s3())
        yield World(
            requests,
            running.enter_context(running_aws(requests.lightsail, requests.cloudformation.url, s3)),
            public=running.enter_context(fake_registry.fake_registry()),
            private=running.enter_context(fake_registry.fake_registry(login="basic")),
            amazon=running.enter_context(ecr.running_ecr(*hosts)),
            folder=Path(running.enter_context(tempfile.TemporaryDirectory())),
        )
