"""An app of one stack whose image comes from a registry.

Context:
    image: the reference.
    secret: the ARN of the secret with the registry's credentials; may be left out.
    versions: how many versions of the label are kept; may be left out.
"""

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import ContainerImage, ContainerService, Handler, ImageSource

app = App()
stack = Stack(app, "Pushing")
arn = app.node.try_get_context("secret")
secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", arn) if arn else None
versions = app.node.try_get_context("versions")
image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", "shop"),
    label="web",
    source=ImageSource.from_registry(app.node.try_get_context("image"), credentials=secret),
    max_versions=int(versions) if versions else None,
    removal_policy=RemovalPolicy.RETAIN if versions else None,
    # As short as can be, so that a slow registry makes the function hand over to itself.
    handler=Handler(stack, "Handler", timeout=Duration.minutes(1)),
)
CfnOutput(stack, "ImageName", value=image.image_name)
CfnOutput(stack, "ImageDigest", value=image.image_digest)
app.synth()
