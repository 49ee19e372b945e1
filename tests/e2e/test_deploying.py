"""Containers that a stack deploys and waits for, with the real CDK command line."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cdk_commands import Cdk, Run
from lightsail_local.behaviour import Behaviour
from lightsail_local.sample_image import sample_image
from lightsail_local.sample_registry import SampleRegistry

pytestmark = pytest.mark.e2e

APP = "tests/e2e/deploying_app.py"
STACK = "Deploying"
PASSWORD, TOKEN = "password-that-nobody-sees", "token-that-nobody-sees"


@pytest.fixture
def registry() -> Iterator[SampleRegistry]:
    with SampleRegistry() as registry:
        yield registry


@pytest.fixture
def behaviour(cdk: Cdk) -> Iterator[Behaviour]:
    """How the cloud's Lightsail behaves; deployments are as quick as before at the end."""
    behaviour = cdk.cloud.lightsail.behaviour
    before = behaviour.deployment_seconds
    yield behaviour
    behaviour.deployment_seconds = before


def deployments(cdk: Cdk, service: str = "site") -> dict[int, str]:
    """The states of a service's deployments, by version."""
    found = cdk.client("lightsail").get_container_service_deployments(serviceName=service)
    return {one["version"]: one["state"] for one in found["deployments"]}


def running(cdk: Cdk, service: str = "site") -> Any:
    """The containers that a service runs."""
    (found,) = cdk.client("lightsail").get_container_services(serviceName=service)[
        "containerServices"
    ]
    return found["currentDeployment"]["containers"]


def output(run: Run, name: str) -> str:
    (value,) = [value for key, value in run.outputs.items() if name in key]
    return value


def calls(cdk: Cdk, operation: str) -> int:
    return sum(one.operation == operation for one in cdk.cloud.lightsail.requests)


def function_log(cdk: Cdk, until: str) -> str:
    """What the cloud's functions have logged; lines arrive there in the end."""
    logs = cdk.client("logs")
    ends = time.monotonic() + 10
    while True:
        found = "\n".join(
            event["message"]
            for group in logs.describe_log_groups()["logGroups"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        )
        if until in found or time.monotonic() > ends:
            return found
        time.sleep(0.1)


def test_a_web_service_serves_is_updated_rolled_back_and_destroyed(
    cdk: Cdk, registry: SampleRegistry, behaviour: Behaviour
) -> None:
    behaviour.deployment_seconds = 1
    began = len(cdk.cloud.lightsail.requests)
    secret = cdk.client("secretsmanager").create_secret(
        Name="site", SecretString=json.dumps({"password": PASSWORD})
    )["ARN"]
    cdk.client("ssm").put_parameter(Name="/site/token", Type="SecureString", Value=TOKEN)
    context = {"secret": secret, "parameter": "/site/token"}
    seen = []

    created = cdk.deploy(APP, image=registry.image("first"), **context)
    seen.append(created.output)
    assert output(created, "Url").startswith("https://site."), created.output
    assert output(created, "DeploymentVersion") == "1"
    assert output(created, "ImageName") == ":site.web.1"
    assert running(cdk)["web"] == {
        "image": ":site.web.1",
        "command": [],
        "environment": {"MODE": "live", "PASSWORD": PASSWORD, "TOKEN": TOKEN},
        "ports": {"80": "HTTP"},
    }

    updated = cdk.deploy(APP, image=registry.image("second"), **context)
    seen.append(updated.output)
    assert output(updated, "DeploymentVersion") == "2", updated.output
    assert deployments(cdk) == {1: "INACTIVE", 2: "ACTIVE"}
    # The image before went once nothing ran it any more.
    assert cdk.images("site") == {":site.web.2": sample_image("second").digest}

    for number, (tag, said) in enumerate(
        {
            "crash": "container 'web': Error: cannot start: crash",
            "health_check": "Failed health check), container 'web': GET / 503",
            "took_too_long": "Took too long), container 'web'",
        }.items()
    ):
        failed = cdk.deploy(APP, image=registry.image(tag), **context)
        seen.append(failed.output)
        assert failed.returncode == 1
        reason = cdk.reasons(STACK, "UPDATE_FAILED")[0]
        assert f"deployment {3 + number} of container service 'site' failed" in reason
        assert said in reason
        assert "its log is in log group " in reason
        assert cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
        assert running(cdk)["web"]["image"] == ":site.web.2"
        assert cdk.images("site") == {":site.web.2": sample_image("second").digest}
    assert deployments(cdk) == {1: "INACTIVE", 2: "ACTIVE", 3: "FAILED", 4: "FAILED", 5: "FAILED"}
    requests = [one.operation for one in cdk.cloud.lightsail.requests[began:]]
    assert requests.count("RegisterContainerImage") == 5
    assert requests.count("CreateContainerServiceDeployment") == 5

    log = function_log(cdk, '"container log"')
    assert "environment: MODE=live PASSWORD=*** TOKEN=***" in log
    seen += [log, *told_by_cloudformation(cdk)]
    requests_with_secrets = [
        one.operation
        for one in [*cdk.cloud.lightsail.requests, *cdk.cloud.lightsail.registry_requests]
        if any(text in str(one.parameters) for text in (PASSWORD, TOKEN))
    ]
    assert set(requests_with_secrets) == {"CreateContainerServiceDeployment"}
    for text in (PASSWORD, TOKEN):
        assert not [one for one in seen if text in one]

    assert cdk.destroy(APP, image="any/image:1").returncode == 0
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []


def told_by_cloudformation(cdk: Cdk) -> list[str]:
    """Everything that CloudFormation tells of the stack."""
    cloudformation = cdk.client("cloudformation")
    return [
        json.dumps(cloudformation.get_template(StackName=STACK)["TemplateBody"]),
        str(cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]),
        str(cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]),
        str(cloudformation.describe_stacks(StackName=STACK)["Stacks"]),
    ]


