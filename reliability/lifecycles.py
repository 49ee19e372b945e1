"""The lifecycles of stacks, each with one part in which faults are injected.

A lifecycle has a world with two services, `shop` and `blog`, and images of others that have to
stay. `prepare` leads to the part, `act` is the part. What comes after is the same for all: another
deployment of the stack, and its deletion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import archives
import oci_images
from lightsail_local.behaviour.failure import Failure
from oci_images import Made
from world.aws import DOMAINS_ARN, FUNCTION_ARN, LIGHTSAIL_ZONE
from world.cloudformation import Resources, SimulatedStack
from world.custom_resource import Outcome
from world.template import Templates
from world.world import World

_GONE = ("unregistered_seconds", 0)  # a push is, before it can be registered
_LATEST_REFUSED = (_GONE, ("latest", "refused"))
_CAUGHT_UP_SECONDS = 60.0
"""After that all reads show what a stack has done, however far they lag behind in the part."""


@dataclass
class Setting:
    """A world, and the stacks in it."""

    world: World
    templates: Templates
    stack: SimulatedStack
    others: list[SimulatedStack]  # that have to be as they are at the end


Make = Callable[[Setting], Resources]
"""Makes what a stack consists of, and what that needs in the world."""


@dataclass(frozen=True)
class Lifecycle:
    """A part of a stack's life."""

    act: Callable[[Setting], Outcome]
    then: Make
    """What the stack consists of when it is deployed again afterwards."""
    prepare: Callable[[Setting], None] = lambda _: None
    succeeds: bool = True
    """Whether the part succeeds without a fault."""
    unblock: Callable[[Setting], None] | None = None
    """What the stack's owner does before a rollback that has failed can be continued."""
    function: str = FUNCTION_ARN
    refused: tuple[tuple[str, str | float], ...] = ()
    """Switches of Lightsail's, and their values on which no program can do the part."""


def set_up(world: World) -> None:
    """Make two services, and images and DNS records that are not the stacks'."""
    for name in ("shop", "blog"):
        world.call("CreateContainerService", serviceName=name, power="nano", scale=1)
    for label, text in (("web", "of a stranger"), ("other", "of another")):
        register(world, "shop", label, text)
    world.call("CreateDomain", domainName=LIGHTSAIL_ZONE)
    for zone in (world.route53.domain, LIGHTSAIL_ZONE):
        write(world, zone, "TXT", '"v=spf1 -all"')
        write(world, f"mail.{zone}", "CNAME", "mail.example.org")


def write(world: World, name: str, kind: str, value: str) -> None:
    """Write a DNS record as another user does: in Amazon Route 53, or in the zone of Lightsail."""
    if not name.endswith(LIGHTSAIL_ZONE):
        record = {"name": f"{name}.", "type": kind, "ttl": "60", "values": [value]}
        world.route53.sets.append(record)
        return
    entry = {"name": name, "type": kind, "target": value}
    world.call("CreateDomainEntry", domainName=LIGHTSAIL_ZONE, domainEntry=entry)


def register(world: World, service: str, label: str, text: str) -> str:
    """Register an image as another user does, and return its name."""
    digest = push(world, text)
    answer = world.call("RegisterContainerImage", serviceName=service, label=label, digest=digest)
    return str(answer["containerImage"]["image"])


def push(world: World, text: str) -> str:
    """Push an image as another user does, and return its digest."""
    made = oci_images.sample(text)
    world.push(made)
    return made.digest


def by_digest(text: str, kind: str = "digest") -> Make:
    """Return what makes an image that was pushed already."""
    return lambda setting: setting.templates[kind].with_parameters(Digest=push(setting.world, text))


def _push_index(setting: Setting) -> None:
    setting.world.push(oci_images.multi_arch(b"first"))


def _by_index(setting: Setting) -> Resources:
    """Return an image by the digest of an index that was pushed already."""
    digest = oci_images.multi_arch(b"first").digest
    return setting.templates["digest"].with_parameters(Digest=digest)


def _never_pushed(setting: Setting) -> Resources:
    return setting.templates["digest"].with_parameters(Digest=f"sha256:{'0' * 64}")


def of_two_labels(first: str, second: str) -> Make:
    """Return what makes two images that were pushed already, with a label each."""
    return lambda setting: setting.templates["two labels"].with_parameters(
        Digest=push(setting.world, first), OtherDigest=push(setting.world, second)
    )


