"""The kinds of stack, each made of the real constructs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

import archives
import oci_images
from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
)
from reliability.kinds import certified, led
from stack_requests import digest
from world.aws import REGISTRY_SECRET, Stored, arn

from .lives import (
    live_as_certificate,
    live_as_deployment,
    live_as_image,
    live_as_web_service,
)
from .world import OTHER_ACCOUNT, REGIONS, World

Build = Callable[[Stack, World], None]
_REPOSITORY = "repository/acme/web"


def kinds() -> Mapping[str, tuple[Build, Callable[[World], None]]]:
    """Return every kind of stack by name: how it is made, and how it lives."""
    images = {
        "digest": _image(_digest),
        "digest, service by its name": _image(_digest, service=_named),
        "digest, kept when removed": _image(_digest, removal_policy=RemovalPolicy.RETAIN),
        "digest, pruned": _image(_digest, max_versions=1),
        "digest, function in a VPC": _in_vpc,
        "public registry": _image(_public),
        "public registry, service by its name": _image(_public, service=_named),
        "private registry": _image(_private(_own_secret)),
        "private registry, secret by its name": _image(_private(_named_secret)),
        "private registry, own key": _image(_private(_secret_with_own_key)),
        "private registry, key from elsewhere": _image(_private(_secret_with_foreign_key)),
        "Amazon ECR": _image(_repository),
        "Amazon ECR, another Region": _image(_repository_of(arn("ecr", _REPOSITORY, REGIONS[1]))),
        "Amazon ECR, another account": _image(
            _repository_of(f"arn:aws:ecr:{REGIONS[0]}:{OTHER_ACCOUNT}:{_REPOSITORY}")
        ),
        "public registry, signed": _signed(_public),
        "Amazon ECR, signed": _signed(_repository),
        "asset": _image(_asset),
        "archive": _image(_archive),
    }
    deployments = {
        "deployment": _deployment(),
        "deployment, service by its name": _deployment(service=_named),
        "deployment, secret": _deployment(_own_secret),
        "deployment, field of a secret": _deployment(_field_of_secret),
        "deployment, secret with its own key": _deployment(_secret_with_own_key),
        "deployment, secret with a key from elsewhere": _deployment(_secret_with_foreign_key),
        "deployment, parameter": _deployment(_own_parameter),
        "deployment, SecureString": _deployment(_secure_string),
        "deployment, SecureString with a key": _deployment(partial(_secure_string, with_key=True)),
    }
    return {
        **{name: (build, live_as_image) for name, build in images.items()},
        **{name: (build, live_as_deployment) for name, build in deployments.items()},
        "web service": (_web_service, live_as_web_service),
        "certificate, Amazon Route 53": (_of(certified, "www", "api"), live_as_certificate),
        "certificate and domain, Lightsail": (_of(led, "@"), live_as_certificate),
    }


def _image(
    source: Callable[[Stack, World], ImageSource],
    service: Callable[[Stack], Any] | None = None,
    **more: Any,
) -> Build:
    def build(stack: Stack, world: World) -> None:
        ContainerImage(
            stack,
            "Image",
            service=(service or _made)(stack),
            label="web",
            source=source(stack, world),
            **more,
        )

    return build


def _signed(source: Callable[[Stack, World], ImageSource]) -> Build:
    def build(stack: Stack, world: World) -> None:
        key = kms.Key(
            stack, "Key", key_spec=kms.KeySpec.ECC_NIST_P256, key_usage=kms.KeyUsage.SIGN_VERIFY
        )
        _image(source, signed_by=key)(stack, world)

    return build


def _deployment(
    secret: Callable[[Stack, World], Any] | None = None,
    service: Callable[[Stack], Any] | None = None,
) -> Build:
    def build(stack: Stack, world: World) -> None:
        secrets = {"S": secret(stack, world)} if secret else {}
        web = Container(image="nginx:1", ports={80: PortProtocol.HTTP}, secrets=secrets)
        ContainerServiceDeployment(
            stack,
            "Deployment",
            service=(service or _made)(stack),
            containers={"web": web},
            public_endpoint=PublicEndpoint(container="web", port=80),
        )

    return build


def _in_vpc(stack: Stack, world: World) -> None:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0a",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0a"],
    )
    _image(_digest, handler=Handler(stack, "Handler", vpc=vpc))(stack, world)


def _web_service(stack: Stack, world: World) -> None:
    source = _public(stack, world)
    ContainerWebService(stack, "Site", service_name="site", source=source, port=80)


def _of(build: Callable[..., None], *names: str) -> Build:
    return lambda stack, world: build(stack, world.folder, names=names)


def _made(stack: Stack) -> lightsail.CfnContainer:
    return lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)


def _named(stack: Stack) -> Any:
    return ContainerService.from_service_name(stack, "Service", "shop")


def _digest(_stack: Stack, _world: World) -> ImageSource:
    return ImageSource.from_digest(digest(1))


def _public(_stack: Stack, world: World) -> ImageSource:
    return ImageSource.from_registry(f"{world.public.host}/acme/web:1")


def _private(
    secret: Callable[[Stack, World], secretsmanager.ISecret],
) -> Callable[[Stack, World], ImageSource]:
    return lambda stack, world: ImageSource.from_registry(
        f"{world.private.host}/acme/web:1", credentials=secret(stack, world)
    )


def _repository(stack: Stack, _world: World) -> ImageSource:
    repository = ecr.Repository(stack, "Repository", repository_name="acme/web")
    return ImageSource.from_ecr_repository(repository, "1.4")


def _repository_of(there: str) -> Callable[[Stack, World], ImageSource]:
    return lambda stack, _: ImageSource.from_ecr_repository(
        ecr.Repository.from_repository_arn(stack, "Repository", there), "1.4"
    )


def _asset(_stack: Stack, world: World) -> ImageSource:
    (world.folder / "Dockerfile").write_text("FROM scratch\n")
    return ImageSource.from_asset(world.folder)


def _archive(_stack: Stack, world: World) -> ImageSource:
    path = world.folder / "image.tar"
    path.write_bytes(archives.tar(archives.layout(oci_images.image(b"layer"))))
    return ImageSource.from_archive(path)


def _own_secret(stack: Stack, _world: World) -> secretsmanager.ISecret:
    return secretsmanager.Secret(stack, "Secret")


def _named_secret(stack: Stack, world: World) -> secretsmanager.ISecret:
    world.aws.secrets[arn("secretsmanager", "secret:hub-a1b2c3")] = world.aws.secrets[
        REGISTRY_SECRET
    ]
    return secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "hub")


def _field_of_secret(stack: Stack, world: World) -> ContainerSecret:
    return ContainerSecret.from_secrets_manager(_named_secret(stack, world), "password")


def _secret_with_own_key(stack: Stack, _world: World) -> secretsmanager.ISecret:
    return secretsmanager.Secret(stack, "Secret", encryption_key=kms.Key(stack, "Key"))


def _secret_with_foreign_key(stack: Stack, world: World) -> secretsmanager.ISecret:
    secret, key = arn("secretsmanager", "secret:hub-a1b2c3"), _foreign_key(stack)
    world.aws.secrets[secret] = Stored(world.aws.secrets[REGISTRY_SECRET].value, key.key_arn)
    return secretsmanager.Secret.from_secret_attributes(
        stack, "Secret", secret_complete_arn=secret, encryption_key=key
    )


def _own_parameter(stack: Stack, _world: World) -> ssm.IStringParameter:
    return ssm.StringParameter(
        stack, "Parameter", parameter_name="/shop/token", string_value="value"
    )


def _secure_string(stack: Stack, world: World, *, with_key: bool = False) -> ssm.IStringParameter:
    key = _foreign_key(stack) if with_key else None
    world.aws.parameters["/shop/token"] = Stored("value", key.key_arn if key else "")
    return ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name="/shop/token", encryption_key=key
    )


def _foreign_key(stack: Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", arn("kms", "key/elsewhere"))
