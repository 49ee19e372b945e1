"""A function at 128 MB: the most memory that its process ever has, and runs that may have no more.

The process is AWS's own runtime client with the asset that the CDK stages, in an interpreter that
has what AWS Lambda's has. What AWS Lambda counts, and reports as Max Memory Used, is about what the
process has in memory: that is what is measured here.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import archives
import oci_images
from cdk_lightsail_containers._handler.asset import ENTRY_POINT
from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE
from cdk_lightsail_containers_handler.properties.container_service_deployment import (
    DEPLOYMENT_TYPE,
)
from fake_ecr import HOST, FakeEcr, fake_ecr
from fake_time import FakeTime
from lightsail_local.engine.lambda_runtime import LambdaRuntime
from lightsail_local.samples.sample_image import push_sample_image
from oci_images import Made
from reliability import ROOT
from reliability.broken import Broken
from staged_asset import staged_asset
from world.aws import REGISTRY_SECRET, SHOP_PARAMETER, SHOP_SECRET
from world.world import World

Wanted = tuple[str, dict[str, Any]]
"""A resource's type and properties."""

MOST_MIB = 128
RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
_MB = 1_000_000
_STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/7e2f"
_ENDPOINTS = {
    "cloudformation": "CLOUDFORMATION",
    "ecr": "ECR",
    "kms": "KMS",
    "lightsail": "LIGHTSAIL",
    "lambda": "LAMBDA",
    "route53": "ROUTE_53",
    "secretsmanager": "SECRETS_MANAGER",
    "ssm": "SSM",
    "s3": "S3",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a request leads to.

    Args:
        world: AWS, and a registry.
        ecr: a registry over TLS, which one on loopback otherwise is not spoken to over.
    """

    world: World
    ecr: FakeEcr


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a request took.

    Args:
        mib: the most memory that the process had, in MiB.
        seconds: how long the request took.
    """

    mib: float
    seconds: float


def measure(name: str, *, limit_mib: int | None = None) -> Measured:
    """Measure a function that starts cold and carries a request out.

    Args:
        name: the request, one of `CASES`.
        limit_mib: how much data, stacks of threads too, the kernel lets its process have; None for
            any.

    Raises:
        Broken: it failed.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        World(FakeTime(1_800_000_000.0)) as world,
        fake_ecr(Path(folder)) as ecr,
        runtime(
            staged_asset(Path(folder) / "assembly"),
            world,
            _interpreter(Path(folder), limit_mib=limit_mib),
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(MOST_MIB),
            **ecr.engine_environment,
        ) as function,
    ):
        world.behaviour.deployment_seconds = 0
        world.call("CreateContainerService", serviceName="shop", power="nano", scale=1)
        world.aws.cloudformation.show(_STACK, "CREATE_IN_PROGRESS")
        kind, properties = CASES[name](Place(world=world, ecr=ecr))
        url, token = world.new_response_url()
        event = {
            "RequestType": "Create",
            "ResponseURL": url,
            "StackId": _STACK,
            "RequestId": "request-1",
            "LogicalResourceId": "Resource",
            "ResourceType": kind,
            "ResourceProperties": {
                "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:function",
                "ServiceTimeout": "3600",
                "ServiceName": "shop",
                **properties,
            },
        }
        invocation = function.invoke(event)
        if [b'"SUCCESS"' in put.body for put in world.puts[token]] != [True]:
            raise Broken(f"{invocation.error} {world.puts[token]} {invocation.log}")
        return Measured(mib=_peak(Path(folder)), seconds=invocation.seconds)


@contextmanager
def runtime(
    asset: Path, world: World, python: Path = RUNTIME, **environment: str
) -> Iterator[LambdaRuntime]:
    """Run a function in a process of its own, as AWS Lambda does.

    Args:
        asset: its code.
        world: what it calls.
        python: its interpreter.
        environment: more variables of its environment.
    """
    endpoints = {
        f"AWS_ENDPOINT_URL_{_ENDPOINTS[service]}": url for service, url in world.endpoints.items()
    }
    with LambdaRuntime(
        asset,
        ENTRY_POINT,
        python=python,
        timeout=900,
        init_timeout=120,
        environment={**endpoints, **environment},
    ) as running:
        yield running


def _interpreter(folder: Path, *, limit_mib: int | None) -> Path:
    """Return a command that becomes the interpreter, and tells which process that is."""
    limit = "" if limit_mib is None else f"ulimit -d {limit_mib * 1024}"
    script = folder / "python"
    script.write_text(f'#!/bin/sh\n{limit}\necho $$ >{folder}/process\nexec {RUNTIME} "$@"\n')
    script.chmod(0o755)
    return script


def _peak(folder: Path) -> float:
    """Return the most memory, in MiB, that the process has had so far."""
    process = int((folder / "process").read_text())
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def _registered(place: Place) -> Wanted:
    digest = push_sample_image(place.world.lightsail.url, "one")
    return CONTAINER_IMAGE_TYPE, {"Label": "web", "Digest": digest}


def _pushed(*layers: int) -> Callable[[Place], Wanted]:
    def wanted(place: Place) -> Wanted:
        place.world.source.add(_image(layers), "1")
        reference = f"{place.world.source.host}/web:1"
        source = {"Image": reference, "CredentialsSecretArn": REGISTRY_SECRET}
        return CONTAINER_IMAGE_TYPE, {"Label": "web", "Source": source}

    return wanted


def _pushed_over_tls(*layers: int) -> Callable[[Place], Wanted]:
    def wanted(place: Place) -> Wanted:
        place.ecr.registry.login = ""
        place.ecr.registry.add(_image(layers), "1")
        source = {"Image": f"{HOST}/web:1", "CredentialsSecretArn": REGISTRY_SECRET}
        return CONTAINER_IMAGE_TYPE, {"Label": "web", "Source": source}

    return wanted


def _archived(*layers: int) -> Callable[[Place], Wanted]:
    def wanted(place: Place) -> Wanted:
        place.world.aws.s3.objects["image.tar"] = archives.tar(archives.layout(_image(layers)))
        return CONTAINER_IMAGE_TYPE, {
            "Label": "web",
            "Source": {"Bucket": "assets", "Key": "image.tar"},
        }

    return wanted


def _deployed(_: Place) -> Wanted:
    secrets = {
        "PASSWORD": {"SecretArn": SHOP_SECRET, "Field": "password"},
        "TOKEN": {"ParameterName": SHOP_PARAMETER},
    }
    web = {"Image": "nginx:1", "Secrets": secrets, "Ports": {"80": "HTTP"}}
    endpoint = {"ContainerName": "web", "ContainerPort": "80"}
    return DEPLOYMENT_TYPE, {"Containers": {"web": web}, "PublicEndpoint": endpoint}


def _image(layers: tuple[int, ...]) -> Made:
    """Return an image of layers of so many zeros, each a few more than the one before.

    They take no memory here either: zeros that are only read are all in the same page.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    blobs = [mmap.mmap(-1, size + number, flags=flags) for number, size in enumerate(layers)]
    return oci_images.image(*cast("list[bytes]", blobs))


CASES: Mapping[str, Callable[[Place], Wanted]] = {
    "register": _registered,
    "push 1 MB": _pushed(_MB),
    "push 200 MB in 8 layers": _pushed(*[25 * _MB] * 8),
    "push 1 GB in 10 layers": _pushed(*[100 * _MB] * 10),
    "push 1 GB in one layer": _pushed(1000 * _MB),
    "push 200 MB over TLS": _pushed_over_tls(*[25 * _MB] * 8),
    "push 200 MB of an archive": _archived(*[25 * _MB] * 8),
    "deploy with secrets": _deployed,
}
SMALL = ("register", "push 1 MB", "deploy with secrets")
"""Those that take no longer than a test may."""