def by_source(tag: str, layers: int = 2, layer_type: str = "") -> Make:
    """Return what makes an image that is pushed from a registry with a login."""

    def make(setting: Setting) -> Resources:
        content = oci_images.layers(layers, 3000, tag)
        amd64 = oci_images.image(*content, layer_type=layer_type)
        made = oci_images.multi_arch(amd64=amd64)
        return _of_source(setting, "registry", made, tag)

    return make


def by_ecr(tag: str) -> Make:
    """Return what makes an image that is pushed from Amazon ECR."""

    def make(setting: Setting) -> Resources:
        setting.world.ecr.add(oci_images.image(*oci_images.layers(2, 3000, tag)), tag)
        return setting.templates["Amazon ECR"].with_parameters(Tag=tag)

    return make


def by_archive(kind: str) -> Make:
    """Return what makes an image that is pushed out of an archive."""

    def make(setting: Setting) -> Resources:
        resources = setting.templates[kind].with_parameters()
        (properties,) = (fill({}) for _, fill in resources.values())
        setting.world.aws.s3.objects[properties["Source"]["Key"]] = archive(kind)
        return resources

    return make


def archive(text: str) -> bytes:
    """Return an archive of an image, whose layers are larger than what is read at once."""
    made = oci_images.image(*oci_images.layers(2, 300_000, text))
    return archives.tar(archives.layout(made))


def serving(
    tag: str,
    kind: str = "deployment",
    *,
    text: str = "",
    revision: str = "1",
    fails: Failure | None = None,
) -> Make:
    """Return what makes an image, and a deployment of it with secrets.

    An image that holds another text than its tag moves the tag.
    """
    return lambda setting: _of_source(
        setting, kind, oci_images.sample(text or tag, fails=fails), tag, revision
    )


def _of_source(setting: Setting, kind: str, made: Made, tag: str, revision: str = "1") -> Resources:
    source = setting.world.source
    source.add(made, tag)
    reference = f"{source.host}/web:{tag}"
    return setting.templates[kind].with_parameters(Source=reference, Revision=revision)


def _deployed(*makes: Make) -> Callable[[Setting], None]:
    """Return what deploys the stack, with the last of some contents in the end."""

    def prepare(setting: Setting) -> None:
        with setting.world.soon_deployed():
            for make in makes:
                _expect(setting.stack.deploy(make(setting)))
        setting.world.clock.sleep(_CAUGHT_UP_SECONDS)

    return prepare


def _expect(outcome: Outcome) -> None:
    if outcome.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise RuntimeError(f"a stack that had to be made is {outcome}")


def _deploy(make: Make) -> Callable[[Setting], Outcome]:
    return lambda setting: setting.stack.deploy(make(setting))


def _delete(setting: Setting) -> Outcome:
    return setting.stack.delete()


def _deploy_by_hand(setting: Setting, container: str, stack: SimulatedStack) -> None:
    """Deploy a stack's image as another user does."""
    setting.world.call(
        "CreateContainerServiceDeployment",
        serviceName="shop",
        containers={container: {"image": stack.image()}},
    )


def _deploys(
    part: Make, then: Make, prepare: Callable[[Setting], None] = lambda _: None, **more: Any
) -> Lifecycle:
    """Return the life of a stack whose deployment is the part, by default its first."""
    return Lifecycle(_deploy(part), then, prepare, **{"refused": (_GONE,), **more})


def _update(before: Make, part: Make, then: Make, **more: Any) -> Lifecycle:
    """Return the life of a stack whose update is the part, in the order of the deployments."""
    return _deploys(part, then, _deployed(before), **more)


def _with_another_stack(setting: Setting) -> None:
    """Let another stack serve from the same service, which is deployed at this very moment."""
    _deployed(serving("first"))(setting)
    (other,) = setting.others
    _expect(other.deploy(by_digest("worker", "digest, another label")(setting)))
    _deploy_by_hand(setting, "worker", other)


def _serving_an_old_version(setting: Setting) -> None:
    """Let the oldest of some versions serve."""
    _deployed(by_digest("first", "digest, retained"))(setting)
    _deploy_by_hand(setting, "web", setting.stack)
    setting.world.clock.sleep(setting.world.behaviour.deployment_seconds)
    _deployed(*(by_digest(text, "digest, retained") for text in ("second", "third")))(setting)


