"""A function at 128 MB: the most memory that its process ever has, and runs that may have no more.

The process is AWS's own runtime client with the asset that the CDK stages, in an interpreter that
has what AWS Lambda's has. What AWS Lambda counts, and reports as Max Memory Used, is about what the
process has in memory: that is what is measured here.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, cast

import archives
import certificates
import oci_images
from crowd_properties import Properties, deployment, from_source, image, resources
from fake_ecr import HOST, environment_that_leads_to_ecr
from oci_images import Made
from reliability.broken import hold
from reliability.lifecycles import push
from staged_asset import staged_asset
from world.aws import REGISTRY_SECRET, SHOP_PARAMETER, SHOP_SECRET
from world.cloudformation import SimulatedStack
from world.function import Function
from world.world import World

from .asset_environment import RUNTIME, AssetEnvironment, PassingTime, runtime

MOST_MIB = 128
_MB = 1_000_000


class Measured(NamedTuple):
    """What a request took: the most memory that the process had, in MiB, and its time."""

    mib: float
    seconds: float


def measure(name: str, *, limit_mib: int | None = None) -> Measured:
    """Measure a function that starts cold and carries out one of `CASES`.

    The kernel may limit what data, stacks of threads too, its process has.

    Raises:
        Broken: it failed.
    """
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        certificate = certificates.certificate(folder, HOST)
        with (
            World(PassingTime(), certificate) as world,
            runtime(
                staged_asset(folder / "assembly"),
                world,
                _interpreter(folder, limit_mib=limit_mib),
                AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(MOST_MIB),
                **environment_that_leads_to_ecr(folder, world.port("ecr-registry"), certificate),
            ) as running,
        ):
            world.behaviour.deployment_seconds = 0
            world.call("CreateContainerService", serviceName="shop", power="nano", scale=1)
            function = AssetEnvironment(running)
            stack = SimulatedStack("Shop", world, Function(world, function, repeats=False))
            outcome = stack.deploy(resources(CASES[name](world)))
            hold(outcome.status == "CREATE_COMPLETE", str(outcome))
            return Measured(_peak(folder), function.seconds)


def _interpreter(folder: Path, *, limit_mib: int | None) -> Path:
    """Return a command that becomes the interpreter, and tells which process that is."""
    limit = "" if limit_mib is None else f"ulimit -d {limit_mib * 1024}"
    script = folder / "python"
    script.write_text(f'#!/bin/sh\n{limit}\necho $$ >{folder}/process\nexec "{RUNTIME}" "$@"\n')
    script.chmod(0o755)
    return script


def _peak(folder: Path) -> float:
    """Return the most memory, in MiB, that the process has had so far."""
    process = int((folder / "process").read_text())
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def _registered(world: World) -> Properties:
    push(world, "1")
    return image("web", 1)


def _pushed(*layers: int, is_over_tls: bool = False) -> Callable[[World], Properties]:
    def wanted(world: World) -> Properties:
        world.ecr.login = ""
        registry, host = (world.ecr, HOST) if is_over_tls else (world.source, world.source.host)
        registry.add(_image(layers), "1")
        return from_source("web", Image=f"{host}/web:1", CredentialsSecretArn=REGISTRY_SECRET)

    return wanted


def _archived(*layers: int) -> Callable[[World], Properties]:
    def wanted(world: World) -> Properties:
        world.aws.s3.objects["image.tar"] = archives.tar(archives.layout(_image(layers)))
        return from_source("web", Bucket="assets", Key="image.tar")

    return wanted


def _deployed(_: World) -> Properties:
    properties = deployment(1, 1)
    properties["Containers"]["web"]["Secrets"] = {
        "PASSWORD": {"SecretArn": SHOP_SECRET, "Field": "password"},
        "TOKEN": {"ParameterName": SHOP_PARAMETER},
    }
    return properties


def _image(layers: tuple[int, ...]) -> Made:
    """Return an image of layers of so many zeros, each a few more than the one before.

    They take no memory here either: zeros that are only read are all in the same page.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    blobs = [mmap.mmap(-1, size + number, flags=flags) for number, size in enumerate(layers)]
    return oci_images.image(*cast("list[bytes]", blobs))


CASES: Mapping[str, Callable[[World], Properties]] = {
    "register": _registered,
    "push 1 MB": _pushed(_MB),
    "push 200 MB in 8 layers": _pushed(*[25 * _MB] * 8),
    "push 1 GB in 10 layers": _pushed(*[100 * _MB] * 10),
    "push 1 GB in one layer": _pushed(1000 * _MB),
    "push 200 MB over TLS": _pushed(*[25 * _MB] * 8, is_over_tls=True),
    "push 200 MB of an archive": _archived(*[25 * _MB] * 8),
    "deploy with secrets": _deployed,
}
SMALL = ("register", "push 1 MB", "deploy with secrets")
"""Those that take no longer than a test may."""
