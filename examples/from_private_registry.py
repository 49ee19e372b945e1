"""An image of a private registry, such as GitHub's, whose login is in AWS Secrets Manager.

    aws secretsmanager create-secret --name ghcr --secret-string file://login.json
    cdk deploy --app "python examples/from_private_registry.py" -c image=ghcr.io/acme/web:1.4

`login.json` is `{"username": "...", "password": "..."}`. The template has the secret's ARN alone,
and the function reads the secret when the registry asks for a login.
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(app, "FromPrivateRegistry")

image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_registry(
        app.node.try_get_context("image") or "ghcr.io/acme/web:1.4",
        credentials=secretsmanager.Secret.from_secret_name_v2(stack, "Login", "ghcr"),
    ),
)
CfnOutput(stack, "ImageName", value=image.image_name)

app.synth()
