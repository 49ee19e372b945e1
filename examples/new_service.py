"""A container service and two pushed images for it, in one stack.

    cdk deploy --app "python examples/new_service.py" -c digest=sha256:... -c worker=sha256:...

Every command needs the context `digest` and `worker`, of the images that were just pushed. The
function may register and delete on this service alone.
"""

import sys

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lightsail as lightsail

from cdk_lightsail_containers import ContainerImage, ImageSource

app = App()
stack = Stack(app, "NewService")

service = lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
for label, key in (("web", "digest"), ("worker", "worker")):
    digest = app.node.try_get_context(key)
    if not digest:
        sys.exit("context is missing: -c digest=sha256:<of the one image> -c worker=<of the other>")
    image = ContainerImage(
        stack,
        f"Image-{label}",
        service=service,
        label=label,
        source=ImageSource.from_digest(digest),
    )
    CfnOutput(stack, f"ImageName-{label}", value=image.image_name)

app.synth()
