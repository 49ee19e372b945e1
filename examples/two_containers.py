"""Two containers in one deployment, with secrets of AWS Secrets Manager and of SSM.

    aws secretsmanager create-secret --name shop --secret-string file://shop.json
    aws ssm put-parameter --name /shop/token --type SecureString --value file://token.txt
    cdk deploy --app "python examples/two_containers.py"

`shop.json` is `{"password": "..."}`. The function reads both when it deploys; the template has the
secret's ARN and the parameter's name. CloudFormation sends nothing when only a value changed:
change the revision to have them read again.

    cdk deploy --app "python examples/two_containers.py" -c revision=$(date +%F)
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from cdk_lightsail_containers import (
    Container,
    ContainerSecret,
    ContainerServiceDeployment,
    PortProtocol,
    PublicEndpoint,
)

app = App()
stack = Stack(app, "TwoContainers")

secret = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "shop")
token = ssm.StringParameter.from_secure_string_parameter_attributes(
    stack, "Token", parameter_name="/shop/token"
)
deployment = ContainerServiceDeployment(
    stack,
    "Deployment",
    service=lightsail.CfnContainer(stack, "Service", service_name="shop", power="micro", scale=1),
    containers={
        "web": Container(
            image="public.ecr.aws/nginx/nginx:1.27",
            ports={80: PortProtocol.HTTP},
            environment={"MODE": "live"},
            secrets={
                "PASSWORD": ContainerSecret.from_secrets_manager(secret, "password"),
                "TOKEN": token,
            },
        ),
        "worker": Container(
            image="public.ecr.aws/docker/library/busybox:1.37",
            command=["sh", "-c", "while sleep 60; do echo at work; done"],
            secrets={"TOKEN": token},
        ),
    },
    public_endpoint=PublicEndpoint(container="web", port=80),
    revision=app.node.try_get_context("revision"),
)
CfnOutput(stack, "Url", value=deployment.url)

app.synth()
