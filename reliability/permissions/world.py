"""What a stack is deployed to, with every call of its function recorded as IAM sees it."""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aws_cdk import Stack
from aws_cdk.assertions import Template as Synthesized

import certificates
import fake_registry
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from certificates import Certificate
from fake_ecr import led_to_ecr
from fake_registry import FakeRegistry
from fake_route53 import changes_in
from fake_time import FakeTime
from lightsail_local.endpoints import DEFAULT_ACCOUNT
from lightsail_local.wire.http_server import Connection, Respond
from world.aws import FUNCTION_ARN, LIGHTSAIL_ZONE, REGISTRY_SECRET, Stored
from world.cloudformation import Attributes, Resources, SimulatedStack
from world.custom_resource import BROKEN, Outcome
from world.environment import LocalEnvironments
from world.function import Function
from world.gate import Gate
from world.template import Template
from world.world import World as Simulated

from .call import Call
from .images import ArchivedImages, Images, PushedImages, RegistryImages

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes the properties of a resource."""

REGIONS = ("us-east-1", "eu-central-1")
OTHER_ACCOUNT = "111122223333"
_ECR_HOSTS = tuple(
    f"{account}.dkr.ecr.{region}.amazonaws.com"
    for account in (DEFAULT_ACCOUNT, OTHER_ACCOUNT)
    for region in REGIONS
)
# What Lightsail's actions on a container service are: the others accept no resource.
_ON_SERVICE = frozenset(
    {"RegisterContainerImage", "DeleteContainerImage", "CreateContainerServiceDeployment"}
)
_ON_DOMAIN = frozenset({"CreateDomainEntry", "DeleteDomainEntry"})
_HOSTED_ZONE = re.compile(r"/2013-04-01/(hostedzone/[A-Z0-9]+)/rrset/?")
_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|referrers|blobs)/[^/]*")
# What Amazon ECR's API says that a pull through the registry calls:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html
_ECR_ACTIONS = {
    ("GET", "manifests"): "ecr:BatchGetImage",
    ("HEAD", "manifests"): "ecr:BatchGetImage",
    ("GET", "referrers"): "ecr:BatchGetImage",
    ("GET", "blobs"): "ecr:GetDownloadUrlForLayer",
    ("HEAD", "blobs"): "ecr:BatchCheckLayerAvailability",
}

# What is done while a stack has a status, also if something else was begun.
_PARTS = {
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "clean up",
    "UPDATE_ROLLBACK_IN_PROGRESS": "roll back",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "roll back",
}


@dataclass
class Recorder(Gate):
    """Records the calls that go through.

    Attributes:
        recorded: the calls.
        step: tells what is being done.
        before: what happens right before a call of an operation of Lightsail, once.
        service_arns: the ARNs of the container services by name.
        domain_arn: the ARN of Lightsail's DNS zone.
        function: the ARN of the function that makes them.
    """

    recorded: list[Call] = field(default_factory=list)
    step: Callable[[], str] = str
    before: dict[str, Callable[[dict[str, Any]], object]] = field(default_factory=dict)
    service_arns: dict[str, str] = field(default_factory=dict)
    domain_arn: str = ""
    function: str = FUNCTION_ARN

    def __call__(self, server: str, connection: Connection, respond: Respond) -> None:
        """Record a call, and let it through."""
        if server == "lightsail":
            operation = connection.headers["X-Amz-Target"].rpartition(".")[2]
            body = b"".join(connection.body)
            connection.body = iter((body,))
            given = json.loads(body)
            resource = "*"
            if operation in _ON_SERVICE:
                resource = self.service_arns[given["serviceName"]]
            elif operation in _ON_DOMAIN:
                resource = self.domain_arn
            self.record(f"lightsail:{operation}", resource)
            if before := self.before.pop(operation, None):
                before(given)
        elif server == "route53":
            self._record_zone(connection)
        elif server == "ecr-registry" and "Authorization" in connection.headers:
            self._record_pull(connection)
        respond(connection)

    def record(self, action: str, resource: str = "*", **context: str | list[str]) -> None:
        """Record a call."""
        keys = {key.replace("_", ":"): value for key, value in context.items()}
        # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
        keys["lambda:SourceFunctionArn"] = self.function
        self.recorded.append(Call(action=action, resource=resource, context=keys, step=self.step()))

    def _record_zone(self, connection: Connection) -> None:
        """Record a call for a hosted zone, whose changes come with condition keys.

        https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
        """
        zone = _HOSTED_ZONE.fullmatch(urlsplit(connection.path).path)
        if zone is None:
            raise NotImplementedError(f"{connection.command} {connection.path}")
        there = f"arn:aws:route53:::{zone[1]}"
        if connection.command == "GET":
            self.record("route53:ListResourceRecordSets", there)
            return
        body = b"".join(connection.body)
        connection.body = iter((body,))
        changes = changes_in(body)
        names = [one["name"].rstrip(".").lower() for _, one in changes]
        key = "route53_ChangeResourceRecordSets"
        self.record(
            "route53:ChangeResourceRecordSets",
            there,
            **{
                f"{key}Actions": [action for action, _ in changes],
                f"{key}RecordTypes": [one["type"] for _, one in changes],
                f"{key}NormalizedRecordNames": names,
            },
        )

    def _record_pull(self, connection: Connection) -> None:
        host, path = _HOST.fullmatch(connection.headers["Host"]), _PATH.fullmatch(connection.path)
        if host is None or path is None:
            raise NotImplementedError(f"{connection.command} {connection.path}")
        repository = f"{host['region']}:{host['account']}:repository/{path['repository']}"
        self.record(_ECR_ACTIONS[connection.command, path["kind"]], f"arn:aws:ecr:{repository}")


class World:
    """A stack's whole world.

    Args:
        simulated: its servers.
        recorder: records the calls of the stack's function.
        public: a registry to pull from without a login.
        folder: for files that assets are made of.

    Attributes:
        aws: the services of AWS beside Lightsail.
        private: a registry to pull from with a login.
        images: where the images of the stack come from.
        template: the stack's, once it is synthesized.
        function: the stack's function, once it is synthesized.
        stack: the stack, once it is synthesized.
    """

    images: Images
    template: Template
    function: Function
    stack: SimulatedStack

    def __init__(
        self, simulated: Simulated, recorder: Recorder, public: FakeRegistry, folder: Path
    ) -> None:
        self.simulated = simulated
        self.recorder = recorder
        self.aws = simulated.aws
        self.public = public
        self.private = simulated.source
        self.folder = folder
        self._changes: dict[str, Change] = {}

    def synthesize(self, stack: Stack) -> None:
        """Fill the stack's template in, and make what its function does not make."""
        body = Synthesized.from_stack(stack).to_json()
        self.template = Template(body, self.recorder.service_arns)
        self.recorder.function = self.template.function_arn
        self.function = Function(
            self.simulated,
            LocalEnvironments(self.simulated.clock),
            seconds=300,
            arn=self.recorder.function,
        )
        self.stack = SimulatedStack("Shop", self.simulated, self.function)
        login = self.aws.secrets[REGISTRY_SECRET].value
        for name, properties in self.template.resources("AWS::SecretsManager::Secret"):
            self.aws.secrets[name] = Stored(login, properties.get("KmsKeyId", ""))
        for name, properties in self.template.resources("AWS::SSM::Parameter"):
            self.aws.parameters[name] = Stored(properties["Value"])
        for _, properties in self.template.resources(CONTAINER_IMAGE_TYPE):
            self.images = self._images(properties)

    @contextmanager
    def step(self, name: str, *, is_whole: bool = False) -> Iterator[None]:
        """Give the calls that follow a name, but those of a clean-up or rollback theirs.

        Args:
            name: the name.
            is_whole: whether those have it, too.
        """
        stacks = self.aws.cloudformation.stacks

        def step() -> str:
            status = next(reversed(stacks.values())).status if stacks else ""
            return name if is_whole else _PARTS.get(status, name)

        self.recorder.step = step
        yield

    def succeed(self, kind: str, change: Change) -> None:
        """Create or update the stack, with the resources of a type changed from now on."""
        self._changes[kind] = change
        self.check(self.stack.deploy(self._contents()), "CREATE_COMPLETE", "UPDATE_COMPLETE")

    def fail(self, kind: str, change: Change, *, by_another: bool = False) -> None:
        """Update the stack in the same way, which fails and is rolled back.

        Args:
            kind: the type.
            change: what is changed.
            by_another: whether another resource fails afterwards, and not this one.
        """
        before, self._changes = self._changes, {**self._changes, kind: change}
        broken: Resources = {"Broken": (BROKEN, lambda _: {})} if by_another else {}
        outcome = self.stack.deploy({**self._contents(), **broken})
        self._changes = before
        self.check(outcome, "UPDATE_ROLLBACK_COMPLETE")

    def again(self, kind: str) -> None:
        """Deliver the last request for a resource of a type once more."""
        exchanges = reversed(self.stack.exchanges)
        exchange = next(one for one in exchanges if one.event["ResourceType"] == kind)
        self.function.invoke(exchange.event)
        self.function.run_out()
        answer = json.loads(exchange.puts[-1].body)
        if answer["Status"] != "SUCCESS":
            raise AssertionError(f"{self.recorder.step()}: {answer}")

    def delete(self) -> None:
        """Delete the stack."""
        self.check(self.stack.delete(), "DELETE_COMPLETE")

    def check(self, outcome: Outcome, *statuses: str) -> None:
        """Check what has become of the stack."""
        if outcome.status not in statuses:
            raise AssertionError(f"{self.recorder.step()}: {outcome}")

    def _contents(self) -> Resources:
        return {
            name: (kind, functools.partial(self._filled, kind, fill))
            for name, (kind, fill) in self.template.with_parameters().items()
        }

    def _filled(
        self, kind: str, fill: Callable[[Attributes], dict[str, Any]], attributes: Attributes
    ) -> dict[str, Any]:
        change = self._changes.get(kind)
        return change(fill(attributes)) if change else fill(attributes)

    def _images(self, properties: dict[str, Any]) -> Images:
        source = properties.get("Source", {})
        if "Key" in source:
            return ArchivedImages(objects=self.aws.s3.objects, key=source["Key"])
        if "Image" not in source:
            return PushedImages(world=self.simulated)
        registries = {one.host: one for one in (self.public, self.private)}
        registry = registries.get(source["Image"].partition("/")[0], self.simulated.ecr)
        return RegistryImages(
            registry=registry,
            tag=source["Image"].rpartition(":")[2],
            is_signed="SignedBy" in properties,
        )


