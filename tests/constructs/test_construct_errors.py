"""What every construct checks of its place, and how its errors name it."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from cdk_lightsail_containers import (
    ContainerImage,
    ContainerService,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
    ImageSource,
)
from stacks import DIGEST, deployment_in, image_in

ARN = "arn:aws:lightsail:eu-central-1:111122223333:ContainerService/9c1b8a2e"

KINDS = [
    ContainerImage,
    ContainerService,
    ContainerService.from_service_attributes,
    ContainerService.from_service_name,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
]


def made(kind: Callable[..., object], scope: object, construct_id: object) -> object:
    """A construct with as much as it needs."""
    service = {"service_name": "shop"}
    arguments: dict[Any, dict[str, Any]] = {
        ContainerService: service,
        ContainerService.from_service_name: service,
        ContainerService.from_service_attributes: {**service, "service_arn": ARN},
        ContainerWebService: {**service, "source": ImageSource.from_digest(DIGEST), "port": 80},
        Handler: {},
    }
    others = {"service": None, "label": "web", "source": None}
    if kind is ContainerServiceDeployment:
        others = {"service": None, "containers": None}
    return kind(scope, construct_id, **arguments.get(kind, others))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scope", ["Stack", None, Stack])
def test_a_construct_asks_for_a_scope(kind: Callable[..., object], scope: object) -> None:
    with pytest.raises(ValueError, match=r"scope must be a construct such as a Stack, got"):
        made(kind, scope, "Shop")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("construct_id", [7, None, "", ["Shop"]])
def test_a_construct_asks_for_an_id(
    stack: Stack, kind: Callable[..., object], construct_id: object
) -> None:
    with pytest.raises(ValueError, match=r"id must be a string, got"):
        made(kind, stack, construct_id)


@pytest.mark.parametrize("kind", KINDS)
def test_a_construct_has_an_id_of_its_own(stack: Stack, kind: Callable[..., object]) -> None:
    Construct(stack, "Shop")

    with pytest.raises(ValueError, match=r"construct 'Stack/Shop' already exists: use it, or give"):
        made(kind, stack, "Shop")


@pytest.mark.parametrize(
    ("kind", "arguments", "path"),
    [
        (ContainerService, {"service_name": "Shop"}, "Stack/A"),
        (ContainerService.from_service_name, {"service_name": "Shop"}, "Stack/A"),
        (Handler, {"memory_size": 1}, "Stack/A"),
        (ContainerImage, {"service": "shop", "label": "web", "source": None}, "Stack/A"),
        (ContainerServiceDeployment, {"service": "shop", "containers": {}}, "Stack/A"),
        (
            ContainerWebService,
            {"service_name": "s", "source": ImageSource.from_digest(DIGEST), "port": 0},
            "Stack/A",
        ),
        # What a construct refuses that is within another one.
        (ContainerWebService, {"service_name": "s", "source": None, "port": 80}, "Stack/A/Image"),
    ],
)
def test_an_error_names_the_construct(
    stack: Stack, kind: Callable[..., object], arguments: dict[str, Any], path: str
) -> None:
    with pytest.raises(ValueError, match="got") as error:
        kind(stack, "A", **arguments)

    assert error.value.__notes__ == [f"in construct {path!r}"]


def test_an_error_of_a_change_names_the_construct(stack: Stack) -> None:
    image = image_in(stack)
    deployment = deployment_in(stack, service=image.service)

    changes: list[Callable[[], None]] = [
        lambda: image.apply_removal_policy(RemovalPolicy.SNAPSHOT),
        lambda: deployment.apply_removal_policy(RemovalPolicy.SNAPSHOT),
        lambda: deployment.add_environment("A=", "a"),
    ]
    for change in changes:
        with pytest.raises(ValueError, match="got") as error:
            change()
        assert error.value.__notes__[0].startswith("in construct 'Stack/")
