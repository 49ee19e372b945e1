"""An app of a web service with secrets, or of two stacks that share a service.

Context:
    image: the web service's, in a registry.
    seconds: the function's timeout, if it is to be shorter than a user can make it.
    secret, parameter: the ARN of a secret, and the name of a parameter.
    shared: the service of two stacks, instead.
    apart: the image of a stack whose deployment is in another one, instead.
"""

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
    ImageSource,
)

app = App()


def web_service() -> None:
    stack = Stack(app, "Deploying")
    secrets = {}
    if secret := app.node.try_get_context("secret"):
        secrets = {
            "PASSWORD": ContainerSecret.from_secrets_manager(
                secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", secret), "password"
            ),
            "TOKEN": ssm.StringParameter.from_secure_string_parameter_attributes(
                stack, "Token", parameter_name=app.node.try_get_context("parameter")
            ),
        }
    handler = Handler(stack, "Handler", timeout=Duration.minutes(2))
    if seconds := app.node.try_get_context("seconds"):
        function = handler.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.timeout = int(seconds)
    ContainerWebService(
        stack,
        "Site",
        service_name="site",
        source=ImageSource.from_registry(app.node.try_get_context("image")),
        port=80,
        environment={"MODE": "live"},
        secrets=secrets,
        handler=handler,
    )


def stacks_apart(image: str) -> None:
    images, serving = Stack(app, "ApartImages"), Stack(app, "ApartServing")
    service = ContainerService(images, "Service", service_name="apart")
    source = ImageSource.from_registry(image)
    made = ContainerImage(images, "Image", service=service, label="web", source=source)
    web = Container(image=made, ports={80: "HTTP"})
    ContainerServiceDeployment(serving, "Deployment", service=service, containers={"web": web})


def sharing_stacks(service_name: str) -> None:
    for name in ("One", "Two"):
        stack = Stack(app, f"Sharing{name}")
        ContainerServiceDeployment(
            stack,
            "Deployment",
            service=ContainerService.from_service_name(stack, "Service", service_name),
            containers={name.lower(): Container(image="busybox:1")},
        )


if shared := app.node.try_get_context("shared"):
    sharing_stacks(shared)
elif image := app.node.try_get_context("apart"):
    stacks_apart(image)
else:
    web_service()
app.synth()
