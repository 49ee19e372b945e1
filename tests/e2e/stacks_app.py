"""An app of one stack with its own service, images as the context lists them, and what may fail.

Context:
    images: `label=digest` pairs, joined by commas; may be empty.
    policy: DESTROY or RETAIN.
    broken: a resource that fails after the images.
"""

from aws_cdk import App, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_ssm as ssm

from cdk_lightsail_containers import ContainerImage, ImageSource

app = App()
stack = Stack(app, "Shop")
service = lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
parameters = []
for pair in filter(None, app.node.try_get_context("images").split(",")):
    label, digest = pair.split("=")
    image = ContainerImage(
        stack,
        f"Image-{label}",
        service=service,
        label=label,
        source=ImageSource.from_digest(digest),
        removal_policy=RemovalPolicy[app.node.try_get_context("policy") or "DESTROY"],
    )
    # Something that depends on the image, as a deployment would.
    parameters.append(
        ssm.StringParameter(stack, f"Parameter-{label}", string_value=image.image_name)
    )
    CfnOutput(stack, f"Name{label}", value=image.image_name)
if app.node.try_get_context("broken"):
    broken = lightsail.CfnContainer(stack, "Broken", service_name="-broken-", power="nano", scale=1)
    broken.node.add_dependency(*parameters)
app.synth()
