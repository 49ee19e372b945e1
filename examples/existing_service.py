"""A pushed image for a container service that exists already.

    cdk deploy --app "python examples/existing_service.py" -c digest=sha256:...

Every command needs the context `digest`, of the image that was just pushed. The permissions to
register and delete hold for every container service of the account and Region, because Lightsail's
ARNs do not contain the name. `new_service.py` narrows them to one.
"""

import sys

from aws_cdk import App, CfnOutput, RemovalPolicy, Stack

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "ExistingService")

digest = app.node.try_get_context("digest")
if not digest:
    sys.exit("context 'digest' is missing: -c digest=sha256:<digest of the image that was pushed>")

image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_digest(digest),
    # Another pipeline deploys the image by its name, so the stack leaves what it replaces ...
    removal_policy=RemovalPolicy.RETAIN,
    # ... and keeps the newest ten of the label, and every image that is deployed.
    max_versions=10,
)
CfnOutput(stack, "ImageName", value=image.image_name)
CfnOutput(stack, "ImageDigest", value=image.image_digest)
CfnOutput(stack, "CreatedAt", value=image.created_at)

app.synth()
