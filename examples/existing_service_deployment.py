"""An image and its deployment, on a container service that exists already.

    cdk deploy --app "python examples/existing_service_deployment.py"
    cdk deploy --app "python examples/existing_service_deployment.py" -c image=nginx:1.27

Stop other deployments to this service: the stack's deployment takes their place. The
permissions hold for every container service of the account and Region, because Lightsail's ARNs do
not contain the name.
"""

from aws_cdk import App, CfnOutput, Duration, Stack

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerService,
    ContainerServiceDeployment,
    HealthCheck,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
)

app = App()
stack = Stack(app, "ExistingServiceDeployment")

service = ContainerService.from_service_name(stack, "Service", "shop")
image = ContainerImage(
    stack,
    "Image",
    service=service,
    label="web",
    source=ImageSource.from_registry(
        app.node.try_get_context("image") or "public.ecr.aws/nginx/nginx:1.27"
    ),
)
deployment = ContainerServiceDeployment(
    stack,
    "Deployment",
    service=service,
    containers={"web": Container(image=image.image_name, ports={80: PortProtocol.HTTP})},
    public_endpoint=PublicEndpoint(
        container="web",
        port=80,
        health_check=HealthCheck(success_codes="200-299", interval=Duration.seconds(10)),
    ),
)
CfnOutput(stack, "Url", value=deployment.url)
CfnOutput(stack, "DeploymentVersion", value=deployment.deployment_version)

app.synth()
