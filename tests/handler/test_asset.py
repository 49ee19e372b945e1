"""The function's asset alone, under the runtime client that AWS Lambda uses."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import fake_registry
import oci_images
from cdk_commands import ROOT
from cdk_lightsail_containers._handler.asset import ENTRY_POINT
from fake_cloudformation import FakeCloudFormation
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.engine.lambda_runtime import LambdaRuntime
from lightsail_local.server import Fault, LightsailServer
from response_url import SIGNATURE, ResponseUrl, response_url
from stack_requests import STACK_ID, digest, request
from staged_asset import staged_asset

RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset as `cdk synth` stages it."""
    return staged_asset(tmp_path_factory.mktemp("assembly"))


@pytest.fixture
def lightsail() -> Iterator[LightsailServer]:
    with LightsailServer(Behaviour(missing_digest="accepted", service_seconds=0)) as server:
        yield server


@pytest.fixture
def response() -> Iterator[ResponseUrl]:
    with response_url() as received:
        yield received


@pytest.fixture
def timeout() -> int:
    """Seconds of an invocation; the function hands over half a minute before its end."""
    return 90


@pytest.fixture
def function(asset: Path, lightsail: LightsailServer, timeout: int) -> Iterator[LambdaRuntime]:
    """The function, with boto3 and awslambdaric in sight and nothing else."""
    client = boto3.client("lightsail", endpoint_url=lightsail.url)
    client.create_container_service(serviceName="shop", power="nano", scale=1)
    with (
        FakeCloudFormation(time.time).served() as cloudformation,
        LambdaRuntime(
            asset,
            ENTRY_POINT,
            python=RUNTIME,
            timeout=timeout,
            init_timeout=120,  # a busy machine takes longer for it than AWS Lambda allows
            environment={
                "AWS_ENDPOINT_URL": cloudformation.url,
                "AWS_ENDPOINT_URL_LIGHTSAIL": lightsail.url,
            },
        ) as runtime,
    ):
        cloudformation.show(STACK_ID, "UPDATE_IN_PROGRESS")
        yield runtime


def test_creates_replaces_and_deletes(function: LambdaRuntime, response: ResponseUrl) -> None:
    events = [
        request("Create", response.url),
        request("Update", response.url, PhysicalResourceId=":shop.web.1", Digest=digest(2)),
        request("Delete", response.url, PhysicalResourceId=":shop.web.1"),
        request("Delete", response.url, PhysicalResourceId=":shop.web.2", Digest=digest(2)),
    ]

    invocations = [function.invoke(event) for event in events]

    assert [invocation.error for invocation in invocations] == [None] * 4
    assert [answer["PhysicalResourceId"] for answer in response.answers] == [
        ":shop.web.1",
        ":shop.web.2",
        ":shop.web.1",
        ":shop.web.2",
    ]
    assert {answer["Status"] for answer in response.answers} == {"SUCCESS"}


def test_logs_each_step_and_no_signature(function: LambdaRuntime, response: ResponseUrl) -> None:
    response.faults = [500]
    created = function.invoke(request("Create", response.url))
    failed = function.invoke(request("Create", response.url, Label="?"))

    lines = [json.loads(line) for line in created.log.splitlines() if line.startswith("{")]
    assert [line["step"] for line in lines] == ["began", "registered", "answered"]
    # Nothing stands before a line: the CDK's command line shows it from its beginning.
    assert created.log.count('"step"') == 3
    assert "Label must be 1-53 lowercase letters" in failed.log
    assert SIGNATURE not in created.log + failed.log


def test_pushes_an_image_with_what_is_in_the_asset_alone(
    function: LambdaRuntime, response: ResponseUrl
) -> None:
    made = oci_images.multi_arch(*oci_images.layers(3, 300_000))
    with fake_registry.fake_registry() as source:
        source.add(made, "1")
        event = request(
            "Create", response.url, Digest=None, Source={"Image": f"{source.host}/web:1"}
        )

        invocation = function.invoke(event)

    assert response.answer["Status"] == "SUCCESS", response.answer
    assert response.answer["Data"]["ImageDigest"] in {one.digest for one in made.manifests}
    assert invocation.log.count('"step": "blob copied"') == 4


# A busy machine has 9 s until the call that hangs; it takes 10, so that none is left afterwards.
@pytest.mark.parametrize("timeout", [39])
def test_answers_before_its_end_when_lightsail_hangs(
    function: LambdaRuntime, lightsail: LightsailServer, response: ResponseUrl, timeout: int
) -> None:
    lightsail.faults.append(Fault(operation="GetContainerImages", kind="hang", times=100))

    invocation = function.invoke(request("Create", response.url))

    assert not invocation.timed_out
    assert response.answer["Status"] == "FAILED"
    assert "did not answer GetContainerImages" in response.answer["Reason"]
    assert invocation.seconds < timeout - 15
