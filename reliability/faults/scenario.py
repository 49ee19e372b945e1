"""The lives of stacks, each with one part whose calls are struck.

A scenario has a world with two services, `shop` and `blog`, and images of others that have to stay.
`prepare` brings it to where its struck part begins, `act` is that part. What comes after is the
same for all: another deploy, and the stack's end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import archives
import oci_images
from lightsail_local.failure import Failure
from lightsail_local.sample_image import push_sample_image, sample_image
from oci_images import Made

from .aws_services import PARAMETERS, SECRETS
from .cloudformation import BROKEN, DEPLOYMENT, IMAGE, Attributes, Outcome, Stack, Template
from .world import World

_REGISTRY_SECRET, _SHOP_SECRET = SECRETS
_HOUR = "3600"
# The function's timeout, and how long AWS Lambda repeats what was killed.
_NO_HOUR = "630"


@dataclass
class Stage:
    """A world, and the stacks in it.

    Args:
        world: the world.
        stack: the stack whose life it is.
        others: stacks that have to be as they are at the end.
    """

    world: World
    stack: Stack
    others: list[Stack]


@dataclass(frozen=True)
class Scenario:
    """A part of a stack's life.

    Args:
        prepare: what comes before.
        act: what is struck.
        then: the template of another deploy afterwards.
        succeeds: whether what is struck succeeds when nothing is.
        prunes: whether the label's versions are counted, whoever they belong to.
    """

    prepare: Callable[[Stage], None]
    act: Callable[[Stage], Outcome]
    then: Callable[[World], Template]
    succeeds: bool = True
    prunes: bool = False


def set_up(world: World) -> None:
    """Have two services, and images that are nobody's of these stacks."""
    for name in ("shop", "blog"):
        world.client.create_container_service(serviceName=name, power="nano", scale=1)
    for label, text in (("web", "somebody's"), ("other", "another's")):
        register(world, "shop", label, text)


def register(world: World, service: str, label: str, text: str) -> str:
    """Have somebody register an image, and return its name."""
    digest = push_sample_image(world.lightsail.url, text)
    answer = world.client.register_container_image(serviceName=service, label=label, digest=digest)
    return str(answer["containerImage"]["image"])


def by_digest(text: str, **changes: Any) -> Callable[[World], Template]:
    """Return the template of an image that was pushed already."""

    def make(world: World) -> Template:
        digest = push_sample_image(world.lightsail.url, text)
        return {"Image": _image(Digest=digest, ServiceTimeout=_NO_HOUR, **changes)}

    return make


def by_source(tag: str, layers: int = 2) -> Callable[[World], Template]:
    """Return the template of an image that is pushed from a registry that wants to be logged in."""

    def make(world: World) -> Template:
        image = world.source.add(oci_images.multi_arch(*oci_images.layers(layers, 3000, tag)), tag)
        return {"Image": _image(Source={"Image": image, "CredentialsSecretArn": _REGISTRY_SECRET})}

    return make


def by_ecr(tag: str) -> Callable[[World], Template]:
    """Return the template of an image that is pushed from Amazon ECR."""

    def make(world: World) -> Template:
        made = oci_images.image(*oci_images.layers(2, 3000, tag))
        return {"Image": _image(Source={"Image": world.ecr.add(made, tag)})}

    return make


def by_archive(text: str) -> Callable[[World], Template]:
    """Return the template of an image that is pushed out of an archive, too large for one read."""

    def make(world: World) -> Template:
        made = oci_images.image(*oci_images.layers(2, 300_000, text))
        world.aws.objects[f"{text}.tar"] = archives.tar(archives.layout(made))
        return {"Image": _image(Source={"Bucket": "assets", "Key": f"{text}.tar"})}

    return make


def serving(
    tag: str, *, fails: Failure | None = None, broken: bool = False
) -> Callable[[World], Template]:
    """Return the template of an image, and a deployment of it with secrets.

    Args:
        tag: the image's.
        fails: how its deployment fails.
        broken: whether another resource fails after the image.
    """

    def make(world: World) -> Template:
        sample = sample_image(tag, fails=fails)
        blobs = {oci_images.digest_of(blob): blob for blob in (sample.config, sample.layer)}
        made = Made(content=sample.manifest, media_type=oci_images.OCI_MANIFEST, blobs=blobs)
        image = {"Image": world.source.add(made, tag), "CredentialsSecretArn": _REGISTRY_SECRET}
        last = (
            {"Broken": (BROKEN, _nothing)} if broken else {"Deployment": (DEPLOYMENT, _deployment)}
        )
        return {"Image": _image(Source=image), **last}

    return make


def _image(**properties: Any) -> tuple[str, Callable[[Attributes], dict[str, Any]]]:
    given = {
        "ServiceTimeout": _HOUR,
        "ServiceName": "shop",
        "Label": "web",
        "RemovalPolicy": "Delete",
        **properties,
    }
    return IMAGE, lambda _: given


