"""The stack of the demo where containers run: what a Dockerfile builds, as a web service."""

from aws_cdk import App, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ContainerWebService, ImageSource

app = App()
stack = Stack(app, "Shop")

site = app.node.try_get_context("site")
secret = app.node.try_get_context("secret")
secrets = {}
if secret:
    secrets["PASSWORD"] = secretsmanager.Secret.from_secret_name_v2(stack, "Password", secret)
ContainerWebService(
    stack,
    "Site",
    service_name="shop",
    source=ImageSource.from_asset(site),
    port=80,
    secrets=secrets,
)

app.synth()
