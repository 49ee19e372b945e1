"""An app of one stack, with what a kind of stack has.

Context:
    kind: words, for example `named sources placed`.
    site: the folder of a Dockerfile.
    archive: the folder of an archive.
"""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_route53 as route53
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
    HealthCheck,
    ImageSource,
    PublicEndpoint,
    WebDomain,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4

app = App()
kind, site, archive = (str(app.node.get_context(name)) for name in ("kind", "site", "archive"))
placed = Environment(account="111122223333", region="eu-central-1")
stack = Stack(app, "Stack", env=placed if "placed" in kind else None)


def sources() -> dict[str, ImageSource]:
    """One of each kind that there is."""
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Named", "hub")
    other = secretsmanager.Secret.from_secret_attributes(
        stack,
        "Other",
        secret_partial_arn="arn:aws:secretsmanager:eu-central-1:111122223333:secret:other",
        encryption_key=kms.Key.from_key_arn(
            stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/0a0a0a0a"
        ),
    )
    own = ecr.Repository(stack, "Repository")
    foreign = ecr.Repository.from_repository_arn(
        stack, "Foreign", "arn:aws:ecr:us-east-1:999988887777:repository/acme/web"
    )
    asset = ecr_assets.DockerImageAsset(
        stack, "Asset", directory=site, platform=ecr_assets.Platform.LINUX_AMD64
    )
    return {
        "public": ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27", revision="1"),
        "named": ImageSource.from_registry("acme/web", credentials=secret),
        "other": ImageSource.from_registry("ghcr.io/acme/web", credentials=other),
        "own": ImageSource.from_ecr_repository(own, "1.4"),
        "foreign": ImageSource.from_ecr_repository(foreign, DIGEST),
        "asset": ImageSource.from_docker_image_asset(asset),
        "signed": ImageSource.from_registry("ghcr.io/acme/signed:1.4"),
        "site": ImageSource.from_asset(site, build_args={"VERSION": "1.4"}),
        "archive": ImageSource.from_archive(archive),
    }


handler = None
if "vpc" in kind:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0a0a0a0a",
        availability_zones=["eu-central-1a"],
        private_subnet_ids=["subnet-0a0a0a0a"],
    )
    handler = Handler(stack, "Handler", vpc=vpc)
service = (
    ContainerService.from_service_name(stack, "Service", "shop")
    if "named" in kind
    else lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
)
signing_key = kms.Key.from_key_arn(
    stack,
    "SigningKey",
    "arn:aws:kms:eu-central-1:111122223333:key/0c0c0c0c-12ab-34cd-56ef-1234567890ab",
)
images = {
    label: ContainerImage(
        stack,
        f"Image-{label}",
        service=service,
        label=label,
        handler=handler,
        max_versions=3,
        source=source,
        signed_by=signing_key if label == "signed" else None,
    )
    for label, source in {
        "digest": ImageSource.from_digest(DIGEST),
        **(sources() if "sources" in kind else {}),
    }.items()
}
if "deployed" in kind:
    key = kms.Key.from_key_arn(
        stack, "ParameterKey", "arn:aws:kms:eu-central-1:111122223333:key/0b0b0b0b"
    )
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name="/shop/token", encryption_key=key
    )
    named = secretsmanager.Secret.from_secret_name_v2(stack, "ShopSecret", "shop")
    web = Container(
        image=images["digest"].image_name,
        ports={80: "HTTP"},
        environment={"MODE": "live"},
        command=["serve"],
        secrets={
            "PASSWORD": ContainerSecret.from_secrets_manager(named, "password"),
            "TOKEN": parameter,
        },
    )
    ContainerServiceDeployment(
        stack,
        "Deployment",
        service=service,
        containers={"web": web},
        handler=handler,
        public_endpoint=PublicEndpoint(container="web", port=80, health_check=HealthCheck()),
    )
    ContainerWebService(
        stack,
        "Site",
        service_name="site",
        port=80,
        handler=handler,
        source=ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27"),
        public_domain_names={"acme": ["acme.example"]},
    )
if "domains" in kind:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z0123456789ABC", zone_name="acme.example"
    )
    for name, domain in {
        "Hosted": WebDomain.route53(zone, "www.acme.example", "acme.example"),
        "Own": WebDomain.lightsail("acme.test", "www", "@"),
    }.items():
        ContainerWebService(
            stack,
            name,
            service_name=name.lower(),
            port=80,
            source=ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27"),
            domain=domain,
        )
app.synth()
