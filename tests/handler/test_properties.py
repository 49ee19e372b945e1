"""The properties of a request: what is read of them, and what is refused."""

from contextlib import nullcontext
from typing import Any

import pytest

from cdk_lightsail_containers_handler.properties.container_image import (
    NOT_REGISTERED,
    ContainerImageProperties,
    ContainerImageRemoval,
    ImageName,
)
from cdk_lightsail_containers_handler.properties.image_source import check_tag
from cdk_lightsail_containers_handler.properties.public_endpoint import (
    check_success_codes,
    check_threshold,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
GIVEN = {"ServiceName": "shop", "Label": "web", "Digest": DIGEST}


def given(**changes: object) -> dict[str, object]:
    return {**GIVEN, **changes}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in GIVEN.items() if key != name}


@pytest.mark.parametrize(
    "number", [("1", 1), ("150", 150), (7, 7)], ids=["lowest", "highest", "a number"]
)
def test_reads_what_cloudformation_sends(number: tuple[object, int]) -> None:
    sent, read = number

    properties = ContainerImageProperties.parse(
        given(MaxVersions=sent, RemovalPolicy="Retain", ServiceToken="arn:...", NewerProperty=[1])
    )

    assert properties == ContainerImageProperties(
        service_name="shop", label="web", digest=DIGEST, max_versions=read
    )


def test_a_tag_of_a_registry_is_taken() -> None:
    assert check_tag("v1.2", "tag") == "v1.2"


@pytest.mark.parametrize("tag", ["", ".v1", "v1\n", "a" * 129, None, ["v1"]])
def test_what_is_no_tag_of_a_registry_is_refused(tag: object) -> None:
    with pytest.raises(ValueError, match=r"^tag must be "):
        check_tag(tag, "tag")


@pytest.mark.parametrize("codes", ["200", "200-299", "200,204", "200-299,404"])
def test_status_codes_of_success_are_taken(codes: str) -> None:
    assert check_success_codes(codes) == codes


@pytest.mark.parametrize("codes", ["", "ok", "199", "200-500", "299-200", "200,", 200])
def test_other_status_codes_of_success_are_refused(codes: object) -> None:
    with pytest.raises(ValueError, match=r"^success_codes must be codes or ranges from 200 to 499"):
        check_success_codes(codes)


@pytest.mark.parametrize(
    ("checks", "is_taken"), [(0, False), (1, True), (1000, True), (1001, False)]
)
def test_a_threshold_of_a_health_check_is_at_most_a_thousand(checks: int, is_taken: bool) -> None:
    refused = pytest.raises(ValueError, match=r"^healthy must be ")
    with nullcontext() if is_taken else refused:
        assert check_threshold(checks, "healthy") == checks


def test_keeps_every_version_unless_told() -> None:
    assert ContainerImageProperties.parse(GIVEN).max_versions is None


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        (None, "resource properties must be an object, got None"),
        ([], "resource properties must be an object, got []"),
        ("text", "resource properties must be an object, got 'text'"),
        (without("ServiceName"), "ServiceName is missing from the resource properties"),
        (without("Label"), "Label is missing from the resource properties"),
        (without("Digest"), "the resource properties must hold either Digest or Source"),
        (given(ServiceName=""), "ServiceName must be 1-63 lowercase letters"),
        (given(ServiceName=["shop"]), "inner hyphens, got ['shop']"),
        (given(Label="ab_!"), "Label must be 1-53 lowercase letters"),
        (given(Label=None), "inner hyphens, got None"),
        (given(Label={"a": "b" * 200}), "got {'a': 'bbb"),
        (given(Digest="latest"), "Digest must be 'sha256:' and 64 lowercase hex digits"),
        (given(Digest=DIGEST + "\n"), "Digest must be 'sha256:' and 64 lowercase hex digits"),
        (given(MaxVersions="0"), "MaxVersions must be a whole number from 1 to 150, got 0"),
        (given(MaxVersions="151"), "MaxVersions must be a whole number from 1 to 150"),
        (given(MaxVersions=""), "MaxVersions must be a whole number from 1 to 150, got ''"),
        (given(MaxVersions="1.0"), "MaxVersions must be a whole number from 1 to 150"),
        (given(MaxVersions="٣"), "MaxVersions must be a whole number from 1 to 150"),
        (given(MaxVersions="1" * 5000), "MaxVersions must be a whole number from 1 to 150"),
        (given(MaxVersions=True), "MaxVersions must be a whole number from 1 to 150, got True"),
        (given(MaxVersions=[]), "MaxVersions must be a whole number from 1 to 150, got []"),
        (given(RemovalPolicy="Snapshot"), "RemovalPolicy must be 'Delete' or 'Retain'"),
        (given(RemovalPolicy=[]), "RemovalPolicy must be 'Delete' or 'Retain', got []"),
    ],
)
def test_refuses_with_a_sentence(properties: object, sentence: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the sentence is looked at below
        ContainerImageProperties.parse(properties)

    assert sentence in str(error.value)
    assert len(str(error.value)) < 200


def test_reads_an_image_name_and_writes_it_again() -> None:
    name = ImageName.parse(":shop.web.12")

    assert name == ImageName(service="shop", label="web", number=12)
    assert str(name) == ":shop.web.12"


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        7,
        NOT_REGISTERED,
        "shop.web.1",
        ":shop.web",
        ":shop.web.0",
        ":shop.web.latest",
        ":shop.web.1.2",
        ":Shop.web.1",
        ":shop.We.1",
        ":shop.web.1\n",
        "stack-Image-1ABCDEFGHIJKL",
        "2026/11/23/[$LATEST]0123456789abcdef",
    ],
)
def test_reads_no_image_name_in_anything_else(text: object) -> None:
    assert ImageName.parse(text) is None


def test_reads_which_image_to_delete() -> None:
    removal = ContainerImageRemoval.parse(GIVEN, ":shop.web.3")

    assert removal == ContainerImageRemoval(
        name=ImageName(service="shop", label="web", number=3), digest=DIGEST
    )


def test_reads_which_image_to_delete_from_the_properties_of_another_release() -> None:
    properties: dict[str, Any] = {"ServiceName": "shop", "Label": "web", "MaxVersions": "many"}

    removal = ContainerImageRemoval.parse(properties, ":shop.web.3")

    assert removal == ContainerImageRemoval(
        name=ImageName(service="shop", label="web", number=3), digest=None
    )


@pytest.mark.parametrize(
    ("properties", "physical_id"),
    [
        (GIVEN, None),
        (GIVEN, NOT_REGISTERED),
        (GIVEN, "stack-Image-1ABCDEFGHIJKL"),
        (GIVEN, ":blog.web.3"),
        (GIVEN, ":shop.worker.3"),
        (given(RemovalPolicy="Retain"), ":shop.web.3"),
        (given(RemovalPolicy="Something"), ":shop.web.3"),
        (None, ":shop.web.3"),
        ({}, ":shop.web.3"),
    ],
)
def test_finds_nothing_to_delete(properties: object, physical_id: object) -> None:
    assert ContainerImageRemoval.parse(properties, physical_id) is None
