"""The kinds of stacks whose lifecycles are run, made of the constructs, once for all runs.

What differs from run to run is a parameter: `Digest`, `Source`, `Revision`, `Tag`. All have one
name, as versions of one stack: the names of certificates depend on it.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import App, CfnParameter, CfnResource, RemovalPolicy, Stack
from aws_cdk.aws_ecr import Repository
from aws_cdk.aws_route53 import HostedZone
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_ssm import StringParameter

from cdk_lightsail_containers import (
    CertificateValidation,
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
    WebDomain,
)
from fake_route53 import FakeRoute53
from world.aws import LIGHTSAIL_ZONE, REGISTRY_SECRET, SHOP_PARAMETER, SHOP_SECRET, arn
from world.custom_resource import BROKEN
from world.template import Templates

from .lifecycles import archive


def synthesize() -> Templates:
    """Synthesize a stack of every kind."""
    with tempfile.TemporaryDirectory() as folder:
        # No stack is deployed from here, so the function's code is not needed.
        app = App(context={"aws:cdk:bundling-stacks": []}, outdir=folder)
        for number, build in enumerate(KINDS.values()):
            build(Stack(app, f"Stack{number}", stack_name="Shop"), Path(folder))
        app.synth()
        return Templates(
            {
                name: json.loads((Path(folder) / f"Stack{number}.template.json").read_text())
                for number, name in enumerate(KINDS)
            }
        )


def _image(
    stack: Stack, source: ImageSource, name: str = "Image", service: str = "shop", **more: Any
) -> ContainerImage:
    given = {"label": "web", **more}
    place = ContainerService.from_service_name(stack, f"{name}Service", service)
    return ContainerImage(stack, name, service=place, source=source, **given)


def _parameter(stack: Stack, name: str) -> str:
    return CfnParameter(stack, name).value_as_string


def _registered(stack: Stack, _: Path, **more: Any) -> None:
    _image(stack, ImageSource.from_digest(_parameter(stack, "Digest")), **more)


def _labelled(stack: Stack, folder: Path) -> None:
    """Make two images, with a label each."""
    _registered(stack, folder)
    source = ImageSource.from_digest(_parameter(stack, "OtherDigest"))
    _image(stack, source, "Other", label="worker")


def _latest(stack: Stack, _: Path) -> None:
    """Make an image, and deploy the latest of its label."""
    image = _image(stack, ImageSource.from_digest(_parameter(stack, "Digest")))
    deployment = ContainerServiceDeployment(
        stack,
        "Deployment",
        service=ContainerService.from_service_name(stack, "Place", "shop"),
        containers={"web": Container(image=":shop.web.latest")},
    )
    deployment.node.add_dependency(image)


def _pushed(stack: Stack, _: Path, name: str = "Image") -> ContainerImage:
    source = ImageSource.from_registry(
        _parameter(stack, "Source"),
        credentials=Secret.from_secret_complete_arn(stack, "Login", REGISTRY_SECRET),
        revision=_parameter(stack, "Revision"),
    )
    return _image(stack, source, name)


def _of_ecr(stack: Stack, _: Path) -> None:
    repository = Repository.from_repository_arn(stack, "Web", arn("ecr", "repository/web"))
    _image(stack, ImageSource.from_ecr_repository(repository, _parameter(stack, "Tag")))


def _archived(stack: Stack, folder: Path, *, text: str) -> None:
    path = folder / f"{text}.tar"
    path.write_bytes(archive(text))
    _image(stack, ImageSource.from_archive(path))


def _broken(build: Callable[[Stack, Path], object]) -> Callable[[Stack, Path], None]:
    """Return what makes a kind of stack with a resource that fails after all others."""

    def broken(stack: Stack, folder: Path) -> None:
        build(stack, folder)
        CfnResource(stack, "Broken", type=BROKEN)

    return broken


def _deployed(stack: Stack, folder: Path, *, name: str = "Image") -> None:
    """Make an image and a deployment of it with secrets."""
    image = _pushed(stack, folder, name)
    secret = Secret.from_secret_complete_arn(stack, "Secret", SHOP_SECRET)
    token = StringParameter.from_secure_string_parameter_attributes(
        stack, "Token", parameter_name=SHOP_PARAMETER
    )
    web = Container(
        image=image.image_name,
        ports={80: PortProtocol.HTTP},
        environment={"MODE": "live"},
        secrets={
            "PASSWORD": ContainerSecret.from_secrets_manager(secret, "password"),
            "TOKEN": ContainerSecret.from_ssm_parameter(token),
        },
    )
    ContainerServiceDeployment(
        stack,
        "Deployment",
        service=ContainerService.from_service_name(stack, "Place", "shop"),
        containers={"web": web},
        public_endpoint=PublicEndpoint(container="web", port=80),
    )


def certified(stack: Stack, _: Path, *, names: Sequence[str]) -> None:
    """Validate a certificate in Amazon Route 53."""
    there = FakeRoute53()
    zone = HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id=there.zone, zone_name=there.domain
    )
    full = [f"{name}.{there.domain}" for name in names]
    CertificateValidation(stack, "Domain", domain=WebDomain.route53(zone, *full))


def led(stack: Stack, _: Path, *, names: Sequence[str], service: str = "shop") -> None:
    """Validate a certificate in a zone of Lightsail, and lead its names to a service there."""
    validation = CertificateValidation(
        stack, "Domain", domain=WebDomain.lightsail(LIGHTSAIL_ZONE, *names)
    )
    place = ContainerService.from_service_attributes(
        stack,
        "Service",
        service_name=service,
        service_arn=arn("lightsail", f"ContainerService/{service}"),
        url=f"https://{service}.example.org/",
    )
    validation.add_records(place)


_RETAINED = functools.partial(_registered, removal_policy=RemovalPolicy.RETAIN)
KINDS: Mapping[str, Callable[[Stack, Path], object]] = {
    "digest": _registered,
    "digest, another label": functools.partial(_registered, label="worker"),
    "digest, another service": functools.partial(_registered, service="blog"),
    "digest, another name": functools.partial(_registered, name="Renamed"),
    "digest, retained": _RETAINED,
    "digest, 3 retained": functools.partial(_RETAINED, max_versions=3),
    "digest, 1 retained": functools.partial(_RETAINED, max_versions=1),
    "two labels": _labelled,
    "latest": _latest,
    "registry": _pushed,
    "Amazon ECR": _of_ecr,
    "archive": functools.partial(_archived, text="archive"),
    "another archive": functools.partial(_archived, text="another archive"),
    "deployment": _deployed,
    "deployment, another name": functools.partial(_deployed, name="Renamed"),
    "broken": _broken(_pushed),
    "deployment, broken": _broken(_deployed),
    "certificate": functools.partial(certified, names=["www"]),
    "certificate, another name": functools.partial(certified, names=["api"]),
    "certificate, two names": functools.partial(certified, names=["www", "api"]),
    "certificate, broken": _broken(functools.partial(certified, names=["www", "api"])),
    "domain": functools.partial(led, names=["www"]),
    "domain, another service": functools.partial(led, names=["www"], service="blog"),
    "domain, two names": functools.partial(led, names=["www", "@"]),
    "domain, broken": _broken(functools.partial(led, names=["www", "@"], service="blog")),
}
"""What makes each kind in a stack, given a folder for files."""
