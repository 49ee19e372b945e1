"""An image of Amazon ECR, carried by a function that has a proxy."""

from aws_cdk import App, Stack
from aws_cdk import aws_ecr as ecr

from cdk_lightsail_containers import ContainerImage, ContainerService, Handler, ImageSource

app = App()
stack = Stack(app, "Proxied")
ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_ecr_repository(
        ecr.Repository.from_repository_name(stack, "Repository", "acme/proxied"), "1"
    ),
    handler=Handler(
        stack,
        "Handler",
        environment={
            "HTTPS_PROXY": app.node.get_context("proxy"),
            "NO_PROXY": app.node.get_context("unproxied"),
        },
    ),
)
app.synth()