@contextmanager
def running_world() -> Iterator[World]:
    """Run everything, with the container services `shop` and `site`."""
    recorder = Recorder()
    with ExitStack() as running:
        simulated = running.enter_context(
            Simulated(FakeTime(), _certificate(), recorder, _ECR_HOSTS)
        )
        simulated.aws.record = recorder.record
        behaviour = simulated.behaviour
        behaviour.busy_service = behaviour.delete_in_use = "refused"
        behaviour.deployment_seconds = 1
        for name in ("shop", "site"):
            made = simulated.call("CreateContainerService", serviceName=name, power="nano", scale=1)
            recorder.service_arns[name] = made["containerService"]["arn"]
        simulated.call("CreateDomain", domainName=LIGHTSAIL_ZONE)
        zone = simulated.call("GetDomain", domainName=LIGHTSAIL_ZONE)["domain"]
        recorder.domain_arn = zone["arn"]
        simulated.clock.now += 3600
        port = simulated.port("ecr-registry")
        running.enter_context(led_to_ecr(port, _certificate(), *_ECR_HOSTS))
        public = running.enter_context(fake_registry.fake_registry())
        folder = running.enter_context(tempfile.TemporaryDirectory())
        yield World(simulated, recorder, public, Path(folder))


@functools.cache
def _certificate() -> Certificate:
    return certificates.certificate(Path(_folder().name), *_ECR_HOSTS)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()
