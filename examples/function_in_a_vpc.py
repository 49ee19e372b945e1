"""A function with settings of its own: in a VPC, with more memory and a longer log.

    cdk deploy --app "python examples/function_in_a_vpc.py"

Lightsail has no interface endpoint, so the subnets need a way to the internet: here a NAT gateway,
which costs money by the hour. The function takes the same way to the image's registry.
"""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_logs as logs

from cdk_lightsail_containers import ContainerImage, Handler, ImageSource

app = App()
stack = Stack(app, "FunctionInAVpc")

vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1, flow_logs={"All": ec2.FlowLogOptions()})
handler = Handler(
    stack,
    "Handler",
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
    memory_size=1024,
    timeout=Duration.minutes(10),
    log_retention=logs.RetentionDays.ONE_YEAR,
)
image = ContainerImage(
    stack,
    "Image",
    service=lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1),
    label="web",
    source=ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27"),
    handler=handler,
)
CfnOutput(stack, "ImageName", value=image.image_name)

app.synth()
