"""Containers that a stack deploys with CloudFormation's API, once with the command line."""

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.cdk_program import ROOT, Ended

from cdk_commands import Cdk
from cloudformation_deploys import CloudFormationDeploys
from lightsail_local.behaviour.behaviour import Behaviour
from lightsail_local.samples.sample_image import sample_image
from lightsail_local.samples.sample_registry import SampleRegistry
from lightsail_local.server import Request
from request_watcher import RequestWatcher
from sent_bytes import SentBytes

pytestmark = pytest.mark.e2e

APP = "tests/e2e/deploying_app.py"
STACK = "Deploying"
PASSWORD, TOKEN = "password-kept-secret", "token-kept-secret"


@pytest.fixture(scope="session")
def cdk(deploys: CloudFormationDeploys) -> CloudFormationDeploys:
    """The cloud without the command line."""
    return deploys


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


def output(run: Ended, name: str) -> str:
    (value,) = [value for key, value in run.outputs.items() if name in key]
    return value


def calls(cdk: Cdk, operation: str) -> int:
    return sum(one.operation == operation for one in cdk.cloud.lightsail.requests)


def told(cdk: Cdk, run: Ended) -> dict[str, str]:
    """All that is shown of the stack, by where it is shown."""
    cloudformation = cdk.client("cloudformation")
    files = [path for path in cdk.assembly.rglob("*") if path.is_file()]
    return {
        "command line": run.output,
        "assembly": "\n".join(path.read_text(errors="replace") for path in files),
        "template": json.dumps(cloudformation.get_template(StackName=STACK)["TemplateBody"]),
        "events": str(cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]),
        "ids": str(cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]),
        "outputs": str(cloudformation.describe_stacks(StackName=STACK)["Stacks"]),
        "log": cdk.function_log(""),
    }


def forms(secret: str) -> list[str]:
    """How a secret may be written: as it is, or in the middle of something in Base64."""
    encoded = [base64.b64encode(b"x" * shift + secret.encode()) for shift in range(3)]
    return [secret, *(form[4:-4].decode() for form in encoded)]


def assert_no_secret_is_shown(cdk: Cdk, sent: SentBytes, run: Ended) -> None:
    """Search for the secrets in all that is shown, and all that the function sends."""
    lightsail = cdk.cloud.lightsail.url.removeprefix("http://")
    by_peer = sent.by_peer()
    where = told(cdk, run) | {
        peer: content.decode(errors="replace") for peer, content in by_peer.items()
    }
    # Lightsail has no other way to take one.
    assert PASSWORD in where[lightsail]
    assert TOKEN in where.pop(lightsail)
    for secret in (PASSWORD, TOKEN):
        for form in forms(secret):
            assert [place for place, text in where.items() if form in text] == []


@pytest.fixture(scope="module")
def secrets(cdk: Cdk) -> dict[str, str]:
    """Context of a secret and a parameter that exist."""
    secret = cdk.client("secretsmanager").create_secret(
        Name="site", SecretString=json.dumps({"password": PASSWORD})
    )["ARN"]
    cdk.client("ssm").put_parameter(Name="/site/token", Type="SecureString", Value=TOKEN)
    return {"secret": secret, "parameter": "/site/token"}


