"""What a ContainerWebService is synthesized to, and what it refuses."""

from typing import Any

import pytest
from aws_cdk import App, CfnOutput, CfnParameter, RemovalPolicy, Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from cdk_lightsail_containers import (
    ContainerImage,
    ContainerService,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
    HealthCheck,
    ImageSource,
    Power,
)
from stacks import DIGEST, deployed, deployment_in, only

SERVICE = "AWS::Lightsail::Container"
IMAGE = "Custom::LightsailContainerImage"


def site_in(stack: Stack, **changes: Any) -> ContainerWebService:
    """A web service with as much as it needs, and changes to that."""
    arguments: dict[str, Any] = {
        "service_name": "site",
        "source": ImageSource.from_digest(DIGEST),
        "port": 80,
        **changes,
    }
    return ContainerWebService(stack, "Site", **arguments)


def test_is_a_service_an_image_and_its_deployment(stack: Stack) -> None:
    site = site_in(stack)

    name = {"Ref": stack.get_logical_id(site.service)}
    image = only(stack, IMAGE)["Properties"]
    assert only(stack, SERVICE)["Properties"] == {
        "ServiceName": "site",
        "Power": "nano",
        "Scale": 1,
    }
    assert [image["ServiceName"], image["Label"], image["Digest"]] == [name, "web", DIGEST]
    assert deployed(stack) == {
        "ServiceName": name,
        "Containers": {
            "web": {"Image": stack.resolve(site.image.image_name), "Ports": {"80": "HTTP"}}
        },
        "PublicEndpoint": {"ContainerName": "web", "ContainerPort": 80},
    }


def test_passes_on_what_is_chosen(stack: Stack) -> None:
    secret = secretsmanager.Secret(stack, "Secret")

    site = site_in(
        stack,
        port=8080,
        power=Power.MICRO,
        scale=20,
        label="site",
        health_check=HealthCheck(path="/up"),
        environment={"MODE": "live"},
        secrets={"PASSWORD": secret},
        command=["serve"],
        public_domain_names={"acme": ["acme.example", "www.acme.example"]},
        max_versions=5,
        removal_policy=RemovalPolicy.RETAIN,
        handler=Handler(stack, "Handler", memory_size=1024),
        revision="2",
    )

    service, image, given = (
        only(stack, SERVICE)["Properties"],
        only(stack, IMAGE)["Properties"],
        deployed(stack),
    )
    assert service == {
        "ServiceName": "site",
        "Power": "micro",
        "Scale": 20,
        "PublicDomainNames": [
            {"CertificateName": "acme", "DomainNames": ["acme.example", "www.acme.example"]}
        ],
    }
    assert [image["Label"], image["MaxVersions"], image["RemovalPolicy"]] == ["site", 5, "Retain"]
    assert given["Containers"]["web"] == {
        "Image": stack.resolve(site.image.image_name),
        "Command": ["serve"],
        "Environment": {"MODE": "live"},
        "Ports": {"8080": "HTTP"},
        "Secrets": {"PASSWORD": {"SecretArn": stack.resolve(secret.secret_arn)}},
    }
    assert given["PublicEndpoint"]["ContainerPort"] == 8080
    assert given["PublicEndpoint"]["HealthCheck"]["Path"] == "/up"
    assert given["Revision"] == "2"
    assert only(stack, "AWS::Lambda::Function")["Properties"]["MemorySize"] == 1024


def test_has_outputs_for_address_image_and_version(stack: Stack) -> None:
    site_in(stack)

    outputs = Template.from_stack(stack).to_json()["Outputs"].values()
    assert {output["Value"]["Fn::GetAtt"][1] for output in outputs} == {
        "Url",
        "ImageName",
        "DeploymentVersion",
    }


@pytest.mark.parametrize("prefix", ["", "Site", "1"])
def test_has_outputs_of_names_that_scripts_know(stack: Stack, prefix: str) -> None:
    site = site_in(stack, output_prefix=prefix)

    outputs = Template.from_stack(stack).to_json()["Outputs"]
    assert {name: output["Value"] for name, output in outputs.items()} == {
        f"{prefix}Url": stack.resolve(site.url),
        f"{prefix}ImageName": stack.resolve(site.image.image_name),
        f"{prefix}DeploymentVersion": stack.resolve(site.deployment.deployment_version),
    }


def test_two_services_of_a_stack_need_two_prefixes(stack: Stack) -> None:
    site_in(stack, output_prefix="")

    with pytest.raises(ValueError, match="new in the stack, got '': 'Stack/Site/Url' is already"):
        ContainerWebService(
            stack,
            "Other",
            service_name="other",
            source=ImageSource.from_digest(DIGEST),
            port=80,
            output_prefix="",
        )

    ContainerWebService(
        stack,
        "Shop",
        service_name="shop",
        source=ImageSource.from_digest(DIGEST),
        port=80,
        output_prefix="Shop",
    )
    assert len(Template.from_stack(stack).to_json()["Outputs"]) == 6


