"""Values that the CDK command line looks up, which are dummies when an app is synthesized first."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Lazy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
    HealthCheck,
    ImageSource,
    PublicEndpoint,
)
from stacks import DIGEST, Text, deployment_in, image_in, service_in

ACCOUNT, REGION = "111122223333", "eu-central-1"
PARAMETER = "/shop/value"


def stack_of(found: str | None = None) -> Stack:
    """A stack whose command line has found a value already, or is still to look it up."""
    key = f"ssm:account={ACCOUNT}:parameterName={PARAMETER}:region={REGION}"
    app = App(context={} if found is None else {key: found})
    return Stack(app, "Stack", env=Environment(account=ACCOUNT, region=REGION))


def look_up(stack: Stack) -> str:
    return ssm.StringParameter.value_from_lookup(stack, PARAMETER)


def missing(stack: Stack) -> list[str]:
    """The providers of what the assembly asks the command line to look up."""
    app = stack.node.root
    assert isinstance(app, App)
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text())
    return [one["provider"] for one in manifest.get("missing", [])]


def deployment(stack: Stack, **changes: Any) -> ContainerServiceDeployment:
    service = ContainerService.from_service_name(stack, "Service", "shop")
    return deployment_in(stack, service=service, containers={"web": Container(**changes)})


def published(stack: Stack, container: str = "web", **health: Any) -> ContainerServiceDeployment:
    """A deployment of a container with a public endpoint."""
    return deployment_in(
        stack,
        containers={container: Container(image="nginx", ports={80: "HTTP"})},
        public_endpoint=PublicEndpoint(
            container=container, port=80, health_check=HealthCheck(**health)
        ),
    )


def site(stack: Stack, **changes: Any) -> ContainerWebService:
    given = {"service_name": "site", "port": 80, "source": ImageSource.from_registry("nginx")}
    return ContainerWebService(stack, "Site", **{**given, **changes})


def of_service(stack: Stack, name: str) -> ContainerImage:
    return image_in(stack, service=ContainerService.from_service_name(stack, "Service", name))


def new_service(stack: Stack, name: str) -> ContainerServiceDeployment:
    return deployment_in(stack, service=service_in(stack, name))


# What is made with a value, one that it may be, and one that it must not be with the rule.
USES: dict[str, tuple[Callable[[Stack, str], object], str, str | None, str]] = {
    "digest": (
        lambda stack, value: image_in(stack, source=ImageSource.from_digest(value)),
        DIGEST,
        "sha256:1",
        "digest must be",
    ),
    "hex digits of a digest": (
        lambda stack, value: image_in(stack, source=ImageSource.from_digest(f"sha256:{value}")),
        DIGEST.removeprefix("sha256:"),
        "1",
        "digest must be",
    ),
    "image of a registry": (
        lambda stack, value: image_in(stack, source=ImageSource.from_registry(value)),
        "ghcr.io/acme/web:1",
        "ghcr.io/Acme/web:1",
        "image reference",
    ),
    "tag of an image": (
        lambda stack, value: image_in(stack, source=ImageSource.from_registry(f"nginx:{value}")),
        "1.27",
        "-1.27",
        "image reference",
    ),
    "tag in a repository": (
        lambda stack, value: image_in(
            stack,
            source=ImageSource.from_ecr_repository(
                ecr.Repository.from_repository_name(stack, "Repository", "web"), value
            ),
        ),
        "1.27",
        "1/27",
        "tag_or_digest",
    ),
    "label": (lambda stack, value: image_in(stack, label=value), "web", "Web", "label must be"),
    "service": (of_service, "shop", "Shop", "service_name must be"),
    "part of a service": (
        lambda stack, value: of_service(stack, f"shop-{value}"),
        "test",
        "Test",
        "service_name must be",
    ),
    "new service": (new_service, "shop", "Shop", "service_name must be"),
    "image of a container": (
        lambda stack, value: deployment(stack, image=value),
        "nginx:1",
        "Nginx:1",
        "image reference",
    ),
    "name of an image of Lightsail": (
        lambda stack, value: deployment(stack, image=value),
        ":shop.web.7",
        ":site.web.7",
        "must be one of the container service 'shop' itself",
    ),
    "number of an image of Lightsail": (
        lambda stack, value: deployment(stack, image=f":shop.web.{value}"),
        "7",
        "seven",
        "image must be an image name",
    ),
    "environment": (
        lambda stack, value: deployment(stack, image="nginx", environment={"A": value}),
        "a",
        "{{resolve:secretsmanager:a}}",
        "must not be a secret",
    ),
    "name of a variable": (
        lambda stack, value: deployment(stack, image="nginx", environment={value: "a"}),
        "A",
        "A=B",
        "a name in environment must be",
    ),
    "command": (
        lambda stack, value: deployment(stack, image="nginx", command=[value]),
        "a",
        "{{resolve:ssm-secure:a}}",
        "must not be a secret",
    ),
    "protocol": (
        lambda stack, value: deployment_in(
            stack,
            containers={"web": Container(image="nginx", ports={80: value})},
            public_endpoint=PublicEndpoint(container="web", port=80),
        ),
        "HTTP",
        "FTP",
        r"ports\[80\] must be one of",
    ),
    "name of a container": (
        lambda stack, value: deployment_in(stack, containers={value: Container(image="nginx")}),
        "web",
        "Web",
        "container name must be",
    ),
    "name of a published container": (published, "web", "Web", "container must be"),
    "container of the endpoint": (
        lambda stack, value: deployment_in(
            stack,
            containers={"web": Container(image="nginx", ports={80: "HTTP"})},
            public_endpoint=PublicEndpoint(container=value, port=80),
        ),
        "web",
        "app",
        "the public endpoint's container must be one of web",
    ),
    "path of a health check": (
        lambda stack, value: published(stack, path=value),
        "/up",
        "up",
        "path must begin with '/'",
    ),
    "codes of a health check": (
        lambda stack, value: published(stack, success_codes=value),
        "200",
        "ok",
        "success_codes must be",
    ),
    "revision": (
        lambda stack, value: image_in(
            stack, source=ImageSource.from_registry("nginx", revision=value)
        ),
        "2",
        None,
        "",
    ),
    "power": (lambda stack, value: site(stack, power=value), "nano", "Huge", "power must be"),
    "name of a web service": (
        lambda stack, value: site(stack, service_name=value),
        "site",
        "Site",
        "service_name must be",
    ),
    "label of a web service": (
        lambda stack, value: site(stack, label=value),
        "web",
        "Web",
        "label must be",
    ),
    "domain names": (
        lambda stack, value: site(stack, public_domain_names={value: [value]}),
        "example.com",
        "",
        "public_domain_names must be a mapping",
    ),
    "name of a secret": (
        lambda stack, value: deployment(
            stack,
            image="nginx",
            secrets={"A": secretsmanager.Secret.from_secret_name_v2(stack, "Secret", value)},
        ),
        "shop/password",
        None,
        "",
    ),
    "field of a secret": (
        lambda stack, value: deployment(
            stack,
            image="nginx",
            secrets={
                "A": ContainerSecret.from_secrets_manager(
                    secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "shop"), value
                )
            },
        ),
        "password",
        "",
        "field must be",
    ),
    "a value that is known late": (
        lambda stack, value: image_in(stack, label=Lazy.string(Text(value))),
        "web",
        None,
        "",
    ),
    "a service that is known late": (
        lambda stack, value: deployment_in(
            stack,
            service=ContainerService.from_service_name(stack, "Service", Lazy.string(Text(value))),
        ),
        "shop",
        None,
        "",
    ),
}


@pytest.mark.parametrize("use", USES)
def test_a_value_that_is_still_to_be_looked_up_is_asked_for(use: str) -> None:
    make, _, _, _ = USES[use]
    stack = stack_of()
    make(stack, look_up(stack))

    assert missing(stack) == ["ssm"]


@pytest.mark.parametrize("use", USES)
def test_a_value_that_was_looked_up_is_taken(use: str) -> None:
    make, found, _, _ = USES[use]
    stack = stack_of(found)
    make(stack, look_up(stack))

    assert missing(stack) == []


@pytest.mark.parametrize(
    "use", [use for use, (_, _, wrong, _) in USES.items() if wrong is not None]
)
def test_a_value_that_was_looked_up_is_held_to_its_rule(use: str) -> None:
    make, _, wrong, message = USES[use]
    stack = stack_of(wrong)

    with pytest.raises(ValueError, match=message):
        make(stack, look_up(stack))


def test_a_label_that_was_looked_up_late_is_held_to_its_rule() -> None:
    stack = stack_of("Web")
    image_in(stack, label=Lazy.string(Text(look_up(stack))))

    with pytest.raises(RuntimeError, match="label must be"):
        missing(stack)


@pytest.mark.parametrize(
    "make",
    [
        lambda stack, value: site(stack, scale=value),
        lambda stack, value: Handler(stack, "Handler", memory_size=value),
        lambda _, value: (
            PublicEndpoint(container="web", port=value)
            and Container(image="nginx", ports={value: "HTTP"})
        ),
    ],
)
def test_a_looked_up_string_is_no_number(make: Callable[[Stack, Any], object]) -> None:
    stack = stack_of()

    rule = re.escape(f"got 'dummy-value-for-{PARAMETER}'")
    with pytest.raises(ValueError, match=f"must be a whole number .* {rule}"):
        make(stack, look_up(stack))


def test_two_images_with_one_label_that_is_looked_up_are_refused_at_once() -> None:
    stack = stack_of()
    service = service_in(stack)
    image_in(stack, "One", service=service, label=look_up(stack))

    with pytest.raises(ValueError, match=f"label 'dummy-value-for-{PARAMETER}' is already used by"):
        image_in(stack, "Two", service=service, label=look_up(stack))


def test_a_secret_beside_a_looked_up_value_is_refused_at_once() -> None:
    stack = stack_of()

    with pytest.raises(ValueError, match="must not be a secret"):
        Container(
            image="nginx", environment={"A": f"{look_up(stack)}{{{{resolve:secretsmanager:a}}}}"}
        )


def test_an_image_of_a_looked_up_private_repository_is_refused_at_once() -> None:
    stack = stack_of()
    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"

    with pytest.raises(ValueError, match="from_ecr_repository"):
        image_in(stack, source=ImageSource.from_registry(f"{host}/{look_up(stack)}:1"))


# The others give what has the form of what it stands for.
LOOKUPS: dict[str, Callable[[Stack], object]] = {
    "repository": lambda stack: image_in(
        stack,
        source=ImageSource.from_ecr_repository(
            ecr.Repository.from_lookup(stack, "Repository", repository_name="web"), "1"
        ),
    ),
    "name of a repository": lambda stack: image_in(
        stack,
        label=ecr.Repository.from_lookup(
            stack, "Repository", repository_arn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/web"
        ).repository_name,
    ),
    "name of a role": lambda stack: image_in(
        stack, label=iam.Role.from_lookup(stack, "Role", role_name="web").role_name
    ),
    "zone": lambda stack: image_in(
        stack, label=f"web-{stack.availability_zones[0]}", source=ImageSource.from_digest(DIGEST)
    ),
    "domain": lambda stack: site(
        stack,
        public_domain_names={
            "cert": [
                route53.HostedZone.from_lookup(stack, "Zone", domain_name="acme.org").zone_name
            ]
        },
    ),
    "key of a secret": lambda stack: deployment(
        stack,
        image="nginx",
        secrets={
            "A": secretsmanager.Secret.from_secret_attributes(
                stack,
                "Secret",
                secret_complete_arn=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:a-abcdef",
                encryption_key=kms.Key.from_lookup(stack, "Key", alias_name="alias/a"),
            )
        },
    ),
    "image of a machine": lambda stack: deployment(
        stack,
        image="nginx",
        environment={"AMI": ec2.MachineImage.lookup(name="a").get_image(stack).image_id},
    ),
    "network": lambda stack: image_in(
        stack,
        handler=Handler(
            stack,
            "Handler",
            vpc=(vpc := ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-1")),
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="App"),
            security_groups=[ec2.SecurityGroup.from_lookup_by_name(stack, "Group", "app", vpc)],
        ),
    ),
}


@pytest.mark.parametrize("kind", LOOKUPS)
def test_what_else_the_cdk_looks_up_is_asked_for(kind: str) -> None:
    stack = stack_of()
    LOOKUPS[kind](stack)

    assert missing(stack)


def test_a_service_of_the_stack_may_have_a_looked_up_name() -> None:
    stack = stack_of()
    service = lightsail.CfnContainer(
        stack, "Service", service_name=look_up(stack), power="nano", scale=1
    )
    image = image_in(stack, service=service)
    deployment_in(stack, service=service, containers={"web": Container(image=image.image_name)})

    assert missing(stack) == ["ssm"]
