"""A stack's whole life by CloudFormation, on both sides of what nobody knows of Lightsail."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lightsail as lightsail

from cdk_commands import Cdk
from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource
from lightsail_local.behaviour import Behaviour
from lightsail_local.sample_image import push_sample_image

pytestmark = pytest.mark.e2e

STACK = "Behaviours"
BEHAVIOURS: list[dict[str, Any]] = [
    {"register_again": "old"},
    {"reuse_numbers": True},
    {"delete_in_use": "refused"},
    {"delete_in_use": "done"},
    {"missing_digest": "accepted"},
    {"busy_service": "refused"},
    {"order": "shuffled"},
    {"stale_seconds": 2.0},
    {"throttle_every": 3},
]


class Deployments:
    """Stacks of one image, made with CloudFormation's own API: the template of the CDK as it is."""

    def __init__(self, cdk: Cdk, folder: Path) -> None:
        self.cdk = cdk
        self._folder = folder
        self._cloudformation = cdk.client("cloudformation")

    def put(self, digest: str, *, broken: bool = False) -> dict[str, str]:
        """Create or update the stack, wait, and return its outputs; empty if it failed."""
        template = self._template(digest, broken=broken)
        exists = any(
            stack["StackName"] == STACK
            for stack in self._cloudformation.describe_stacks()["Stacks"]
        )
        act = self._cloudformation.update_stack if exists else self._cloudformation.create_stack
        act(StackName=STACK, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
        (stack,) = self._settled(STACK)
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def delete(self) -> None:
        self._cloudformation.delete_stack(StackName=STACK)
        self._settled(STACK)

    def _settled(self, name: str) -> list[dict[str, Any]]:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            found = [
                stack
                for stack in self._cloudformation.describe_stacks()["Stacks"]
                if stack["StackName"] == name
            ]
            if not any(stack["StackStatus"].endswith("IN_PROGRESS") for stack in found):
                return found
            time.sleep(0.05)
        raise TimeoutError(f"stack {name} is {self.cdk.status(name)}")

    def _template(self, digest: str, *, broken: bool) -> str:
        """Synthesize the stack, and publish its asset as the CDK command line does."""
        assembly = self._folder / "assembly"
        app = App(outdir=str(assembly))
        stack = Stack(app, STACK)
        image = ContainerImage(
            stack,
            "Image",
            service=ContainerService.from_service_name(stack, "Service", "shop"),
            label="web",
            source=ImageSource.from_digest(digest),
        )
        CfnOutput(stack, "ImageName", value=image.image_name)
        CfnOutput(stack, "ImageDigest", value=image.image_digest)
        if broken:
            after = lightsail.CfnContainer(
                stack, "Broken", service_name="-broken-", power="nano", scale=1
            )
            after.node.add_dependency(image)
        app.synth()
        (asset,) = assembly.glob("asset.*")
        key = asset.name.removeprefix("asset.") + ".zip"
        endpoints = self.cdk.cloud.endpoints
        archive = shutil.make_archive(str(self._folder / "asset"), "zip", asset)
        self.cdk.client("s3").upload_file(
            archive, f"cdk-hnb659fds-assets-{endpoints.account}-{endpoints.region}", key
        )
        return json.dumps(json.loads((assembly / f"{STACK}.template.json").read_text()))


@pytest.fixture
def behaviour(cdk: Cdk, shop: str) -> Iterator[Behaviour]:
    """How the cloud's Lightsail behaves; as before at the end."""
    behaviour = cdk.cloud.lightsail.behaviour
    before = {field.name: getattr(behaviour, field.name) for field in fields(behaviour)}
    yield behaviour
    for name, value in before.items():
        setattr(behaviour, name, value)


@contextmanager
def at_its_best(behaviour: Behaviour) -> Iterator[None]:
    """Have Lightsail answer at once and truly, for who only looks on."""
    hidden = behaviour.stale_seconds, behaviour.throttle_every
    behaviour.stale_seconds = behaviour.throttle_every = 0
    yield
    behaviour.stale_seconds, behaviour.throttle_every = hidden


@pytest.mark.parametrize("changes", BEHAVIOURS, ids=json.dumps)
def test_every_step_of_a_stack_leaves_the_images_it_should(
    cdk: Cdk, behaviour: Behaviour, tmp_path: Path, changes: dict[str, Any]
) -> None:
    def images() -> list[str]:
        with at_its_best(behaviour):
            return sorted(cdk.images().values())

    first, second, third = (
        push_sample_image(cdk.cloud.lightsail.url, text) for text in ("one", "two", "three")
    )
    behaviour.deployment_seconds = 0.2
    for name, value in changes.items():
        setattr(behaviour, name, value)
    stack = Deployments(cdk, tmp_path)

    created = stack.put(first)
    assert created["ImageDigest"] == first
    assert images() == [first]

    replaced = stack.put(second)
    assert replaced["ImageDigest"] == second
    assert images() == [second]

    rolled_back = stack.put(third, broken=True)
    assert rolled_back == replaced
    assert cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
    assert images() == [second]

    if "delete_in_use" in changes:
        deploy_to_the_nodes(cdk, behaviour, replaced["ImageName"])
    stack.delete()
    assert images() == ([second] if "delete_in_use" in changes else [])


def deploy_to_the_nodes(cdk: Cdk, behaviour: Behaviour, image: str) -> None:
    """Deploy an image as a pipeline does; nothing takes it away while it serves."""
    cdk.client("lightsail").create_container_service_deployment(
        serviceName="shop", containers={"web": {"image": image}}
    )
    time.sleep(behaviour.deployment_seconds + 0.1)