def test_every_part_is_there_to_be_changed(stack: Stack) -> None:
    site = site_in(stack)

    site.service.is_disabled = True
    CfnOutput(stack, "Address", value=site.url)

    assert isinstance(site.service, lightsail.CfnContainer)
    assert isinstance(site.container_service, ContainerService)
    assert site.service is site.container_service.node.default_child
    assert isinstance(site.image, ContainerImage)
    assert isinstance(site.deployment, ContainerServiceDeployment)
    assert only(stack, SERVICE)["Properties"]["IsDisabled"] is True
    assert Template.from_stack(stack).find_outputs("Address")["Address"]["Value"] == stack.resolve(
        site.deployment.url
    )


@pytest.mark.parametrize("power", ["nano", "micro", "small", "medium", "large", "xlarge"])
def test_takes_a_power_as_a_plain_string(stack: Stack, power: str) -> None:
    site_in(stack, power=power)

    assert only(stack, SERVICE)["Properties"]["Power"] == power
    assert Power(power) == power


def test_takes_four_domain_names_of_two_certificates(stack: Stack) -> None:
    site_in(stack, public_domain_names={"a": ["a.example"], "b": ("b.example",) * 3})

    names = only(stack, SERVICE)["Properties"]["PublicDomainNames"]
    assert [name["CertificateName"] for name in names] == ["a", "b"]


def test_takes_values_that_are_known_only_when_it_is_deployed(stack: Stack) -> None:
    text = CfnParameter(stack, "Text").value_as_string
    scale = CfnParameter(stack, "Scale", type="Number").value_as_number

    site_in(stack, service_name=text, label=text, power=text, scale=scale)

    assert only(stack, SERVICE)["Properties"] == {
        "ServiceName": {"Ref": "Text"},
        "Power": {"Ref": "Text"},
        "Scale": {"Ref": "Scale"},
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service_name": "Site"}, "service_name must be 1-63 lowercase letters, .* got 'Site'"),
        ({"source": DIGEST}, "source must be one of ImageSource.from_.* got 'sha256:"),
        ({"port": 0}, "port must be a whole number from 1 to 65535, got 0"),
        ({"power": "Huge"}, "power must be one of nano, micro, .* got 'Huge'"),
        ({"output_prefix": "My-"}, "output_prefix must be 0-200 ASCII letters .* got 'My-'"),
        ({"output_prefix": 1}, "output_prefix must be 0-200 ASCII letters and digits, got 1"),
        ({"scale": 0}, "scale must be a whole number from 1 to 20, got 0"),
        ({"scale": "3"}, "scale must be a whole number from 1 to 20, got '3'"),
        ({"port": "80"}, "port must be a whole number from 1 to 65535, got '80'"),
        ({"scale": 21}, "scale must be a whole number from 1 to 20, got 21"),
        ({"label": ""}, "label must be 1-53 lowercase letters, .* got ''"),
        ({"max_versions": 0}, "max_versions must be a whole number from 1 to 150, got 0"),
        ({"removal_policy": "DESTROY"}, "removal_policy must be .* got 'DESTROY'"),
        ({"health_check": "/up"}, "health_check must be a HealthCheck, got '/up'"),
        ({"environment": {"A": 1}}, r"environment\['A'\] must be a string, .* type 'int'"),
        ({"secrets": {"A": "hunter2"}}, r"secrets\['A'\] must be one of .* of type 'str'"),
        ({"command": "serve"}, "command must be a list of strings, got 'serve'"),
        ({"handler": "function"}, "handler must be a Handler, got 'function'"),
        ({"revision": 7}, "revision must be a string, got 7"),
        ({"public_domain_names": ["a.example"]}, r"domain names, got \['a.example'\]\n"),
        ({"public_domain_names": {"": ["a.example"]}}, "got '' for a certificate"),
        ({"public_domain_names": {"a": "a.example"}}, "domain names, got 'a.example' for 'a'"),
        ({"public_domain_names": {"a": [""]}}, r"domain names, got \[''\] for 'a'"),
        (
            {"public_domain_names": {"a": ["a.example"] * 3, "b": ["b.example"] * 2}},
            "public_domain_names must be 4 names at most, got 5",
        ),
    ],
)
def test_refuses_a_value(stack: Stack, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        site_in(stack, **changes)


def test_refuses_a_service_that_has_a_deployment_in_the_stack(stack: Stack) -> None:
    deployment_in(stack)

    with pytest.raises(ValueError, match=r"already has deployment 'Stack/Deployment'"):
        site_in(stack, service_name="shop")


def test_equal_arguments_give_equal_templates() -> None:
    templates = []
    for _ in range(2):
        stack = Stack(App(), "Stack")
        site_in(stack, health_check=HealthCheck(), environment={"A": "a"}, scale=1)
        templates.append(Template.from_stack(stack).to_json())

    assert templates[0] == templates[1]
