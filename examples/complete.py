"""Every part of a stack as a construct: service, image, deployment, secret and health check.

    aws secretsmanager create-secret --name shop/database --secret-string file://database.json
    cdk deploy --app "python examples/complete.py"

`database.json` is `{"password": "..."}`. Change the image and deploy again: the new image is pushed
and registered, and deployed beside the old one. Once it is healthy, the old one is deleted.
"""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerServiceDeployment,
    HealthCheck,
    ImageSource,
    PortProtocol,
    PublicEndpoint,
)

app = App()
stack = Stack(app, "Shop")

service = lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
image = ContainerImage(
    stack,
    "Image",
    service=service,
    label="web",
    source=ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27"),
)
database = secretsmanager.Secret.from_secret_name_v2(stack, "Database", "shop/database")
deployment = ContainerServiceDeployment(
    stack,
    "Deployment",
    service=service,
    containers={
        "web": Container(
            image=image.image_name,  # :shop.web.1
            ports={80: PortProtocol.HTTP},
            environment={"MODE": "live"},
            secrets={"PASSWORD": ContainerSecret.from_secrets_manager(database, "password")},
        )
    },
    public_endpoint=PublicEndpoint(
        container="web", port=80, health_check=HealthCheck(path="/", interval=Duration.seconds(10))
    ),
)

CfnOutput(stack, "ImageName", value=image.image_name)  # :shop.web.1
CfnOutput(stack, "ImageDigest", value=image.image_digest)  # sha256:...
CfnOutput(stack, "Url", value=deployment.url)  # https://shop....cs.amazonlightsail.com/
app.synth()