def test_a_first_deployment_that_fails_is_removed_and_can_be_mended(
    cdk: Cdk, registry: SampleRegistry, behaviour: Behaviour
) -> None:
    behaviour.deployment_seconds = 1

    failed = cdk.deploy(APP, image=registry.image("crash"))

    assert failed.returncode == 1
    assert "Error: cannot start: crash" in cdk.reasons(STACK, "CREATE_FAILED")[0]
    assert cdk.status(STACK) == "ROLLBACK_COMPLETE"
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []

    mended = cdk.deploy(APP, image=registry.image("first"))

    assert output(mended, "DeploymentVersion") == "1", mended.output
    assert cdk.destroy(APP, image="any/image:1").returncode == 0


def test_a_deployment_that_is_longer_than_the_function_is_handed_over_and_answered_once(
    cdk: Cdk, registry: SampleRegistry, behaviour: Behaviour
) -> None:
    behaviour.deployment_seconds = 14
    before = calls(cdk, "CreateContainerServiceDeployment")
    known = function_log(cdk, "").count('"handed over"')

    # The function stops half a minute before its end: it has some three seconds at a time.
    created = cdk.deploy(APP, image=registry.image("first"), seconds=34)

    assert output(created, "DeploymentVersion") == "1", created.output
    assert calls(cdk, "CreateContainerServiceDeployment") == before + 1
    log = function_log(cdk, '"deployed"')
    assert log.count('"handed over"') >= known + 3
    deploying = [
        json.loads(line)
        for line in log.splitlines()
        if '"resource": "SiteDeployment' in line and line.startswith("{")
    ]
    request = deploying[-1]["request"]
    steps = [line["step"] for line in deploying if line["request"] == request]
    assert steps.count("answered") == 1
    assert steps.count("deploying") == 1
    assert cdk.destroy(APP, image="any/image:1").returncode == 0


def test_two_stacks_on_one_service_wait_for_each_other(
    cdk: Cdk, shop: str, behaviour: Behaviour
) -> None:
    behaviour.deployment_seconds = 3

    both = cdk.deploy(APP, "--concurrency", "2", shared=shop)

    assert both.returncode == 0, both.output
    assert sorted(deployments(cdk, shop).values()) == ["ACTIVE", "INACTIVE"]
    assert len(running(cdk, shop)) == 1
    assert cdk.destroy(APP, shared=shop).returncode == 0


def test_the_example_of_an_existing_service_deploys_to_it(
    cdk: Cdk, shop: str, registry: SampleRegistry
) -> None:
    app = "examples/existing_service_deployment.py"

    created = cdk.deploy(app, image=registry.image("first"))

    assert created.outputs["DeploymentVersion"] == "1", created.output
    assert running(cdk, shop)["web"]["image"] == ":shop.web.1"
    assert cdk.destroy(app).returncode == 0
    # The deployment goes on, and so its image stays.
    assert list(deployments(cdk, shop).values()) == ["ACTIVE"]
    assert list(cdk.images()) == [":shop.web.1"]


def test_the_example_of_two_containers_reads_a_secret_again_with_another_revision(
    cdk: Cdk,
) -> None:
    app = "examples/two_containers.py"
    secrets, parameters = cdk.client("secretsmanager"), cdk.client("ssm")
    secrets.create_secret(Name="shop", SecretString='{"password": "before"}')
    parameters.put_parameter(Name="/shop/token", Type="SecureString", Value="of the shop")

    created = cdk.deploy(app, revision=1)
    assert created.returncode == 0, created.output
    assert running(cdk, "shop")["web"]["environment"]["PASSWORD"] == "before"
    assert running(cdk, "shop")["worker"]["environment"] == {"TOKEN": "of the shop"}

    secrets.put_secret_value(SecretId="shop", SecretString='{"password": "after"}')
    again = cdk.deploy(app, revision=2)
    assert again.returncode == 0, again.output
    assert running(cdk, "shop")["web"]["environment"]["PASSWORD"] == "after"
    assert deployments(cdk, "shop") == {1: "INACTIVE", 2: "ACTIVE"}
    assert cdk.destroy(app).returncode == 0
