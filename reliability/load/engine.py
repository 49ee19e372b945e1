"""Twenty stacks that CloudFormation makes, changes and deletes at once, functions and all."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from aws_cdk import App, CfnOutput, CfnParameter, DefaultStackSynthesizer, Stack

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from lightsail_local.samples.sample_image import push_sample_image
from reliability.broken import Broken

from .holding import FULL
from .member import MANY

_MOST = 150
_LONGEST_SECONDS = 900.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Made:
    """What became of the stacks.

    Args:
        created: their statuses after they were made, `updated` and `deleted` likewise.
        calls: how many calls reached Lightsail.
    """

    created: Counter[str]
    updated: Counter[str]
    deleted: Counter[str]
    calls: int


def make(count: int = MANY, *, room: int = MANY, **behaviour: Any) -> Made:
    """Make stacks with an image each, change the images, delete the stacks, all at once each time.

    Args:
        count: how many stacks.
        room: for how many images the service has room; those that find none are made again when
            there is room.
        behaviour: Lightsail's.

    Raises:
        Broken: something did not hold.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCloud(Behaviour(service_seconds=0, **behaviour)) as cloud,
    ):
        stacks = _Stacks(cloud, Path(folder), count)
        stacks.store(_MOST - room if room < count else 0)
        stored = stacks.images()
        called = len(cloud.lightsail.requests)
        created = stacks.create()
        stacks.hold(stored, min(room, count))
        stacks.delete_what_failed()
        stacks.forget("old")
        updated = stacks.update()
        stacks.hold(set(), count)
        deleted = stacks.delete()
        stacks.hold(set(), 0)
        calls = len(cloud.lightsail.requests) - called
    return Made(created=created, updated=updated, deleted=deleted, calls=calls)


class _Stacks:
    """Stacks of one image in a service `shop`: one template, a label each."""

    def __init__(self, cloud: LocalCloud, folder: Path, count: int) -> None:
        self._cloud = cloud
        self._names = [f"Web-{number}" for number in range(1, count + 1)]
        self._cloudformation = self._client("cloudformation")
        self._lightsail = self._client("lightsail")
        self._lightsail.create_container_service(serviceName="shop", power="nano", scale=1)
        digests = [push_sample_image(cloud.lightsail.url, text) for text in ("one", "two")]
        self._first, self._second = (
            _synthesize(digest, folder / str(number)) for number, digest in enumerate(digests)
        )
        self._publish(folder / "0")

    def create(self) -> Counter[str]:
        """Make all of them."""
        for name in self._names:
            self._cloudformation.create_stack(**self._wanted(name, self._first))
        return self._settled()

    def update(self) -> Counter[str]:
        """Change the image of all that are there, and make the others."""
        there = self._statuses()
        for name in self._names:
            act = self._cloudformation.update_stack if name in there else None
            (act or self._cloudformation.create_stack)(**self._wanted(name, self._second))
        return self._settled()

    def delete(self) -> Counter[str]:
        """Delete all of them."""
        for name in self._names:
            self._cloudformation.delete_stack(StackName=name)
        return self._settled()

    def delete_what_failed(self) -> None:
        """Delete the stacks that were rolled back, which cannot be updated."""
        for name, status in self._statuses().items():
            if status == "ROLLBACK_COMPLETE":
                self._cloudformation.delete_stack(StackName=name)
        self._settled()

    def store(self, count: int) -> None:
        """Register images as another user."""
        digest = push_sample_image(self._cloud.lightsail.url, "old")
        for _ in range(count):
            self._lightsail.register_container_image(serviceName="shop", label="old", digest=digest)

    def forget(self, label: str) -> None:
        """Delete the images of a label as another user."""
        for name in self.images():
            if name.startswith(f":shop.{label}."):
                self._lightsail.delete_container_image(serviceName="shop", image=name)

    def images(self) -> set[str]:
        """Return the names of the images that are registered."""
        found = self._lightsail.get_container_images(serviceName="shop")["containerImages"]
        return {image["image"] for image in found}

    def hold(self, before: set[str], count: int) -> None:
        """Look that as many stacks are there, and their images alone beside those before.

        Raises:
            Broken: they are not.
        """
        named = {
            output["OutputValue"]
            for stack in self._cloudformation.describe_stacks()["Stacks"]
            for output in stack.get("Outputs", [])
            if stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        }
        if len(named) != count:
            raise Broken(f"{len(named)} stacks have an image, not {count}: {self._statuses()}")
        if self.images() != before | named:
            raise Broken(f"there are {sorted(self.images() ^ (before | named))}")
        for name, status in self._statuses().items():
            if status == "ROLLBACK_COMPLETE" and FULL not in self._reason(name):
                raise Broken(f"{name} does not say why: {self._reason(name)}")

    def _reason(self, name: str) -> str:
        events = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
        return " ".join(event.get("ResourceStatusReason", "") for event in failed)

    def _wanted(self, name: str, template: str) -> dict[str, Any]:
        return {
            "StackName": name,
            "TemplateBody": template,
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [{"ParameterKey": "Label", "ParameterValue": name.lower()}],
        }

    def _settled(self) -> Counter[str]:
        """Return the statuses of all stacks, once none changes any more."""
        ends = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < ends:
            statuses = self._statuses()
            if not any(status.endswith("IN_PROGRESS") for status in statuses.values()):
                return Counter(statuses.values())
            time.sleep(_POLL_SECONDS)
        raise Broken(f"some stacks hang: {self._statuses()}")

    def _statuses(self) -> dict[str, str]:
        stacks = self._cloudformation.describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in stacks}

    def _publish(self, assembly: Path) -> None:
        """Upload the function's code, as the CDK command line does."""
        endpoints = self._cloud.endpoints
        (asset,) = assembly.glob("asset.*")
        bucket = f"cdk-hnb659fds-assets-{endpoints.account}-{endpoints.region}"
        archive = shutil.make_archive(str(assembly / "asset"), "zip", asset)
        s3 = self._client("s3")
        s3.create_bucket(Bucket=bucket)
        s3.upload_file(archive, bucket, f"{asset.name.removeprefix('asset.')}.zip")

    def _client(self, service: str) -> Any:
        endpoints = self._cloud.endpoints
        if service == "lightsail":
            return boto3.client(service, endpoint_url=endpoints.lightsail)
        return boto3.client(service, endpoint_url=endpoints.engine, verify=endpoints.certificate)


def _synthesize(digest: str, assembly: Path) -> str:
    """Return the template of a stack that registers a digest under the label it is given."""
    app = App(outdir=str(assembly))
    # The rule reads a parameter of a bootstrapped account: nothing else of one is needed here.
    synthesizer = DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
    stack = Stack(app, "Web", synthesizer=synthesizer)
    image = ContainerImage(
        stack,
        "Image",
        service=ContainerService.from_service_name(stack, "Service", "shop"),
        label=CfnParameter(stack, "Label").value_as_string,
        source=ImageSource.from_digest(digest),
    )
    CfnOutput(stack, "ImageName", value=image.image_name)
    app.synth()
    return (assembly / "Web.template.json").read_text()
