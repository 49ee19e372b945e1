"""What is a token, and what is an ordinary value of Python that jsii does not take."""

import math
import pathlib
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

import jsii
import pytest
from aws_cdk import (
    CfnParameter,
    Fn,
    IResolvable,
    IResolveContext,
    IStableStringProducer,
    Lazy,
    SecretValue,
    Stack,
)
from aws_cdk.aws_lightsail import CfnContainer

from cdk_lightsail_containers import Container, HealthCheck, ImageSource, PublicEndpoint
from cdk_lightsail_containers._checks import is_token, template_text
from stacks import DIGEST, image_in, service_in


class Kind(Enum):
    """An enumeration of a user."""

    WEB = "web"


@jsii.implements(IStableStringProducer)
class NotYet:
    """A string that is not read before the app is synthesized."""

    def produce(self) -> str:
        """Refuse."""
        raise ValueError("too early")


@jsii.implements(IResolvable)
class NotYetResolved:
    """A value that says itself what it is resolved to."""

    creation_stack: ClassVar[list[str]] = []
    type_hint = None

    def resolve(self, _context: IResolveContext) -> str:
        """Return it."""
        return "nginx"


FOREIGN = [
    pathlib.Path("nginx"),
    Kind.WEB,
    b"nginx",
    Decimal(1),
    ("nginx",),
    {"nginx"},
    {Kind.WEB: 1},
    ["nginx", Kind.WEB],
    object(),
    object,
    CfnContainer,
    len,
    math.nan,
    math.inf,
    10**400,
    None,
    True,
    "nginx",
    "\ud800",
    ImageSource.from_registry("nginx"),
]


@pytest.mark.parametrize("value", FOREIGN, ids=lambda value: type(value).__name__)
def test_a_value_of_python_is_none(value: object) -> None:
    assert not is_token(value)


def test_a_construct_is_none(stack: Stack) -> None:
    assert not is_token(service_in(stack))


@pytest.mark.parametrize(
    "make",
    [
        lambda stack: CfnParameter(stack, "Text").value_as_string,
        lambda stack: f"a{CfnParameter(stack, 'Text').value_as_string}",
        lambda stack: CfnParameter(stack, "Number", type="Number").value_as_number,
        lambda stack: CfnParameter(stack, "Text").value,
        lambda _: Fn.ref("Text"),
        lambda stack: service_in(stack).get_att("Url"),
        lambda _: Fn.get_att("Service", "Url"),
        lambda _: Lazy.any(NotYet()),
        lambda _: NotYetResolved(),
        lambda _: SecretValue.unsafe_plain_text("hunter2"),
        lambda _: Lazy.string(NotYet()),
    ],
)
def test_a_value_of_the_cdk_that_is_not_known_yet_is_one(
    stack: Stack, make: Callable[[Stack], object]
) -> None:
    assert is_token(make(stack))


def test_what_is_not_to_be_asked_yet_has_no_text(stack: Stack) -> None:
    assert template_text(stack, Lazy.string(NotYet())) == ""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda value: Container(image=value), "image must be a ContainerImage or an image name"),
        (lambda value: Container(image="nginx", environment={"A": value}), "must be a string, got"),
        (lambda value: Container(image="nginx", environment={value: "a"}), "a name in environment"),
        (
            lambda value: Container(image="nginx", command=[value]),
            "command must be a list of strings",
        ),
        (lambda value: Container(image="nginx", ports={80: value}), r"ports\[80\] must be one of"),
        (lambda value: Container(image="nginx", ports={value: "TCP"}), "port must be a whole"),
        (lambda value: HealthCheck(path=value), "path must begin with '/'"),
        (lambda value: PublicEndpoint(container=value, port=80), "container must be 1-53"),
        (lambda value: PublicEndpoint(container="web", port=value), "port must be a whole number"),
        (ImageSource.from_registry, "image must be registry/repository"),
        (ImageSource.from_digest, "digest must be 'sha256:'"),
    ],
)
@pytest.mark.parametrize("value", [pathlib.Path("/a"), Kind.WEB, b"a", ("a",), Decimal("1.5")])
def test_a_value_of_python_is_refused_with_the_rule(
    make: Callable[[Any], object], message: str, value: object
) -> None:
    with pytest.raises(ValueError, match=message):
        make(value)


def test_a_class_is_no_service(stack: Stack) -> None:
    with pytest.raises(ValueError, match="service must be a ContainerService, a CfnContainer or"):
        image_in(stack, service=CfnContainer, source=ImageSource.from_digest(DIGEST))
