"""An image that the stack has already, here for two container services: built once.

    cdk deploy --app "python examples/from_docker_image_asset.py"

It must have been built for linux/amd64, on a machine with an Arm processor too.
"""

from pathlib import Path

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ecr_assets as ecr_assets

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "FromDockerImageAsset")

asset = ecr_assets.DockerImageAsset(
    stack,
    "Site",
    directory=str(Path(__file__).with_name("site")),
    platform=ecr_assets.Platform.LINUX_AMD64,
)
CfnOutput(stack, "ImageUri", value=asset.image_uri)

for name in ("shop", "blog"):
    image = ContainerImage(
        stack,
        f"Image-{name}",
        service=ContainerService.from_service_name(stack, f"Service-{name}", name),
        label="web",
        source=ImageSource.from_docker_image_asset(asset),
    )
    CfnOutput(stack, f"ImageName-{name}", value=image.image_name)

app.synth()