def test_a_web_service_serves_is_updated_rolled_back_and_destroyed(
    cdk: Cdk,
    registry: SampleRegistry,
    behaviour: Behaviour,
    secrets: dict[str, str],
    sent: SentBytes,
) -> None:
    behaviour.deployment_seconds = 1
    began = len(cdk.cloud.lightsail.requests)

    created = cdk.deploy(APP, image=registry.image("first"), **secrets)
    assert output(created, "Url").startswith("https://site."), created.output
    assert output(created, "DeploymentVersion") == "1"
    assert output(created, "ImageName") == ":site.web.1"
    assert running(cdk)["web"] == {
        "image": ":site.web.1",
        "command": [],
        "environment": {"MODE": "live", "PASSWORD": PASSWORD, "TOKEN": TOKEN},
        "ports": {"80": "HTTP"},
    }
    assert_no_secret_is_shown(cdk, sent, created)

    updated = cdk.deploy(APP, image=registry.image("second"), **secrets)
    assert output(updated, "DeploymentVersion") == "2", updated.output
    assert deployments(cdk) == {1: "INACTIVE", 2: "ACTIVE"}
    # The image before went once nothing ran it any more.
    assert cdk.images("site") == {":site.web.2": sample_image("second").digest}
    assert_no_secret_is_shown(cdk, sent, updated)

    for number, (tag, said) in enumerate(
        {
            "crash": "failed, container 'web': Error: cannot start: crash",
            "health_check": (
                "failed (health check: GET / on port 80 of container 'web', success codes "
                "200-499), container 'web': GET / 503 | [deployment:4] Failed health check"
            ),
            "took_too_long": "[deployment:5] Took too long: fix it",
        }.items()
    ):
        failed = cdk.deploy(APP, image=registry.image(tag), **secrets)
        assert failed.returncode == 1
        reason = cdk.reasons(STACK, "UPDATE_FAILED")[0]
        assert f"deployment {3 + number} of container service 'site' failed" in reason
        assert said in reason
        assert cdk.status(STACK) == "UPDATE_ROLLBACK_COMPLETE"
        assert running(cdk)["web"]["image"] == ":site.web.2"
        assert cdk.images("site") == {":site.web.2": sample_image("second").digest}
        # Programs print what they are configured with, and that is in the log that is named.
        _, _, group = reason.partition("its log is in log group ")
        lines = cdk.client("logs").filter_log_events(logGroupName=group.split()[0])["events"]
        shown = "environment: MODE=live PASSWORD=*** TOKEN=***"
        assert any(shown in line["message"] for line in lines)
        assert_no_secret_is_shown(cdk, sent, failed)
    assert deployments(cdk) == {1: "INACTIVE", 2: "ACTIVE", 3: "FAILED", 4: "FAILED", 5: "FAILED"}
    requests = [one.operation for one in cdk.cloud.lightsail.requests[began:]]
    assert requests.count("RegisterContainerImage") == 5
    assert requests.count("CreateContainerServiceDeployment") == 5

    cdk.remove()
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []


def test_a_first_deployment_that_fails_is_removed_and_can_be_fixed(
    command_line: Cdk,
    deploys: CloudFormationDeploys,
    registry: SampleRegistry,
    behaviour: Behaviour,
    secrets: dict[str, str],
    sent: SentBytes,
) -> None:
    cdk = command_line  # what it prints is searched for the secrets, too
    behaviour.deployment_seconds = 1

    failed = cdk.deploy(APP, image=registry.image("crash"), **secrets)

    assert failed.returncode == 1
    (reason, *_) = cdk.reasons(STACK, "CREATE_FAILED")
    assert "container 'web': Error: cannot start: crash, it also logged: starting | env" in reason
    assert "PASSWORD=*** TOKEN=***: fix it, deploy with --no-rollback to keep the log" in reason
    assert cdk.status(STACK) == "ROLLBACK_COMPLETE"
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []
    assert_no_secret_is_shown(cdk, sent, failed)

    fixed = deploys.deploy(APP, image=registry.image("first"))

    assert output(fixed, "DeploymentVersion") == "1", fixed.output
    deploys.remove()


def test_a_deployment_that_is_longer_than_the_function_is_handed_over_and_answered_once(
    cdk: Cdk,
    registry: SampleRegistry,
    behaviour: Behaviour,
    secrets: dict[str, str],
    sent: SentBytes,
) -> None:
    # Long enough for a busy machine, whose invocations take twice their time.
    behaviour.deployment_seconds = 24
    before = calls(cdk, "CreateContainerServiceDeployment")

    # The function stops half a minute before its end: it has some three seconds at a time.
    created = cdk.deploy(APP, image=registry.image("first"), seconds=34, **secrets)

    assert output(created, "DeploymentVersion") == "1", created.output
    assert calls(cdk, "CreateContainerServiceDeployment") == before + 1
    deploying = [
        json.loads(line)
        for line in cdk.function_log('"deployed"').splitlines()
        if '"resource": "SiteDeployment' in line and line.startswith("{")
    ]
    request = deploying[-1]["request"]
    steps = [line["step"] for line in deploying if line["request"] == request]
    assert steps.count("handed over") >= 3
    assert steps.count("deploying") == 1
    assert steps.count("answered") == 1
    engine = sent.by_peer()[cdk.cloud.endpoints.engine.removeprefix("https://")].decode()
    assert engine.count(f'"RequestId": "{request}", "LogicalResourceId"') == 1
    # What was handed over is there, too, and does not have the secrets.
    assert engine.count('"HandOver": {"Count": 3') == 1
    assert_no_secret_is_shown(cdk, sent, created)
    cdk.remove()


