"""The stack of the demo where containers run: what a Dockerfile builds, as a web service."""

from aws_cdk import App, Stack

from cdk_lightsail_containers import ContainerWebService, ImageSource

app = App()
stack = Stack(app, "Shop")

site = app.node.try_get_context("site")
ContainerWebService(
    stack,
    "Site",
    service_name="shop",
    source=ImageSource.from_asset(site),
    port=80,
)

app.synth()
