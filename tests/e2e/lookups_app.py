"""An app of an existing service, whose image and name are looked up when it is synthesized."""

import os

from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk import aws_ssm as ssm

from cdk_lightsail_containers import ContainerImage, ContainerService, ImageSource

app = App()
stack = Stack(
    app,
    "Lookups",
    env=Environment(
        account=os.environ["CDK_DEFAULT_ACCOUNT"], region=os.environ["CDK_DEFAULT_REGION"]
    ),
)
service_name, label, digest = (
    ssm.StringParameter.value_from_lookup(stack, f"/shop/{name}")
    for name in ("service", "label", "digest")
)
image = ContainerImage(
    stack,
    "Image",
    service=ContainerService.from_service_name(stack, "Service", service_name),
    label=label,
    source=ImageSource.from_digest(digest),
)
CfnOutput(stack, "ImageName", value=image.image_name)
app.synth()
