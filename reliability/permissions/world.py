"""What a stack is deployed to, and what is done with it there."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template as Synthesized

import certificates
import fake_registry
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from certificates import Certificate
from fake_ecr import led_to_ecr
from fake_registry import FakeRegistry
from fake_time import FakeTime
from lightsail_local.endpoints import DEFAULT_ACCOUNT
from world.aws import LIGHTSAIL_ZONE, REGISTRY_SECRET, Stored
from world.cloudformation import Attributes, Resources, SimulatedStack
from world.custom_resource import BROKEN, Outcome
from world.environment import LocalEnvironments
from world.function import Function
from world.template import Template
from world.world import World as Simulated

from .images import Images, archived_images, pushed_images, registry_images
from .recorder import Recorder

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes the properties of a resource."""

REGIONS = ("us-east-1", "eu-central-1")
OTHER_ACCOUNT = "111122223333"
_ECR_HOSTS = tuple(
    f"{account}.dkr.ecr.{region}.amazonaws.com"
    for account in (DEFAULT_ACCOUNT, OTHER_ACCOUNT)
    for region in REGIONS
)

# What is done while a stack has a status, also if something else was begun.
_PARTS = {
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "clean up",
    "UPDATE_ROLLBACK_IN_PROGRESS": "roll back",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "roll back",
}


class World:
    """A stack's whole world."""

    # Once it is synthesized.
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
        # Registries to pull from without a login and with one.
        self.public = public
        self.private = simulated.source
        self.folder = folder  # for files that assets are made of
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

    def _begin(self, name: str, *, is_whole: bool = False) -> None:
        """Give the calls that follow a name, but those of a clean-up or rollback theirs.

        All have it where the step is a whole one.
        """
        stacks = self.aws.cloudformation.stacks

        def step() -> str:
            status = next(reversed(stacks.values())).status if stacks else ""
            return name if is_whole else _PARTS.get(status, name)

        self.recorder.step = step

    def succeed(self, step: str, kind: str, change: Change) -> None:
        """Create or update the stack, with the resources of a type changed from now on."""
        self._begin(step)
        self._changes[kind] = change
        self.check(self.stack.deploy(self._contents()), "CREATE_COMPLETE", "UPDATE_COMPLETE")

    def fail(
        self,
        step: str,
        kind: str,
        change: Change,
        *,
        by_another: bool = False,
        is_whole: bool = False,
    ) -> None:
        """Update the stack in the same way, which fails, maybe by another resource afterwards."""
        self._begin(step, is_whole=is_whole)
        before, self._changes = self._changes, {**self._changes, kind: change}
        broken: Resources = {"Broken": (BROKEN, lambda _: {})} if by_another else {}
        outcome = self.stack.deploy({**self._contents(), **broken})
        self._changes = before
        self.check(outcome, "UPDATE_ROLLBACK_COMPLETE")

    def again(self, step: str, kind: str) -> None:
        """Deliver the last request for a resource of a type once more."""
        self._begin(step)
        exchanges = reversed(self.stack.exchanges)
        exchange = next(one for one in exchanges if one.event["ResourceType"] == kind)
        self.function.invoke(exchange.event)
        self.function.run_out()
        answer = json.loads(exchange.puts[-1].body)
        if answer["Status"] != "SUCCESS":
            raise AssertionError(f"{self.recorder.step()}: {answer}")

    def delete(self) -> None:
        """Delete the stack."""
        self._begin("delete")
        self.check(self.stack.delete(), "DELETE_COMPLETE")

    def check(self, outcome: Outcome, *statuses: str) -> None:
        """Check what has become of the stack."""
        if outcome.status not in statuses:
            raise AssertionError(f"{self.recorder.step()}: {outcome}")

    def _contents(self) -> Resources:
        def changed(kind: str, fill: Any, attributes: Attributes) -> dict[str, Any]:
            return self._changes.get(kind, dict)(fill(attributes))

        return {
            name: (kind, functools.partial(changed, kind, fill))
            for name, (kind, fill) in self.template.with_parameters().items()
        }

    def _images(self, properties: dict[str, Any]) -> Images:
        source = properties.get("Source", {})
        if "Key" in source:
            return archived_images(self.aws.s3.objects, source["Key"])
        if "Image" not in source:
            return pushed_images(self.simulated)
        registries = {one.host: one for one in (self.public, self.private)}
        registry = registries.get(source["Image"].partition("/")[0], self.simulated.ecr)
        tag = source["Image"].rpartition(":")[2]
        return registry_images(registry, tag, is_signed="SignedBy" in properties)


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


_folder = functools.cache(tempfile.TemporaryDirectory)


@functools.cache
def _certificate() -> Certificate:
    return certificates.certificate(Path(_folder().name), *_ECR_HOSTS)