def test_two_stacks_that_deploy_to_one_service_at_once_take_turns(
    cdk: Cdk, shop: str, behaviour: Behaviour, watcher: RequestWatcher
) -> None:
    # So long that the second one meets the first on a busy machine, too.
    behaviour.deployment_seconds = 12
    looks = threading.Semaphore(4)  # each looks twice before it deploys
    both_looked = threading.Barrier(2, timeout=300)

    def meet(request: Request) -> None:
        """Answer neither that there is no deployment before both have asked."""
        is_look = request.operation == "GetContainerServiceDeployments"
        if is_look and looks.acquire(blocking=False):
            both_looked.wait()
        if request.operation == "CreateContainerServiceDeployment" and request.error:
            behaviour.deployment_seconds = 1  # nothing is to meet the second one

    watcher.watch = meet
    both = cdk.deploy(APP, shared=shop)
    watcher.watch = None

    assert both.returncode == 0, both.output
    assert deployments(cdk, shop) == {1: "INACTIVE", 2: "ACTIVE"}
    # The second one was refused, and waited.
    assert f'deployment 1 is in progress for service \\"{shop}\\"' in cdk.function_log(
        "in progress"
    )
    assert len(running(cdk, shop)) == 1
    cdk.remove()


def test_an_image_that_another_stack_deploys_is_updated(
    command_line: Cdk, registry: SampleRegistry
) -> None:
    for number, text in enumerate(("first", "next"), 1):
        run = command_line.deploy(APP, "--all", apart=registry.image(text))

        assert run.returncode == 0, run.output
        assert running(command_line, "apart")["web"]["image"] == f":apart.web.{number}"
    command_line.destroy()


def test_the_example_of_an_existing_service_deploys_to_it(
    cdk: Cdk, shop: str, registry: SampleRegistry
) -> None:
    app = "examples/existing_service_deployment.py"

    created = cdk.deploy(app, image=registry.image("first"))

    assert created.outputs["DeploymentVersion"] == "1", created.output
    assert running(cdk, shop)["web"]["image"] == ":shop.web.1"
    cdk.remove()
    # The deployment goes on, and so its image stays.
    assert list(deployments(cdk, shop).values()) == ["ACTIVE"]
    assert list(cdk.images()) == [":shop.web.1"]


def test_the_example_of_a_preview_has_a_service_for_each_branch(
    cdk: Cdk, registry: SampleRegistry
) -> None:
    app, image = "examples/preview.py", registry.image("first")

    created = cdk.deploy(app, branch="fix/Cart-2", image=image)

    assert created.returncode == 0, created.output
    assert running(cdk, "preview-fix-cart-2")["web"]["image"] == ":preview-fix-cart-2.web.1"
    cdk.remove()


def test_the_example_of_a_service_by_its_arn_deploys_to_it(
    cdk: Cdk, shop: str, registry: SampleRegistry
) -> None:
    app = "examples/existing_service_by_arn.py"
    lightsail = cdk.client("lightsail")
    (service,) = lightsail.get_container_services(serviceName=shop)["containerServices"]

    created = cdk.deploy(app, service_arn=service["arn"], image=registry.image("first"))

    assert created.outputs["Url"] == service["url"], created.output
    assert running(cdk, shop)["web"]["image"] == ":shop.web.1"
    assert running(cdk, shop)["web"]["environment"] == {"MODE": "live"}
    cdk.remove()
    assert list(deployments(cdk, shop).values()) == ["ACTIVE"]


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
    cdk.remove()


def test_a_stack_with_every_part_as_a_construct_deploys(
    cdk: Cdk, registry: SampleRegistry, tmp_path: Path
) -> None:
    story = (ROOT / "examples/complete.py").read_text()
    named = "public.ecr.aws/nginx/nginx:1.27"
    assert story.count(named) == 1
    app = tmp_path / "app.py"
    app.write_text(story.replace(named, registry.image("story")))
    secrets = cdk.client("secretsmanager")
    secrets.create_secret(Name="shop/database", SecretString='{"password": "of the shop"}')

    created = cdk.deploy(str(app))

    assert set(created.outputs) == {"ImageName", "ImageDigest", "Url"}, created.output
    assert created.outputs["ImageDigest"] == sample_image("story").digest
    environment = running(cdk, "shop")["web"]["environment"]
    assert environment == {"MODE": "live", "PASSWORD": "of the shop"}
    cdk.remove()
    assert cdk.client("lightsail").get_container_services()["containerServices"] == []
