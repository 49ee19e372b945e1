"""An image of a repository of Amazon ECR, as another pipeline pushed it.

    cdk deploy --app "python examples/from_ecr.py" -c tag=1.4
    cdk deploy --app "python examples/from_ecr.py" -c tag=sha256:...

A repository of another account or Region is `ecr.Repository.from_repository_arn(...)`. The policy
of one of another account must let the account of this stack pull.
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ecr as ecr

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "FromEcr")

image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_ecr_repository(
        ecr.Repository.from_repository_name(stack, "Repository", "acme/web"),
        app.node.try_get_context("tag") or "latest",
    ),
)
CfnOutput(stack, "ImageName", value=image.image_name)

app.synth()