def _blobs_take(seconds: float) -> Callable[[Setting], None]:
    def prepare(setting: Setting) -> None:
        setting.world.blob_seconds = seconds

    return prepare


def _slow_deployments(setting: Setting) -> None:
    _deployed(serving("first"))(setting)
    # Longer than an invocation; CloudFormation waits for two of them in turn.
    seconds = setting.templates.invocation_seconds + 100
    setting.world.behaviour.deployment_seconds = seconds
    setting.world.answer_seconds = 8  # less than a call may take: the function asks less often


def _disabled(setting: Setting) -> None:
    _deployed(serving("first"))(setting)
    setting.world.call("UpdateContainerService", serviceName="shop", isDisabled=True)


def _enable(setting: Setting) -> None:
    setting.world.call("UpdateContainerService", serviceName="shop", isDisabled=False)


def _takes_latest(setting: Setting) -> None:
    """Let Lightsail show what is deployed as the latest as it was written."""
    _deployed(serving("first"))(setting)
    setting.world.behaviour.latest = "echoed"


def _without_its_service(setting: Setting) -> None:
    _deployed(by_digest("first", "digest, another service"))(setting)
    setting.world.call("DeleteContainerService", serviceName="blog")


def _make_the_service_again(setting: Setting) -> None:
    found = setting.world.call("GetContainerServices")["containerServices"]
    if "blog" not in [one["containerServiceName"] for one in found]:
        setting.world.call("CreateContainerService", serviceName="blog", power="nano", scale=1)


def _moved_and_expired(setting: Setting) -> Outcome:
    """Fail after the deployment, when the tag has moved and the tokens have expired."""
    contents = serving("second", "deployment, broken")(setting)

    def move() -> None:
        setting.world.source.add(oci_images.sample("moved"), "first")
        setting.world.source.tokens.clear()

    return setting.stack.deploy(contents, {"Broken": move})


def of_domains(kind: str) -> Make:
    """Return what makes a certificate, and what leads its names to a service."""
    return lambda setting: setting.templates[kind].with_parameters()


def _domains(part: str, then: str, before: str = "", **more: Any) -> Lifecycle:
    """Return the life of a stack for which a deployment of a kind of domains is the part."""
    return _of_domains(_deploy(of_domains(part)), then, before, **more)


def _of_domains(
    act: Callable[[Setting], Outcome], then: str, before: str = "", **more: Any
) -> Lifecycle:
    prepare = _deployed(of_domains(before)) if before else lambda _: None
    return Lifecycle(act, of_domains(then), prepare, function=DOMAINS_ARN, **more)


def _rejected(setting: Setting) -> Outcome:
    """Request a certificate that Lightsail does not issue."""
    domains = setting.world.lightsail.lightsail.domains
    domains.failure = "CAA_ERROR"
    outcome = setting.stack.deploy(of_domains("certificate, another name")(setting))
    domains.failure = ""
    return outcome


def _slowly_issued(setting: Setting) -> Outcome:
    """Request a certificate that takes longer than an invocation."""
    behaviour = setting.world.behaviour
    before = behaviour.certificate_seconds
    behaviour.certificate_seconds = setting.templates.invocation_seconds + 100
    outcome = setting.stack.deploy(of_domains("certificate")(setting))
    behaviour.certificate_seconds = before
    return outcome


