"""How long everybody waits, as the constructs set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdk_lightsail_containers_handler.properties.container_image import CONTAINER_IMAGE_TYPE


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds.

    Args:
        invocation: how long one invocation of the function may take.
        most_age: how old a request may be when AWS Lambda hands it over.
        registering: how long CloudFormation waits for an image that is only registered.
        pushing: how long for one that is pushed, or a deployment: another invocation may go on.
    """

    invocation: float
    most_age: float
    registering: int
    pushing: int


def shipped() -> Times:
    """Return the times of a template that the constructs make."""
    # jsii's process, which this starts, is needed nowhere else.
    from aws_cdk import App, Stack  # noqa: PLC0415
    from aws_cdk.assertions import Template  # noqa: PLC0415

    from cdk_lightsail_containers import (  # noqa: PLC0415
        ContainerImage,
        ContainerService,
        ImageSource,
    )

    # Nothing is deployed, so the function's code is not needed.
    stack = Stack(App(context={"aws:cdk:bundling-stacks": []}), "Stack")
    service = ContainerService.from_service_name(stack, "Service", "shop")
    sources = {
        "Registered": ImageSource.from_digest(f"sha256:{'0' * 64}"),
        "Pushed": ImageSource.from_registry("registry.example/web:1"),
    }
    for name, source in sources.items():
        ContainerImage(stack, name, service=service, label=name.lower(), source=source)
    resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]

    def of(kind: str, name: str) -> dict[str, Any]:
        (found,) = (
            one["Properties"]
            for key, one in resources.items()
            if one["Type"] == kind and key.startswith(name)
        )
        return dict(found)

    repeating = of("AWS::Lambda::EventInvokeConfig", "")
    return Times(
        invocation=of("AWS::Lambda::Function", "")["Timeout"],
        most_age=repeating["MaximumEventAgeInSeconds"],
        registering=int(of(CONTAINER_IMAGE_TYPE, "Registered")["ServiceTimeout"]),
        pushing=int(of(CONTAINER_IMAGE_TYPE, "Pushed")["ServiceTimeout"]),
    )