def _deployment(attributes: Attributes) -> dict[str, Any]:
    web = {
        "Image": attributes["Image"]["ImageName"],
        "Environment": {"MODE": "live"},
        "Ports": {"80": "HTTP"},
        "Secrets": {
            "PASSWORD": {"SecretArn": _SHOP_SECRET, "Field": "password"},
            "TOKEN": {"ParameterName": next(iter(PARAMETERS))},
        },
    }
    return {
        "ServiceTimeout": _HOUR,
        "ServiceName": "shop",
        "Containers": {"web": web},
        "PublicEndpoint": {"ContainerName": "web", "ContainerPort": "80"},
    }


def _nothing(_: Attributes) -> dict[str, Any]:
    return {}


def _deployed(*templates: Callable[[World], Template]) -> Callable[[Stage], None]:
    """Return what brings the stack to the last of some templates."""

    def prepare(stage: Stage) -> None:
        for template in templates:
            outcome = stage.stack.deploy(template(stage.world))
            _expect(outcome, "CREATE_COMPLETE", "UPDATE_COMPLETE")

    return prepare


def _expect(outcome: Outcome, *statuses: str) -> None:
    if outcome.status not in statuses:
        raise RuntimeError(f"a stack that had to be made is {outcome}")


def _deploy(template: Callable[[World], Template]) -> Callable[[Stage], Outcome]:
    return lambda stage: stage.stack.deploy(template(stage.world))


def _delete(stage: Stage) -> Outcome:
    return stage.stack.delete()


def _with_another_stack(stage: Stage) -> None:
    """Have another stack serve from the same service, and deploy at this very moment."""
    _deployed(serving("first"))(stage)
    (other,) = stage.others
    outcome = other.deploy({"Image": _image(Label="worker", Digest=_pushed(stage.world))})
    _expect(outcome, "CREATE_COMPLETE")
    name = other.resources["Image"].physical_id
    stage.world.client.create_container_service_deployment(
        serviceName="shop", containers={"worker": {"image": name}}
    )


def _pushed(world: World) -> str:
    return push_sample_image(world.lightsail.url, "worker")


def _slow_source(stage: Stage) -> None:
    # Its config and three layers: the last one comes when the time of an invocation is over.
    stage.world.source.blob_seconds = 70


def _slow_deployments(stage: Stage) -> None:
    _deployed(serving("first"))(stage)
    stage.world.behaviour.deployment_seconds = 700


SCENARIOS = {
    "create by digest": Scenario(
        prepare=_deployed(), act=_deploy(by_digest("first")), then=by_digest("last")
    ),
    "create by source": Scenario(
        prepare=_deployed(), act=_deploy(by_source("first")), then=by_source("last")
    ),
    "create by ecr": Scenario(
        prepare=_deployed(), act=_deploy(by_ecr("first")), then=by_ecr("last")
    ),
    "create by archive": Scenario(
        prepare=_deployed(), act=_deploy(by_archive("first")), then=by_archive("last")
    ),
    "update by digest": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(by_digest("second")),
        then=by_digest("last"),
    ),
    "update by label": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(by_digest("first", Label="worker")),
        then=by_digest("last"),
    ),
    "update by source": Scenario(
        prepare=_deployed(by_source("first")),
        act=_deploy(by_source("second")),
        then=by_source("last"),
    ),
    "update by service": Scenario(
        prepare=_deployed(by_digest("first")),
        act=_deploy(by_digest("first", ServiceName="blog")),
        then=by_digest("last"),
    ),
    "rollback": Scenario(
        prepare=_deployed(serving("first")),
        act=_deploy(serving("second", broken=True)),
        then=serving("last"),
        succeeds=False,
    ),
    "delete": Scenario(prepare=_deployed(by_digest("first")), act=_delete, then=by_digest("last")),
    "prune": Scenario(
        prepare=_deployed(
            *(by_digest(text, RemovalPolicy="Retain") for text in ("first", "second", "third"))
        ),
        act=_deploy(by_digest("fourth", RemovalPolicy="Retain", MaxVersions="2")),
        then=by_digest("last", RemovalPolicy="Retain", MaxVersions="1"),
        prunes=True,
    ),
    "deploy": Scenario(prepare=_deployed(), act=_deploy(serving("first")), then=serving("last")),
    "deploy again": Scenario(
        prepare=_deployed(serving("first")), act=_deploy(serving("second")), then=serving("last")
    ),
    "failed deploy": Scenario(
        prepare=_deployed(serving("first")),
        act=_deploy(serving("second", fails="crash")),
        then=serving("last"),
        succeeds=False,
    ),
    "two stacks": Scenario(
        prepare=_with_another_stack, act=_deploy(serving("second")), then=serving("last")
    ),
    "hand-over of a push": Scenario(
        prepare=_slow_source, act=_deploy(by_source("first", layers=3)), then=by_digest("last")
    ),
    "hand-over of a deploy": Scenario(
        prepare=_slow_deployments, act=_deploy(serving("second")), then=by_digest("last")
    ),
}
