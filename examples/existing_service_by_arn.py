"""An image and its deployment on an existing service, with permissions on this service alone.

    aws lightsail get-container-services --service-name shop --query 'containerServices[0].arn'
    cdk deploy --app "python examples/existing_service_by_arn.py" -c service_arn=<this ARN>

Every command needs the context `service_arn`. With the name alone, as in
`existing_service_deployment.py`, the function may change every container service of the account and
Region, because Lightsail's ARNs do not contain the name.
"""

import sys

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerService,
    Handler,
    ImageSource,
    PublicEndpoint,
)

app = App()
stack = Stack(app, "ExistingServiceByArn")

service_arn = app.node.try_get_context("service_arn")
if not service_arn:
    sys.exit("context is missing: -c service_arn=<the ARN of a container service>")

handler = Handler(stack, "Handler")
handler.metric_errors(period=Duration.minutes(5)).create_alarm(
    stack,
    "HandlerErrors",
    threshold=1,
    evaluation_periods=1,
    treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
)
service = ContainerService.from_service_attributes(
    stack, "Service", service_name="shop", service_arn=service_arn
)
image = ContainerImage(
    stack,
    "Image",
    service=service,
    label="web",
    handler=handler,
    source=ImageSource.from_registry(
        app.node.try_get_context("image") or "public.ecr.aws/nginx/nginx:1.27"
    ),
)
deployment = service.add_deployment(
    "Deployment",
    handler=handler,
    containers={"web": Container(image=image, ports={80: "HTTP"})},
    public_endpoint=PublicEndpoint(container="web", port=80),
)
deployment.add_environment("MODE", "live")
CfnOutput(stack, "Url", value=deployment.url)

app.synth()
