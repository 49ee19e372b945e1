"""The stacks of the scenarios, synthesized once: what differs from run to run is a parameter."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import (
    App,
    CfnOutput,
    CfnParameter,
    DefaultStackSynthesizer,
    Duration,
    RemovalPolicy,
    Stack,
)
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.interfaces.aws_lightsail import IContainerRef

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    HealthCheck,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
)

BUCKET = "assets"
SHOP, SITE = "shop", "site"
"""The service that is there before the stacks, and the one that a stack makes."""


@dataclass(frozen=True, kw_only=True)
class Templates:
    """What the CDK makes of the scenarios' stacks.

    Args:
        bodies: the templates by name.
        assets: the zipped assets by their keys in the bucket.
    """

    bodies: dict[str, str]
    assets: dict[str, bytes]


def synthesize(folder: Path) -> Templates:
    """Synthesize every stack.

    Args:
        folder: an empty folder to do it in.
    """
    app = App(outdir=str(folder / "assembly"))
    for is_broken in (False, True):
        _register(_stack(app, "register", broken=is_broken), broken=is_broken)
        _push(_stack(app, "push", broken=is_broken), broken=is_broken)
    for is_latest in (False, True):
        _deploy(_stack(app, "deploy-latest" if is_latest else "deploy"), latest=is_latest)
    _prune(_stack(app, "prune"))
    for labels in (("web", "worker"), ("web",)):
        _labels(_stack(app, "-".join(("labels", *labels))), labels)
    _share(_stack(app, "share"))
    app.synth()
    made = folder / "assembly"
    suffix = ".template.json"
    return Templates(
        bodies={
            file.name.removesuffix(suffix): file.read_text() for file in made.glob(f"*{suffix}")
        },
        assets={
            asset.name.removeprefix("asset.") + ".zip": _zipped(asset, folder)
            for asset in made.glob("asset.*")
        },
    )


def _zipped(asset: Path, folder: Path) -> bytes:
    return Path(shutil.make_archive(str(folder / asset.name), "zip", asset)).read_bytes()


def _stack(app: App, name: str, *, broken: bool = False) -> Stack:
    return Stack(
        app,
        f"{name}-broken" if broken else name,
        synthesizer=DefaultStackSynthesizer(
            file_assets_bucket_name=BUCKET, generate_bootstrap_version_rule=False
        ),
    )


def _parameter(stack: Stack, name: str) -> str:
    return CfnParameter(stack, name).value_as_string


def _shop(stack: Stack) -> IContainerRef:
    return ContainerService.from_service_name(stack, "Service", SHOP)


def _image(
    stack: Stack, service: IContainerRef, source: ImageSource, **more: Any
) -> ContainerImage:
    given: dict[str, Any] = {"label": "web", **more}
    image = ContainerImage(stack, "Image", service=service, source=source, **given)
    CfnOutput(stack, "ImageName", value=image.image_name)
    CfnOutput(stack, "ImageDigest", value=image.image_digest)
    return image


def _break(stack: Stack, after: ContainerImage) -> None:
    """Make the stack fail once the image is registered."""
    broken = lightsail.CfnContainer(stack, "Broken", service_name="-no-", power="nano", scale=1)
    broken.node.add_dependency(after)


def _register(stack: Stack, *, broken: bool) -> None:
    source = ImageSource.from_digest(_parameter(stack, "Digest"))
    image = _image(stack, _shop(stack), source)
    if broken:
        _break(stack, image)


def _push(stack: Stack, *, broken: bool) -> None:
    source = ImageSource.from_registry(
        _parameter(stack, "Source"), revision=_parameter(stack, "Revision")
    )
    image = _image(stack, _shop(stack), source)
    if broken:
        _break(stack, image)


def _deploy(stack: Stack, *, latest: bool) -> None:
    service = lightsail.CfnContainer(stack, "Service", service_name=SITE, power="nano", scale=1)
    source = ImageSource.from_registry(_parameter(stack, "Source"))
    image = _image(stack, service, source)
    secret = secretsmanager.Secret.from_secret_complete_arn(
        stack, "Secret", _parameter(stack, "SecretArn")
    )
    deployment = ContainerServiceDeployment(
        stack,
        "Deployment",
        service=service,
        containers={
            "web": Container(
                image=f":{SITE}.web.latest" if latest else image.image_name,
                ports={80: PortProtocol.HTTP},
                environment={"MODE": "live"},
                secrets={"PASSWORD": ContainerSecret.from_secrets_manager(secret, "password")},
            )
        },
        public_endpoint=PublicEndpoint(
            container="web", port=80, health_check=HealthCheck(interval=Duration.seconds(10))
        ),
    )
    deployment.node.add_dependency(image)
    CfnOutput(stack, "DeploymentVersion", value=deployment.deployment_version)


def _prune(stack: Stack) -> None:
    source = ImageSource.from_registry(_parameter(stack, "Source"))
    _image(stack, _shop(stack), source, max_versions=2, removal_policy=RemovalPolicy.RETAIN)


def _labels(stack: Stack, labels: tuple[str, ...]) -> None:
    service = _shop(stack)
    for label in labels:
        source = ImageSource.from_registry(_parameter(stack, f"Source{label}"))
        image = ContainerImage(stack, f"Image-{label}", service=service, label=label, source=source)
        CfnOutput(stack, f"ImageName{label}", value=image.image_name)


def _share(stack: Stack) -> None:
    service = _shop(stack)
    source = ImageSource.from_registry(_parameter(stack, "Source"))
    image = _image(stack, service, source, label=_parameter(stack, "Label"))
    deployment = ContainerServiceDeployment(
        stack,
        "Deployment",
        service=service,
        containers={"web": Container(image=image.image_name)},
    )
    CfnOutput(stack, "DeploymentVersion", value=deployment.deployment_version)
