"""What the constructs ask for: now, and in the states before that stacks out there were made with.

A record is never changed. When the constructs write something else, another one is added:

    python tests/support/recorded_requests.py NAME
"""

import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from cdk_lightsail_containers import (
    Container,
    ContainerSecret,
    ContainerService,
    ContainerWebService,
    HealthCheck,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
)
from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from stacks import DIGEST, deployment_in, image_in
from world.template import Template

Request = dict[str, Any]

RECORDED = Path(__file__).parent.parent / "releases" / "recorded"
IMAGE_TYPE = "Custom::LightsailContainerImage"
DEPLOYMENT_TYPE = "Custom::LightsailContainerServiceDeployment"
_KINDS = {IMAGE_TYPE: "image", DEPLOYMENT_TYPE: "deployment"}
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop-a1b2c3"
REGISTRY = "registry.example"
_ATTRIBUTES = defaultdict(lambda: {"ImageName": ":shop.web.1"})


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the constructs of one state asked for, by the case."""

    name: str  # with its number in front
    requests: Mapping[str, Request]


def records() -> list[Record]:
    """Return all records, oldest first."""
    return [
        Record(name=path.stem, requests=json.loads(path.read_text()))
        for path in sorted(RECORDED.glob("*.json"))
    ]


def written() -> dict[str, Request]:
    """Return what the constructs ask for now, by the case, as CloudFormation sends it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "web").mkdir()
        (Path(folder) / "web" / "Dockerfile").write_text("FROM scratch\n")
        (Path(folder) / "image.tar").write_bytes(bytes(1024))
        app = App(outdir=f"{folder}/assembly")
        for number, make in enumerate(_CASES.values()):
            placed = Environment(account=DEFAULT_ACCOUNT, region=DEFAULT_REGION)
            make(Stack(app, f"Stack{number}", env=placed), Path(folder))
        assembly = app.synth()
        return {
            f"{kind}: {name}": request
            for number, name in enumerate(_CASES)
            for kind, request in _requests(assembly.get_stack_by_name(f"Stack{number}").template)
        }


def _requests(template: Any) -> Iterator[tuple[str, Request]]:
    for kind, properties in Template(template).with_parameters().values():
        sent = json.dumps(properties(_ATTRIBUTES))
        # What another release of the CDK hashes another way means the same.
        masked = re.sub(r"(?<!sha256:)\b[0-9a-f]{64}\b", "0" * 64, sent)
        yield _KINDS[kind], {"ResourceType": kind, "ResourceProperties": json.loads(masked)}


def _shop(stack: Stack) -> Any:
    return ContainerService.from_service_name(stack, "Service", "shop")


def _image(stack: Stack, source: ImageSource, **options: Any) -> None:
    image_in(stack, service=_shop(stack), source=source, **options)


def _secret(stack: Stack) -> secretsmanager.ISecret:
    return secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET_ARN)


def _everything(stack: Stack) -> None:
    token = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Token", parameter_name="/shop/token"
    )
    web = Container(
        image=":shop.web.1",
        ports={80: PortProtocol.HTTP, 9000: PortProtocol.UDP},
        environment={"MODE": "live", "EMPTY": ""},
        command=["serve", "--all"],
        secrets={
            "PASSWORD": ContainerSecret.from_secrets_manager(_secret(stack), "password"),
            "TOKEN": token,
        },
    )
    check = HealthCheck(
        path="/up",
        success_codes="200-299",
        interval=Duration.seconds(10),
        timeout=Duration.seconds(3),
        healthy_threshold=3,
        unhealthy_threshold=4,
    )
    deployment_in(
        stack,
        service=_shop(stack),
        containers={"web": web, "worker": Container(image="busybox:1")},
        public_endpoint=PublicEndpoint(container="web", port=80, health_check=check),
        revision="2",
    )


_CASES: Mapping[str, Callable[[Stack, Path], object]] = {
    "of a digest": lambda stack, _: _image(stack, ImageSource.from_digest(DIGEST)),
    "kept, and the older ones pruned": lambda stack, _: _image(
        stack,
        ImageSource.from_digest(DIGEST),
        max_versions=5,
        removal_policy=RemovalPolicy.RETAIN,
    ),
    "into a service of the stack": lambda stack, _: image_in(stack),
    "of a registry": lambda stack, _: _image(
        stack, ImageSource.from_registry(f"{REGISTRY}/acme/web:1")
    ),
    "of a private registry": lambda stack, _: _image(
        stack,
        ImageSource.from_registry(
            f"{REGISTRY}/acme/web:1", credentials=_secret(stack), revision="2"
        ),
    ),
    "of Amazon ECR": lambda stack, _: _image(
        stack,
        ImageSource.from_ecr_repository(
            ecr.Repository.from_repository_name(stack, "Repository", "web"), "1"
        ),
    ),
    "of a Dockerfile": lambda stack, folder: _image(
        stack, ImageSource.from_asset(str(folder / "web"))
    ),
    "of an archive": lambda stack, folder: _image(
        stack, ImageSource.from_archive(folder / "image.tar")
    ),
    "of an archive of several": lambda stack, folder: _image(
        stack, ImageSource.from_archive(folder / "image.tar", tag="web:1.4")
    ),
    "of one container": lambda stack, _: deployment_in(
        stack, service=_shop(stack), containers={"web": Container(image="nginx:1")}
    ),
    "of everything there is": lambda stack, _: _everything(stack),
    "of a web service": lambda stack, _: ContainerWebService(
        stack,
        "Site",
        service_name="shop",
        source=ImageSource.from_registry(f"{REGISTRY}/acme/web:1"),
        port=80,
    ),
}


def main(name: str) -> None:
    """Add a record of what the constructs ask for now, unless it is the newest one already."""
    found, asked = records(), written()
    if found and found[-1].requests == asked:
        sys.exit(f"{found[-1].name} is what the constructs ask for")
    path = RECORDED / f"{len(found) + 1}-{name}.json"
    path.write_text(json.dumps(asked, indent=2) + "\n")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
