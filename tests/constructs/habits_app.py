"""An app by someone who knows aws-cdk-lib: what its constructs offer is tried on these.

Context:
    site: the folder of a Dockerfile.
"""

import jsii
from aws_cdk import (
    App,
    Aspects,
    CfnOutput,
    Duration,
    Environment,
    IAspect,
    RemovalPolicy,
    Stack,
    Tags,
)
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from cdk_lightsail_containers import (
    Container,
    ContainerImage,
    ContainerSecret,
    ContainerService,
    ContainerServiceDeployment,
    ContainerWebService,
    Handler,
    HealthCheck,
    IContainerService,
    ImageSource,
    PortProtocol,
    Power,
    PublicEndpoint,
)


@jsii.implements(IAspect)
class Stage:
    """Tells every container its stage, and keeps every image."""

    def visit(self, node: IConstruct) -> None:
        """Change a construct."""
        if isinstance(node, ContainerServiceDeployment):
            for name in node.containers:
                node.add_environment("STAGE", "live", container=name)
        if isinstance(node, ContainerImage):
            node.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


class Worker(Construct):
    """A construct of the user that takes any container service."""

    def __init__(self, scope: Construct, construct_id: str, service: IContainerService) -> None:
        super().__init__(scope, construct_id)
        image = ContainerImage(
            self,
            "Image",
            service=service,
            label="worker",
            source=ImageSource.from_registry("public.ecr.aws/docker/library/busybox:1.36"),
        )
        self.deployment = service.add_deployment(
            "Worker", containers={"worker": Container(image=image, command=["sleep", "1d"])}
        )


app = App()
stack = Stack(app, "Habits", env=Environment(account="111122223333", region="eu-central-1"))

vpc = ec2.Vpc.from_vpc_attributes(
    stack,
    "Vpc",
    vpc_id="vpc-0a0a0a0a",
    availability_zones=["eu-central-1a"],
    private_subnet_ids=["subnet-0a0a0a0a"],
)
handler = Handler(
    stack,
    "Handler",
    vpc=vpc,
    environment={"HTTPS_PROXY": "http://proxy.example:3128"},
    log_group=logs.LogGroup(stack, "HandlerLog", retention=logs.RetentionDays.ONE_YEAR),
    reserved_concurrent_executions=5,
    tracing=lambda_.Tracing.ACTIVE,
)
handler.connections.allow_to(ec2.Peer.ipv4("10.0.0.0/16"), ec2.Port.tcp(3128))
dashboard = cloudwatch.Dashboard(stack, "Dashboard")
dashboard.add_widgets(
    cloudwatch.GraphWidget(
        left=[handler.metric_invocations(), handler.metric_errors(label="failed")],
        right=[handler.metric_duration(statistic="p99", period=Duration.minutes(1))],
    )
)
function = handler.node.default_child
assert isinstance(function, lambda_.CfnFunction)
function.add_property_override("SnapStart.ApplyOn", "None")

service = ContainerService(
    stack,
    "Service",
    service_name="shop",
    power=Power.of("micro"),
    scale=2,
    private_registry_access=True,
    tags={"team": "shop"},
)
Tags.of(service).add("cost-center", "1234")
service.apply_removal_policy(RemovalPolicy.RETAIN)
resource = service.node.default_child
assert isinstance(resource, lightsail.CfnContainer)
resource.add_property_override("IsDisabled", False)
operator = iam.Role(stack, "Operator", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
service.grant(operator, "lightsail:UpdateContainerService").assert_success()

repository = ecr.Repository(stack, "Repository")
repository.grant_pull(iam.ArnPrincipal(service.image_puller_arn))
image = ContainerImage(
    stack,
    "Image",
    service=service,
    label="web",
    source=ImageSource.from_ecr_repository(repository, "1.4"),
    handler=handler,
)
deployment = service.add_deployment(
    "Deployment",
    containers={"web": Container(image=image, ports={80: PortProtocol.HTTP})},
    public_endpoint=PublicEndpoint(container="web", port=80, health_check=HealthCheck(path="/up")),
    handler=handler,
)
database = secretsmanager.Secret.from_secret_name_v2(stack, "Database", "shop/database")
deployment.add_secret("DB_PASSWORD", ContainerSecret.from_secrets_manager(database, "password"))
deployment.add_container(
    "proxy", Container(image=repository.repository_uri_for_tag("proxy-1"), ports={8080: "HTTP"})
)
deployment.add_environment("UPSTREAM", "http://localhost:80", container="proxy")
Aspects.of(stack).add(Stage())

existing = ContainerService.from_service_attributes(
    stack,
    "Existing",
    service_name="queue",
    service_arn=(
        "arn:aws:lightsail:eu-central-1:111122223333:"
        "ContainerService/9c1b8a2e-5c0d-4f3e-8a77-0123456789ab"
    ),
    url="https://queue.0123456789.eu-central-1.cs.amazonlightsail.com/",
)
Worker(stack, "Queue", existing)

site = ContainerWebService(
    stack,
    "Site",
    service_name="site",
    port=80,
    source=ImageSource.from_asset(str(app.node.get_context("site"))),
    output_prefix="",
)
site.deployment.add_environment("QUEUE", existing.url)
CfnOutput(stack, "ShopUrl", value=service.url)
CfnOutput(stack, "ShopArn", value=service.service_arn)
CfnOutput(stack, "Images", value=f"{image.label} of {image.service.container_ref.service_name}")

app.synth()
