import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.cloud import LocalCloud
from lightsail_local.server import Request
from patience import wait_until

from .conftest import Stacks

CDK = Path(__file__).parents[3] / "node_modules" / ".bin" / "cdk"

APP = """
import aws_cdk as cdk
from aws_cdk import aws_lightsail as lightsail

app = cdk.App()
stack = cdk.Stack(app, "Shop")
service = lightsail.CfnContainer(stack, "Service", service_name="shop", power="nano", scale=1)
cdk.CfnOutput(stack, "Arn", value=service.attr_container_arn)
app.synth()
"""


@pytest.mark.e2e
def test_carries_cdk_bootstrap_deploy_and_destroy(measured: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    shell = {**os.environ, "AWS_PROFILE": "real", "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:9"}

    with LocalCloud(Behaviour(service_seconds=0.1), environment=measured) as cloud:
        environment = cloud.endpoints.environment_within(shell)

        def cdk(*arguments: str) -> str:
            ran = subprocess.run(
                [CDK, *arguments, "--no-notices"],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            return ran.stdout + ran.stderr

        cdk("bootstrap", "aws://000000000000/us-east-1")
        deployed = cdk("deploy", "--require-approval=never", "--app", f'"{sys.executable}" app.py')
        assert "Shop.Arn = arn:aws:lightsail:us-east-1:000000000000:ContainerService/" in deployed
        synthesized = ("--app", "cdk.out")
        assert "no changes" in cdk("deploy", "--require-approval=never", *synthesized)
        cdk("destroy", "--force", *synthesized)

    operations = [request.operation for request in cloud.lightsail.requests]
    assert operations.count("CreateContainerService") == 1
    assert operations.count("DeleteContainerService") == 1


def test_plays_the_region_and_the_account_that_it_is_told() -> None:
    with LocalCloud(region="eu-central-1", account="123456789012") as cloud:
        environment = cloud.endpoints.environment()
        session = boto3.Session(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        client = session.client(
            "sts",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            verify=environment["AWS_CA_BUNDLE"],
        )
        identity = client.get_caller_identity()
        client.close()

        assert identity["Account"] == "123456789012"
        assert cloud.endpoints.region == "eu-central-1"
        assert cloud.endpoints.registry == cloud.lightsail.registry


def test_a_certificate_is_issued_once_the_engine_s_route_53_has_its_record() -> None:
    with LocalCloud(Behaviour(records_seconds=0, certificate_seconds=0)) as cloud:
        session = boto3.Session("000000000000", "local", region_name="us-east-1")
        api = session.client("lightsail", endpoint_url=cloud.lightsail.url)
        route53 = session.client(
            "route53", endpoint_url=cloud.engine.url, verify=str(cloud.engine.certificate)
        )
        with closing(api), closing(route53):
            api.create_certificate(certificateName="web", domainName="www.example.com")

            def certificate() -> Any:
                found = api.get_certificates(includeCertificateDetails=True)["certificates"]
                return found[0]["certificateDetail"]

            (domain,) = certificate()["domainValidationRecords"]
            asked = domain["resourceRecord"]
            zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")
            record = {
                "Name": asked["name"],
                "Type": "CNAME",
                "TTL": 60,
                "ResourceRecords": [{"Value": asked["value"]}],
            }
            route53.change_resource_record_sets(
                HostedZoneId=zone["HostedZone"]["Id"],
                ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
            )
            wait_until(lambda: certificate()["status"] != "PENDING_VALIDATION")

            assert certificate()["status"] == "ISSUED"


def test_a_certificate_is_imported_before_it_is_issued(tmp_path: Path) -> None:
    # Lightsail asks the engine for its record while the engine waits for Lightsail.
    with LocalCloud(Behaviour(records_seconds=0)) as cloud:
        session = boto3.Session("000000000000", "local", region_name="us-east-1")
        api = session.client("lightsail", endpoint_url=cloud.lightsail.url)
        stacks = Stacks(cloud.engine, tmp_path)
        with closing(api), closing(stacks.client):
            api.create_certificate(certificateName="web", domainName="www.example.com")
            api.get_certificates()
            stacks.service("route53").create_hosted_zone(Name="example.com", CallerReference="1")
            template = stacks.of(
                Certificate={
                    "Type": "AWS::Lightsail::Certificate",
                    "DeletionPolicy": "Retain",
                    "Properties": {"CertificateName": "web", "DomainName": "www.example.com"},
                }
            )

            status = stacks.adopt("web", template, CertificateName="web")

    assert status == "IMPORT_COMPLETE"


def test_tells_of_each_request_to_lightsail() -> None:
    requests: list[Request] = []

    with LocalCloud(on_request=requests.append) as cloud:
        session = boto3.Session("000000000000", "local", region_name="us-east-1")
        client = session.client("lightsail", endpoint_url=cloud.lightsail.url)
        client.get_container_services()
        client.close()

    assert [request.operation for request in requests] == ["GetContainerServices"]


def test_starts_nothing_if_the_engine_cannot_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cloud = LocalCloud(port=taken.getsockname()[1])

        with pytest.raises(OSError, match="in use"):
            cloud.start()

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(cloud.lightsail.url.rpartition(":")[2])))


def test_stop_is_safe_to_call_again_and_before_a_start() -> None:
    cloud = LocalCloud()

    cloud.stop()
    cloud.stop()
