"""An app of a web service whose image is built, and which gets a secret.

Context:
    folder: where the Dockerfile is.
    page: the file that is served.
    secret: the name of a secret.
"""

from aws_cdk import App, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ContainerWebService, ImageSource

app = App()
stack = Stack(app, "Running")
context = app.node.try_get_context
ContainerWebService(
    stack,
    "Site",
    service_name="site",
    source=ImageSource.from_asset(
        context("folder"), build_args={"PAGE": context("page")}, target="page"
    ),
    port=80,
    secrets={
        "PASSWORD": secretsmanager.Secret.from_secret_name_v2(stack, "Secret", context("secret"))
    },
)
app.synth()