LIFECYCLES = {
    "create by digest": _deploys(by_digest("first"), by_digest("last")),
    "create by index": _deploys(
        _by_index, by_digest("last"), _push_index, refused=(_GONE, ("other_platforms", "refused"))
    ),
    "create by source": _deploys(by_source("first"), by_source("last")),
    "create by ecr": _deploys(by_ecr("first"), by_ecr("last")),
    "create by archive": _deploys(by_archive("archive"), by_archive("another archive")),
    "update by digest": _update(by_digest("first"), by_digest("second"), by_digest("last")),
    "update by label": _update(
        by_digest("first"),
        by_digest("first", "digest, another label"),
        by_digest("last"),
        refused=(),
    ),
    "update by source": _update(by_source("first"), by_source("second"), by_source("last")),
    "update to zstd": _update(
        by_source("first"),
        by_source("second", layer_type=oci_images.OCI_LAYER.replace("gzip", "zstd")),
        by_source("last"),
        refused=(_GONE, ("zstd_layers", False), ("media_types", "docker")),
    ),
    "update to what was never pushed": _update(
        by_digest("first"), _never_pushed, by_digest("last"), succeeds=False
    ),
    "two labels": _update(
        of_two_labels("same", "same"), of_two_labels("same", "other"), by_digest("same")
    ),
    "update by service": _update(
        by_digest("first"),
        by_digest("first", "digest, another service"),
        by_digest("last"),
        refused=(),
    ),
    "rollback": _update(
        serving("first"), serving("second", "broken"), serving("last"), succeeds=False
    ),
    "rollback of a moved tag": _update(
        serving("live"),
        serving("live", text="moved", revision="2", fails="crash"),
        serving("last"),
        succeeds=False,
    ),
    "rollback of a deployment": Lifecycle(
        _moved_and_expired, serving("last"), _deployed(serving("first")), succeeds=False
    ),
    "disabled service": _deploys(
        serving("second"), serving("last"), _disabled, succeeds=False, unblock=_enable
    ),
    "rename": _update(
        by_digest("first"),
        by_digest("first", "digest, another name"),
        by_digest("last", "digest, another name"),
        refused=(),
    ),
    "rename of what serves": _update(
        serving("first"),
        serving("first", "deployment, another name"),
        serving("last", "deployment, another name"),
        refused=(),
    ),
    "delete": Lifecycle(_delete, by_digest("last"), _deployed(by_digest("first"))),
    "delete what serves": Lifecycle(_delete, serving("last"), _deployed(serving("first"))),
    "delete without its service": Lifecycle(
        _delete,
        by_digest("last", "digest, another service"),
        _without_its_service,
        unblock=_make_the_service_again,
    ),
    "prune": _deploys(
        by_digest("fourth", "digest, 3 retained"),
        by_digest("last", "digest, 1 retained"),
        _deployed(*(by_digest(one, "digest, retained") for one in ("first", "second", "third"))),
    ),
    "prune what serves": _deploys(
        by_digest("fourth", "digest, 3 retained"),
        by_digest("last", "digest, 1 retained"),
        _serving_an_old_version,
    ),
    "deploy": _deploys(serving("first"), serving("last")),
    "deploy again": _update(serving("first"), serving("second"), serving("last")),
    "deploy the latest": _deploys(
        by_digest("second", "latest"), serving("last"), _takes_latest, refused=_LATEST_REFUSED
    ),
    "failed deploy": _update(
        serving("first"), serving("second", fails="crash"), serving("last"), succeeds=False
    ),
    "two stacks": _deploys(serving("second"), serving("last"), _with_another_stack),
    # A push reads its config and three layers, and has 870 seconds an invocation for them.
    "slow push": _deploys(by_source("first", layers=3), by_digest("last"), _blobs_take(100)),
    "push at the last moment": _deploys(
        by_source("first", layers=3), by_digest("last"), _blobs_take(215)
    ),
    "hand-over of a push": _deploys(
        by_source("first", layers=3), by_digest("last"), _blobs_take(220)
    ),
    "hand-over of a deploy": _deploys(serving("second"), by_digest("last"), _slow_deployments),
    "certificate in route53": _domains("certificate", "certificate, two names"),
    "certificate in a lightsail zone": _domains("domain", "domain, two names"),
    "certificate with another name": _domains(
        "certificate, another name", "certificate, two names", "certificate"
    ),
    "domain of another service": _domains("domain, another service", "domain, two names", "domain"),
    "rejected certificate": _of_domains(
        _rejected, "certificate, two names", "certificate", succeeds=False
    ),
    "rollback of a certificate": _domains(
        "certificate, broken", "certificate, another name", "certificate", succeeds=False
    ),
    "rollback of a domain": _domains(
        "domain, broken", "domain, two names", "domain", succeeds=False
    ),
    "delete a certificate": _of_domains(_delete, "certificate, two names", "certificate"),
    "delete a domain": _of_domains(_delete, "domain, another service", "domain, two names"),
    "hand-over of a certificate": _of_domains(_slowly_issued, "certificate, two names"),
}
"""The lifecycles by name."""
