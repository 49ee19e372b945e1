"""A service, and an image for it that is built from the Dockerfile in `examples/site`.

    cdk deploy --app "python examples/from_dockerfile.py"

`cdk deploy` builds it for linux/amd64 with Docker, or what `CDK_DOCKER` names, and pushes it to the
CDK's own repository; the function carries it from there. A file that changes is another image.
"""

from pathlib import Path

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lightsail as lightsail

from cdk_lightsail_containers import ContainerImage, ImageSource

app = App()
stack = Stack(app, "FromDockerfile")

image = ContainerImage(
    stack,
    "Image",
    service=lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1),
    label="web",
    source=ImageSource.from_asset(
        Path(__file__).with_name("site"), build_args={"NGINX": "1.27-alpine"}
    ),
)
CfnOutput(stack, "ImageName", value=image.image_name)

app.synth()
