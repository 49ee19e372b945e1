"""A public web service `blue` and its private worker: one image, two container services.

    cdk deploy --app "python examples/blue_and_worker.py"

The image is built once. The worker has no public endpoint, and reaches the web service inside of
Lightsail at its private domain, `blue.service.local`.
"""

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_lightsail as lightsail

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerServiceDeployment,
    ContainerWebService,
    ImageSource,
    Power,
)

app = App()
stack = Stack(app, "BlueAndWorker")

source = ImageSource.from_asset(Path(__file__).with_name("site"))

blue = ContainerWebService(
    stack, "Blue", service_name="blue", source=source, port=80, power=Power.MICRO, scale=2
)

service = lightsail.CfnContainer(stack, "Worker", service_name="worker", power="nano", scale=1)
image = ContainerImage(stack, "WorkerImage", service=service, label="worker", source=source)
worker = ContainerServiceDeployment(
    stack,
    "WorkerDeployment",
    service=service,
    containers={
        "worker": Container(
            image=image.image_name,
            environment={"WEB": "http://blue.service.local"},
            command=["sh", "-c", 'while sleep 60; do wget -qO /dev/null "$WEB"; done'],
        )
    },
)
# First the one that the worker asks.
worker.node.add_dependency(blue)

app.synth()
