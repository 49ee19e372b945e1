"""An image of a public registry, carried to a container service by digest or by tag.

    cdk deploy --app "python examples/from_registry.py"
    cdk deploy --app "python examples/from_registry.py" -c image=nginx@sha256:...

CloudFormation sends nothing when only the content behind a tag changes. Name the image by digest,
or change the revision to have the tag looked up again:

    cdk deploy --app "python examples/from_registry.py" -c revision=$(date +%F)
"""

from aws_cdk import App, CfnOutput, Stack

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "FromRegistry")

image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_registry(
        app.node.try_get_context("image") or "public.ecr.aws/nginx/nginx:1.27",
        revision=app.node.try_get_context("revision"),
    ),
)
CfnOutput(stack, "ImageName", value=image.image_name)
CfnOutput(stack, "ImageDigest", value=image.image_digest)

app.synth()
