"""An app of one stack whose image can move: to another construct, or to other content.

Context:
    at: the path of the image's construct in the stack, such as `Image` or `Web/Image`.
    digest: the image, pushed already; or
    image, revision: the image, in a registry.
    deploys: its deployment, with the image as its container `web`.
    broken: a resource that fails after the image.
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lightsail as lightsail
from constructs import Construct

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerService,
    ContainerServiceDeployment,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
)

app = App()
stack = Stack(app, "Moving")
service = ContainerService.from_service_name(stack, "Service", "shop")
*scopes, name = app.node.get_context("at").split("/")
scope: Construct = stack
for each in scopes:
    scope = Construct(scope, each)
digest = app.node.try_get_context("digest")
image = ContainerImage(
    scope,
    name,
    service=service,
    label="web",
    source=ImageSource.from_digest(digest)
    if digest
    else ImageSource.from_registry(
        app.node.get_context("image"), revision=app.node.try_get_context("revision")
    ),
)
if app.node.try_get_context("deploys"):
    ContainerServiceDeployment(
        stack,
        "Deployment",
        service=service,
        containers={"web": Container(image=image.image_name, ports={80: PortProtocol.HTTP})},
        public_endpoint=PublicEndpoint(container="web", port=80),
    )
if app.node.try_get_context("broken"):
    broken = lightsail.CfnContainer(stack, "Broken", service_name="-broken-", power="nano", scale=1)
    broken.node.add_dependency(image)
CfnOutput(stack, "ImageName", value=image.image_name)
app.synth()
