"""An app of a service and an image that is built, with a build argument and a target.

Context:
    folder: where the Dockerfile is.
"""

from aws_cdk import App, Stack
from aws_cdk import aws_lightsail as lightsail

from cdk_lightsail_containers import ContainerImage, ImageSource

app = App()
stack = Stack(app, "Building")
ContainerImage(
    stack,
    "Image",
    service=lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1),
    label="web",
    source=ImageSource.from_asset(
        app.node.try_get_context("folder"), build_args={"WORD": "hello"}, target="page"
    ),
)
app.synth()
