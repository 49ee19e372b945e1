"""An app of many stacks, each with an image of its own label in the same service.

Context:
    count: how many stacks.
    digest: the image of all of them, pushed already.
"""

from aws_cdk import App, CfnOutput, Stack

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
for number in range(1, int(app.node.get_context("count")) + 1):
    stack = Stack(app, f"Many{number}")
    image = ContainerImage(
        stack,
        "Image",
        service=ContainerService.from_service_name(stack, "Service", "shop"),
        label=f"web-{number}",
        source=ImageSource.from_digest(app.node.get_context("digest")),
    )
    CfnOutput(stack, f"ImageName{number}", value=image.image_name)
app.synth()
