"""The demo's stack: a container service, an image and its deployment, in a few lines."""

from aws_cdk import App, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ContainerWebService, ImageSource

app = App()
stack = Stack(app, "Shop")

image = app.node.try_get_context("image") or "public.ecr.aws/nginx/nginx:1.27"
secret = app.node.try_get_context("secret")
secrets = {}
if secret:
    secrets["PASSWORD"] = secretsmanager.Secret.from_secret_name_v2(stack, "Password", secret)
ContainerWebService(
    stack,
    "Site",
    service_name="shop",
    source=ImageSource.from_registry(image),
    port=80,
    secrets=secrets,
)

app.synth()
