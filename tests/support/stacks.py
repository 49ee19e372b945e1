"""What tests build in stacks, and what comes out of them."""

from typing import Any

import jsii
from aws_cdk import IStableStringProducer, Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk.assertions import Template

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerServiceDeployment,
    ImageSource,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4

PUSHES = {"lightsail:CreateContainerServiceRegistryLogin", "lambda:InvokeFunction"}
PULLS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
DEPLOYMENT = "Custom::LightsailContainerServiceDeployment"
EVERY_FUNCTION = {
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}
_EVERY_IMAGE = EVERY_FUNCTION | {
    "cloudformation:ListStackResources",
    "lightsail:DeleteContainerImage",
    "lightsail:GetContainerImages",
    "lightsail:GetContainerServices",
    "lightsail:RegisterContainerImage",
}


@jsii.implements(IStableStringProducer)
class Text:
    """A string that is known when the app is synthesized: `Lazy.string(Text("shop"))`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def produce(self) -> str:
        return self._text


def service_in(stack: Stack, name: str = "shop") -> lightsail.CfnContainer:
    return lightsail.CfnContainer(
        stack, f"Service-{name}", service_name=name, power="nano", scale=1
    )


def image_in(stack: Stack, construct_id: str = "Image", **changes: Any) -> ContainerImage:
    """An image with as much as it needs, and changes to that."""
    arguments: dict[str, Any] = {
        "label": "web",
        "source": ImageSource.from_digest(DIGEST),
        **changes,
    }
    if "service" not in arguments:
        arguments["service"] = service_in(stack)
    return ContainerImage(stack, construct_id, **arguments)


def deployment_in(
    stack: Stack, construct_id: str = "Deployment", **changes: Any
) -> ContainerServiceDeployment:
    """A deployment with as much as it needs, and changes to that."""
    arguments: dict[str, Any] = {"containers": {"web": Container(image="nginx")}, **changes}
    if "service" not in arguments:
        arguments["service"] = service_in(stack)
    return ContainerServiceDeployment(stack, construct_id, **arguments)


def deployed(stack: Stack) -> dict[str, Any]:
    """The properties of the stack's one deployment, without those of every custom resource."""
    given = dict(only(stack, DEPLOYMENT)["Properties"])
    del given["ServiceToken"], given["ServiceTimeout"]
    return given


def resources(stack: Stack, kind: str) -> list[dict[str, Any]]:
    found = Template.from_stack(stack).find_resources(kind)
    return [dict(resource) for resource in found.values()]


def only(stack: Stack, kind: str) -> dict[str, Any]:
    (resource,) = resources(stack, kind)
    return resource


def statements(stack: Stack) -> list[dict[str, Any]]:
    return [
        statement
        for policy in resources(stack, "AWS::IAM::Policy")
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def own_policy(stack: Stack, construct_id: str = "Image") -> list[dict[str, Any]]:
    """What the policy allows that belongs to an image or a deployment."""
    (policy,) = (
        policy
        for name, policy in Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
        if name.startswith(f"{construct_id}Policy")
    )
    return list(policy["Properties"]["PolicyDocument"]["Statement"])


def statement_for(stack: Stack, action: str) -> dict[str, Any]:
    (found,) = (statement for statement in statements(stack) if action in _actions(statement))
    return found


def allowed_in(stack: Stack) -> set[str]:
    return {action for statement in statements(stack) for action in _actions(statement)}


def granted(stack: Stack) -> set[str]:
    """The actions that are allowed beyond what every image needs."""
    allowed = allowed_in(stack)
    assert allowed >= _EVERY_IMAGE
    return allowed - _EVERY_IMAGE


def origin_of(stack: Stack) -> dict[str, Any]:
    """The properties that the source of the stack's one image gives."""
    given = only(stack, "Custom::LightsailContainerImage")["Properties"]
    return {name: given[name] for name in ("Digest", "Source", "Revision") if name in given}


def _actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else action
