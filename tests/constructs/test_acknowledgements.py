"""What the checks that users run over their stacks find in ours: nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
import sys
from aws_cdk import App, Environment, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lightsail as lightsail
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from cdk_nag import AwsSolutionsChecks
from cdk_lightsail_containers import (
    Container, ContainerImage, ContainerSecret, ContainerService, ContainerServiceDeployment,
    ContainerWebService, Handler, HealthCheck, ImageSource, PublicEndpoint,
)

outdir, kind, site, archive = sys.argv[1:]
app = App(outdir=outdir, context={"@aws-cdk/core:validateAgainstDefaultRules": True})
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
placed = Environment(account="111122223333", region="eu-central-1")
stack = Stack(app, "Stack", env=placed if "placed" in kind else None)
handler = None
if "vpc" in kind:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-0a0a0a0a", availability_zones=["eu-central-1a"],
        private_subnet_ids=["subnet-0a0a0a0a"],
    )
    handler = Handler(stack, "Handler", vpc=vpc)
if "named" in kind:
    service = ContainerService.from_service_name(stack, "Service", "shop")
else:
    service = lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
sources = {"digest": ImageSource.from_digest("sha256:" + "0123456789abcdef" * 4)}
if "sources" in kind:
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Named", "hub")
    other = secretsmanager.Secret.from_secret_attributes(
        stack, "Other",
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
    sources |= {
        "public": ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27", revision="1"),
        "named": ImageSource.from_registry("acme/web", credentials=secret),
        "other": ImageSource.from_registry("ghcr.io/acme/web", credentials=other),
        "own": ImageSource.from_ecr_repository(own, "1.4"),
        "foreign": ImageSource.from_ecr_repository(foreign, "sha256:" + "0123456789abcdef" * 4),
        "asset": ImageSource.from_docker_image_asset(asset),
        "site": ImageSource.from_asset(site, build_args={"VERSION": "1.4"}),
        "archive": ImageSource.from_archive(archive),
    }
for label, source in sources.items():
    image = ContainerImage(
        stack, f"Image-{label}", service=service, label=label, handler=handler, max_versions=3,
        source=source,
    )
if "deployed" in kind:
    key = kms.Key.from_key_arn(
        stack, "ParameterKey", "arn:aws:kms:eu-central-1:111122223333:key/0b0b0b0b"
    )
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name="/shop/token", encryption_key=key
    )
    named = secretsmanager.Secret.from_secret_name_v2(stack, "ShopSecret", "shop")
    web = Container(
        image=image.image_name,
        ports={80: "HTTP"},
        environment={"MODE": "live"},
        command=["serve"],
        secrets={
            "PASSWORD": ContainerSecret.from_secrets_manager(named, "password"),
            "TOKEN": parameter,
        },
    )
    ContainerServiceDeployment(
        stack, "Deployment", service=service, containers={"web": web}, handler=handler,
        public_endpoint=PublicEndpoint(container="web", port=80, health_check=HealthCheck()),
    )
    ContainerWebService(
        stack, "Site", service_name="site", port=80, handler=handler,
        source=ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27"),
        public_domain_names={"acme": ["acme.example"]},
    )
app.synth()
"""

UNACKNOWLEDGED = "Validations.acknowledge = lambda *_: None"


def synthesize(outdir: Path, kind: str, app: str) -> subprocess.CompletedProcess[str]:
    site, archive = outdir / "site", outdir / "archive"
    for folder, name in ((site, "Dockerfile"), (archive, "index.json")):
        folder.mkdir()
        (folder / name).touch()
    return subprocess.run(
        [sys.executable, "-c", app, str(outdir), kind, str(site), str(archive)],
        env={**os.environ, "CDK_VALIDATION": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "kind",
    [
        "made",
        "named",
        "named placed",
        "made vpc placed",
        "made sources",
        "named sources placed",
        "made deployed",
        "named deployed placed",
    ],
)
def test_cdk_nag_and_cfn_lint_and_the_cdk_itself_find_nothing(tmp_path: Path, kind: str) -> None:
    run = synthesize(tmp_path, kind, APP)

    report = json.loads((tmp_path / "validation-report.json").read_text())
    lint = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            "--format",
            "json",
            str(tmp_path / "Stack.template.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr
    assert violations(report) == []
    assert json.loads(lint.stdout) == []


def test_cdk_nag_would_find_what_is_acknowledged(tmp_path: Path) -> None:
    app = APP.replace("handler = None", f"handler = None\n{UNACKNOWLEDGED}")

    run = synthesize(tmp_path, "named", app)

    assert "AwsSolutions-IAM5[Resource::*]" in run.stderr
    assert "ContainerService/*]" in run.stderr
    assert "AwsSolutions-L1" in run.stderr


def violations(report: dict[str, list[dict[str, list[object]]]]) -> list[object]:
    return [violation for plugin in report["pluginReports"] for violation in plugin["violations"]]
