"""What the constructs synthesize, as CloudFormation sends it, is what the handler reads."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk.assertions import Template

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource
from cdk_lightsail_containers_handler.properties.container_image import (
    ArchiveSource,
    Attribute,
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
    Property,
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


def properties(template: Template) -> dict[str, Any]:
    (resource,) = template.find_resources("Custom::LightsailContainerImage").values()
    return dict(sent(resource["Properties"]))


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
    assert read == set(Attribute)


def test_names_are_those_that_stacks_out_there_hold_on_to() -> None:
    assert set(Property) == {
        "ServiceName",
        "Label",
        "Digest",
        "Source",
        "Revision",
        "RemovalPolicy",
        "MaxVersions",
    }
    assert set(SourceProperty) == {"Image", "CredentialsSecretArn", "Bucket", "Key"}
    assert set(Attribute) == {"ImageName", "ImageDigest", "CreatedAt"}
    assert str(ImageName(service="shop", label="web", number=7)) == ":shop.web.7"
