"""What the constructs synthesize, as CloudFormation sends it, is what the handler reads."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    HealthCheck,
    ImageSource,
    PublicEndpoint,
)
from cdk_lightsail_containers_handler.properties import container as container_contract
from cdk_lightsail_containers_handler.properties import container_service_deployment as contract
from cdk_lightsail_containers_handler.properties import domains
from cdk_lightsail_containers_handler.properties import public_endpoint as endpoint_contract
from cdk_lightsail_containers_handler.properties import secret_value as secret_contract
from cdk_lightsail_containers_handler.properties.container_image import (
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageAttribute,
    ImageName,
    ImageProperty,
)
from cdk_lightsail_containers_handler.properties.image_source import (
    ArchiveSource,
    RegistrySource,
    SourceProperty,
)
from cdk_lightsail_containers_handler.registry.reference import Reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


def synthesized(
    source: ImageSource | None = None, **options: Any
) -> tuple[ContainerImage, Template]:
    placed = Environment(account="111122223333", region="eu-central-1")
    stack = Stack(App(), "Stack", env=placed)
    image = ContainerImage(
        stack,
        "Image",
        service=ContainerService.from_service_name(stack, "Service", "shop"),
        label="web",
        source=source or ImageSource.from_digest(DIGEST),
        **options,
    )
    for number, value in enumerate((image.image_name, image.image_digest, image.created_at)):
        CfnOutput(stack, f"Output{number}", value=value)
    return image, Template.from_stack(stack)


def sent(value: Any) -> Any:
    """A property as CloudFormation sends it: every scalar is text."""
    if isinstance(value, dict):
        return {key: sent(item) for key, item in value.items()}
    if isinstance(value, list):
        return [sent(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def properties(template: Template, kind: str = "Custom::LightsailContainerImage") -> dict[str, Any]:
    (resource,) = template.find_resources(kind).values()
    return dict(sent(resource["Properties"]))


SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-abcdef"
DEPLOYMENT_TYPE = "Custom::LightsailContainerServiceDeployment"


def deployed(**options: Any) -> Template:
    stack = Stack(App(), "Stack")
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET_ARN)
    token = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Token", parameter_name="/shop/token"
    )
    web = Container(
        image=":shop.web.7",
        ports={80: "HTTP", 9000: container_contract.PortProtocol.UDP},
        environment={"MODE": "live", "EMPTY": ""},
        command=["serve", ""],
        secrets={
            "PASSWORD": ContainerSecret.from_secrets_manager(secret, "password"),
            "WHOLE": secret,
            "TOKEN": token,
        },
    )
    deployment = ContainerServiceDeployment(
        stack,
        "Deployment",
        service=ContainerService.from_service_name(stack, "Service", "shop"),
        containers={"web": web, "worker": Container(image="busybox")},
        **options,
    )
    CfnOutput(stack, "Version", value=deployment.deployment_version)
    CfnOutput(stack, "Url", value=deployment.url)
    return Template.from_stack(stack)


@pytest.mark.parametrize("policy", [RemovalPolicy.DESTROY, RemovalPolicy.RETAIN])
@pytest.mark.parametrize("max_versions", [None, 1, 150])
def test_the_handler_reads_what_is_synthesized(
    policy: RemovalPolicy, max_versions: int | None
) -> None:
    _, template = synthesized(removal_policy=policy, max_versions=max_versions)

    assert ContainerImageProperties.parse(properties(template)) == ContainerImageProperties(
        service_name="shop", label="web", digest=DIGEST, max_versions=max_versions
    )


def test_the_handler_reads_a_source_in_a_registry() -> None:
    image = "ghcr.io/acme/web:1.4"
    _, template = synthesized(ImageSource.from_registry(image, revision="2"))

    wanted = ContainerImageProperties.parse(properties(template))

    assert wanted.digest is None
    assert wanted.source == RegistrySource(reference=Reference.parse(image))


def test_the_handler_reads_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(bytes(1024))
    _, template = synthesized(ImageSource.from_archive(archive))

    source = ContainerImageProperties.parse(properties(template)).source

    assert isinstance(source, ArchiveSource)
    assert source.key.endswith(".tar")


@pytest.mark.parametrize("tag", [None, "web:1.4"])
def test_the_handler_reads_the_tag_of_an_image_in_an_archive(
    tmp_path: Path, tag: str | None
) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(bytes(1024))
    _, template = synthesized(ImageSource.from_archive(archive, tag=tag))

    source = ContainerImageProperties.parse(properties(template)).source

    assert isinstance(source, ArchiveSource)
    assert source.tag == tag


@pytest.mark.parametrize("policy", [RemovalPolicy.DESTROY, RemovalPolicy.RETAIN])
def test_the_handler_deletes_by_the_policy_that_is_synthesized(policy: RemovalPolicy) -> None:
    _, template = synthesized(removal_policy=policy)

    removal = ContainerImageRemoval.parse(properties(template), ":shop.web.1")

    name = ImageName(service="shop", label="web", number=1)
    expected = ContainerImageRemoval(name=name, digest=DIGEST)
    assert removal == (expected if policy is RemovalPolicy.DESTROY else None)


def test_every_attribute_that_is_read_is_one_that_the_handler_answers() -> None:
    _, template = synthesized()

    read = {output["Value"]["Fn::GetAtt"][1] for output in template.find_outputs("*").values()}
    assert read == set(ImageAttribute)


def test_names_are_those_that_stacks_out_there_hold_on_to() -> None:
    assert set(ImageProperty) == {
        "ServiceName",
        "Label",
        "Digest",
        "Source",
        "Revision",
        "RemovalPolicy",
        "MaxVersions",
        "SignedBy",
    }
    assert set(SourceProperty) == {"Image", "CredentialsSecretArn", "Bucket", "Key", "Tag"}
    assert set(ImageAttribute) == {"ImageName", "ImageDigest", "CreatedAt"}
    assert str(ImageName(service="shop", label="web", number=7)) == ":shop.web.7"


def test_the_handler_reads_the_deployment_that_is_synthesized() -> None:
    given = properties(deployed(revision="2"), DEPLOYMENT_TYPE)

    assert contract.DEPLOYMENT_TYPE == DEPLOYMENT_TYPE
    assert contract.DeploymentProperties.parse(given) == contract.DeploymentProperties(
        service_name="shop",
        containers={
            "web": container_contract.ContainerSpec(
                image=":shop.web.7",
                command=("serve", ""),
                environment={"MODE": "live", "EMPTY": ""},
                ports={
                    80: container_contract.PortProtocol.HTTP,
                    9000: container_contract.PortProtocol.UDP,
                },
            ),
            "worker": container_contract.ContainerSpec(image="busybox"),
        },
        secrets={
            "web": {
                "PASSWORD": secret_contract.SecretValue(secret_arn=SECRET_ARN, field="password"),
                "WHOLE": secret_contract.SecretValue(secret_arn=SECRET_ARN),
                "TOKEN": secret_contract.SecretValue(parameter_name="/shop/token"),
            },
            "worker": {},
        },
        public_endpoint=None,
    )


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (None, endpoint_contract.HealthCheckSpec()),
        (HealthCheck(), endpoint_contract.HealthCheckSpec()),
        (
            HealthCheck(
                path="/up",
                success_codes="200-299,304",
                interval=Duration.minutes(1),
                timeout=Duration.seconds(30),
                healthy_threshold=3,
                unhealthy_threshold=4,
            ),
            endpoint_contract.HealthCheckSpec(
                path="/up",
                success_codes="200-299,304",
                interval_seconds=60,
                timeout_seconds=30,
                healthy_threshold=3,
                unhealthy_threshold=4,
            ),
        ),
    ],
)
def test_the_handler_reads_the_public_endpoint_that_is_synthesized(
    check: HealthCheck | None, expected: endpoint_contract.HealthCheckSpec
) -> None:
    endpoint = PublicEndpoint(container="web", port=80, health_check=check)
    given = properties(deployed(public_endpoint=endpoint), DEPLOYMENT_TYPE)

    assert contract.DeploymentProperties.parse(
        given
    ).public_endpoint == endpoint_contract.EndpointSpec(
        container_name="web", container_port=80, health_check=expected
    )


def test_every_attribute_of_a_deployment_that_is_read_is_one_that_the_handler_answers() -> None:
    outputs = deployed().find_outputs("*").values()

    read = {output["Value"]["Fn::GetAtt"][1] for output in outputs}
    assert read == set(contract.DeploymentAttribute)


def test_names_of_a_deployment_are_those_that_stacks_out_there_hold_on_to() -> None:
    assert set(contract.DeploymentProperty) == {
        "ServiceName",
        "Containers",
        "PublicEndpoint",
        "Revision",
    }
    assert set(container_contract.ContainerProperty) == {
        "Image",
        "Command",
        "Environment",
        "Ports",
        "Secrets",
    }
    assert set(secret_contract.SecretProperty) == {"SecretArn", "Field", "ParameterName"}
    assert set(endpoint_contract.PublicEndpointProperty) == {
        "ContainerName",
        "ContainerPort",
        "HealthCheck",
    }
    assert set(endpoint_contract.HealthCheckProperty) == {
        "HealthyThreshold",
        "UnhealthyThreshold",
        "TimeoutSeconds",
        "IntervalSeconds",
        "Path",
        "SuccessCodes",
    }
    assert set(contract.DeploymentAttribute) == {"DeploymentVersion", "Url"}
    assert contract.NOT_DEPLOYED == "LightsailContainerServiceDeployment::NOT_DEPLOYED"


def test_the_names_of_the_resources_for_domains_never_change() -> None:
    assert domains.CERTIFICATE_VALIDATION_TYPE == "Custom::LightsailCertificateValidation"
    assert domains.DOMAIN_ENTRY_TYPE == "Custom::LightsailDomainEntry"
    assert [str(one) for one in domains.ValidationProperty] == [
        "CertificateName",
        "HostedZoneId",
        "LightsailDomainName",
    ]
    assert [str(one) for one in domains.ValidationAttribute] == ["CertificateArn"]
    assert [str(one) for one in domains.EntryProperty] == ["LightsailDomainName", "Name", "Target"]
    assert domains.NOT_VALIDATED == "LightsailCertificateValidation::NOT_VALIDATED"
    assert domains.NOT_WRITTEN == "LightsailDomainEntry::NOT_WRITTEN"
